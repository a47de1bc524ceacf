# SPDX-License-Identifier: Apache-2.0
"""Rules for libpprofagent.so as a file: what every program it is loaded into can see of it.

Each rule is a function from the file to the list of its violations.
"""

import fnmatch
import re

import elf

ALLOWED_LIBRARIES = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}

# Static TLS comes out of a small reserve when a library is opened at run time.
MAX_TLS_BYTES = 256


def exports_of_version_script(text):
    """The names and patterns in `global:` of a version script."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"#.*", "", text)
    match = re.search(r"global:(.*?)(?:local:|\})", text, flags=re.S)
    return [name.strip() for name in match.group(1).split(";") if name.strip()] if match else []


def exports(path, version_script):
    wanted = exports_of_version_script(version_script)
    exported = {symbol.name for symbol in elf.dynamic_exports(path)}
    violations = [f"exports {name}, which the version script does not list"
                  for name in sorted(exported)
                  if not any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)]
    violations += [f"does not export {name}, which the version script lists"
                   for name in wanted if "*" not in name and name not in exported]
    return violations


def needed(path):
    return [f"needs {name}: only libc and the loader are everywhere"
            for name in elf.needed_libraries(path) if name not in ALLOWED_LIBRARIES]


def thread_local_storage(path):
    violations = [f"imports {symbol.name}: dynamic TLS may allocate inside malloc"
                  for symbol in elf.dynamic_imports(path)
                  if symbol.name in ("__tls_get_addr", "__tls_descriptor")]
    violations += [f"has a relocation {name}: dynamic TLS"
                   for name in sorted(elf.relocation_types(path))
                   if "DTPMOD" in name or "TLSDESC" in name]
    violations += [f"has {size} bytes of static TLS, more than {MAX_TLS_BYTES}"
                   for kind, _, size in elf.segments(path)
                   if kind == "TLS" and size > MAX_TLS_BYTES]
    return violations


def text_relocations(path):
    return ["has text relocations" for tag, text in elf.dynamic_section(path)
            if tag == "TEXTREL" or (tag == "FLAGS" and "TEXTREL" in text)]


def unique_symbols(path):
    return [f"{symbol.name} is STB_GNU_UNIQUE: it would be shared with the program's libraries"
            for symbol in elf.dynamic_exports(path) + elf.all_definitions(path)
            if symbol.type == "u"]


def immediate_binding(path):
    """Lazy binding needs kilobytes of stack in a signal handler."""
    now = any(tag in ("BIND_NOW",) or (tag in ("FLAGS", "FLAGS_1") and
                                       re.search(r"\b(BIND_)?NOW\b", text))
              for tag, text in elf.dynamic_section(path))
    violations = [] if now else ["is bound lazily: link with -z now"]
    if not any(kind == "GNU_RELRO" for kind, _, _ in elf.segments(path)):
        violations.append("has no RELRO segment")
    return violations


def memory_protection(path):
    violations = []
    for kind, flags, _ in elf.segments(path):
        if "E" in flags and kind == "GNU_STACK":
            violations.append("asks for an executable stack")
        if "E" in flags and "W" in flags and kind == "LOAD":
            violations.append("has a segment both writable and executable")
    return violations
