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


def read_list(text):
    """One name or pattern a line; `#` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def versions_of_version_script(text):
    """{name: version} of the names in `global:` of the nodes of a version script."""
    text = re.sub(r"#.*", "", text)
    found = {}
    for version, body in re.findall(r"(\S+)\s*\{(.*?)\}", text, flags=re.S):
        names = re.search(r"global:(.*?)(?:local:|$)", body, flags=re.S)
        for name in names.group(1).split(";") if names else []:
            if name.strip():
                found[name.strip()] = version
    return found


def exports(path, wanted, versions):
    """`wanted` is the list, `versions` what the version script says."""
    exported = {name: version for name, version in elf.versioned_exports(path)
                if name not in versions.values()}
    violations = [f"exports {name}, which is not on the list" for name in sorted(exported)
                  if not any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)]
    violations += [f"does not export {name}, which is on the list" for name in wanted
                   if "*" not in name and name not in exported]
    violations += [f"exports {name} as of {exported[name] or 'no version'}" for name in exported
                   if exported[name] != versions.get(name, "")]
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
