# SPDX-License-Identifier: Apache-2.0
"""Rules for the object files of hot code: what they may call and what they must not contain.

A call of malloc, of a lock or of the C++ runtime shows in the object as an undefined symbol, so the
list of symbols that hot code may use (agent/hot/allowed_symbols.txt) is the hot rule in writing.
"""

import fnmatch
import re

import elf


def read_allowed_symbols(text):
    """One name or pattern a line; `#` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def undefined_symbols(files, allowed):
    """Symbols that no hot object defines and the list does not allow."""
    defined = {symbol.name for path in files for symbol in elf.global_definitions(path)}
    violations = set()
    for path in files:
        for symbol in elf.undefined_symbols(path):
            if symbol.name in defined:
                continue
            if not any(fnmatch.fnmatchcase(symbol.name, pattern) for pattern in allowed):
                violations.add(f"{symbol.owner} uses {symbol.name}")
    return sorted(violations)


def unused_permissions(files, allowed):
    """Lines of the list that nothing needs any more."""
    used = {symbol.name for path in files for symbol in elf.undefined_symbols(path)}
    return [f"{pattern} is allowed but nothing uses it" for pattern in allowed
            if not any(fnmatch.fnmatchcase(name, pattern) for name in used)]


def static_initialisers(path):
    """State is initialised by the compiler: it is used before any constructor has run."""
    return sorted({f"{path.rpartition('/')[2]} has a section {name}"
                   for name in elf.section_names(path)
                   if re.match(r"\.(init_array|ctors|preinit_array)", name)})


def function_local_guards(files):
    return sorted({f"{symbol.owner} has the guard {symbol.name}: a static initialised when first used"
                   for path in files for symbol in elf.all_definitions(path)
                   if symbol.name.startswith("_ZGV")})
