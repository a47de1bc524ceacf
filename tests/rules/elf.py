# SPDX-License-Identifier: Apache-2.0
"""What the rules need to know about ELF files, asked from nm and readelf."""

import collections
import re
import subprocess

Symbol = collections.namedtuple("Symbol", "name type owner")


def _run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _symbols(*arguments):
    """Symbols as nm prints them with -A: `file:[member:][value] type name[@version]`."""
    found = []
    for line in _run("nm", "-A", *arguments).splitlines():
        match = re.match(r"(.+):(?:[0-9a-f]{8,}| +) (\S) (\S+)", line)
        if match:
            owner, kind, name = match.groups()
            found.append(Symbol(name.split("@")[0], kind, re.split("[/:]", owner)[-1]))
    return found


def undefined_symbols(path):
    return _symbols("--undefined-only", path)


def global_definitions(path):
    return _symbols("--defined-only", "--extern-only", path)


def all_definitions(path):
    return _symbols("--defined-only", path)


def dynamic_exports(path):
    return _symbols("--dynamic", "--defined-only", path)


def versioned_exports(path):
    """Pairs (name, version) of the dynamic definitions; the version is empty if there is none."""
    pairs = []
    for line in _run("nm", "--dynamic", "--defined-only", "--with-symbol-versions",
                     path).splitlines():
        name, _, version = line.split()[-1].partition("@")
        pairs.append((name, version.lstrip("@")))
    return pairs


def dynamic_imports(path):
    return _symbols("--dynamic", "--undefined-only", path)


def dynamic_section(path):
    """Pairs (tag, text) of the dynamic section."""
    pairs = []
    for line in _run("readelf", "--wide", "--dynamic", path).splitlines():
        match = re.match(r"\s*0x[0-9a-f]+ \((\w+)\)\s+(.*)", line)
        if match:
            pairs.append((match.group(1), match.group(2)))
    return pairs


def needed_libraries(path):
    return [re.search(r"\[(.*)\]", text).group(1)
            for tag, text in dynamic_section(path) if tag == "NEEDED"]


def segments(path):
    """Triples (type, flags, size in memory) of the program headers."""
    triples = []
    for line in _run("readelf", "--wide", "--segments", path).splitlines():
        match = re.match(r"\s+(\w+)\s+0x\w+ 0x\w+ 0x\w+ 0x(\w+) 0x(\w+) ([R W E]{3})", line)
        if match:
            triples.append((match.group(1), match.group(4), int(match.group(3), 16)))
    return triples


def relocation_types(path):
    types = collections.Counter()
    for line in _run("readelf", "--wide", "--relocs", path).splitlines():
        match = re.match(r"[0-9a-f]{8,}\s+[0-9a-f]+\s+(R_\w+)", line)
        if match:
            types[match.group(1)] += 1
    return types


def section_names(path):
    names = set()
    for line in _run("readelf", "--wide", "--sections", path).splitlines():
        match = re.match(r"\s+\[\s*\d+\] (\S+)", line)
        if match:
            names.add(match.group(1))
    return names
