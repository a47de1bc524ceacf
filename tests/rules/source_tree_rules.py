# SPDX-License-Identifier: Apache-2.0
"""Rules for the source tree: what may include what, how long a file may be, what may not be in it.

The dependency order is the table of ARCHITECTURE.md: each row is a world and its folders in order,
`a` -> `b` -> `c`; a folder includes itself and the folders before it in its world, and no other
world. Where a folder sees less than that, DOORS says what, in step with the sentences under the
table.
"""

import pathlib
import re

MAX_LINES = 800
SOURCE_SUFFIXES = {".cc", ".h", ".hpp", ".c", ".py", ".sh", ".proto", ".map", ".txt", ".md", ""}
PRODUCT_FOLDERS = ("agent", "preload", "tools", "proto")
SYSTEM_FOLDERS = {"/", "/tmp", "/root", "/home", "/opt", "/srv", "/usr/src", "/var/tmp"}


# Of the folders around the second, the first may include these alone.
DOORS = {
    ("preload", "agent"): ("agent/agent.h", "agent/hot/hooks.h", "agent/hot/rt",
                           "agent/hot/unwind/registers.h"),
    ("agent/service", "agent/hot"): ("agent/hot/snapshot.h", "agent/hot/controls.h",
                                     "agent/hot/rt/raw_syscall.h"),
}


def _is_within(path, folder):
    return path == folder or path.startswith(folder + "/")


class Order:
    """The worlds: lists of folders in dependency order."""

    def __init__(self, text, doors):
        self.worlds = [re.findall(r"`([\w./-]+)`", line) for line in text.splitlines()
                       if line.startswith("|") and "→" in line]
        self.doors = doors

    def position(self, path):
        """(world, place) of the longest folder around the file, or None."""
        best, found = "", None
        for world, folders in enumerate(self.worlds):
            for place, folder in enumerate(folders):
                if _is_within(path, folder) and len(folder) > len(best):
                    best, found = folder, (world, place)
        return found

    def permits(self, includer, included):
        own, other = self.position(includer), self.position(included)
        if own == other:
            return True
        if included.startswith("proto/"):
            return True
        if other is None or own[0] != other[0] or own[1] < other[1]:
            return False
        return all(any(_is_within(included, allowed) for allowed in doors)
                   for (folder, around), doors in self.doors.items()
                   if _is_within(includer, folder) and _is_within(included, around)
                   and not _is_within(included, folder))


def read_order(root, doors=None):
    text = (pathlib.Path(root) / "ARCHITECTURE.md").read_text()
    section = re.search(r"^#+ dependency order\n(.*?)(?=^#+ |\Z)", text, flags=re.S | re.M | re.I)
    order = Order(section.group(1) if section else "", DOORS if doors is None else doors)
    if not order.worlds:
        raise ValueError("ARCHITECTURE.md has no table under `Dependency order`")
    return order


def source_files(root):
    """The files that belong to the project, as paths relative to its root."""
    root = pathlib.Path(root)
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in (".git", "build") or "__pycache__" in relative.parts:
            continue
        if path.is_file() and not path.is_symlink():
            yield relative


def includes(text):
    return re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, flags=re.M)


def include_order(root, order):
    violations = []
    for path in source_files(root):
        if path.parts[0] not in PRODUCT_FOLDERS or path.suffix not in (".cc", ".h", ".hpp", ".c"):
            continue
        name = path.as_posix()
        if order.position(name) is None:
            violations.append(f"{name} is in no folder of the dependency table")
            continue
        for included in includes((pathlib.Path(root) / path).read_text()):
            if included.partition("/")[0] not in PRODUCT_FOLDERS + ("tests",):
                continue
            if not (pathlib.Path(root) / included).is_file():
                violations.append(f"{name} includes {included}, which does not exist")
            elif not order.permits(name, included):
                violations.append(f"{name} includes {included}, which the table does not allow")
    return violations


def loader_waits(root):
    """On request nothing waits for the loader's lock: a library's constructors hold it, and a
    program may hang in one. So its interface is used at start, in the one file named here."""
    return [f"{path} calls {function}, which waits for the loader's lock"
            for path in source_files(root)
            if _is_within(path.as_posix(), "agent/service") and path.suffix in (".cc", ".h") and
            path.as_posix() != "agent/service/base/allocator.cc"
            for function in re.findall(r"\b(dl(?:v?sym|open|close|addr1?|info|_iterate_phdr))\s*\(",
                                       (pathlib.Path(root) / path).read_text())]


def file_sizes(root):
    violations = []
    for path in source_files(root):
        if path.suffix in SOURCE_SUFFIXES and path.name != "LICENSE":
            lines = (pathlib.Path(root) / path).read_bytes().count(b"\n")
            if lines > MAX_LINES:
                violations.append(f"{path} has {lines} lines, more than {MAX_LINES}")
    return violations


def file_heads(root):
    """Licence line first; a header then is guarded by `#pragma once`."""
    violations = []
    for path in source_files(root):
        if path.suffix not in (".cc", ".h", ".hpp", ".c", ".py"):
            continue
        text = (pathlib.Path(root) / path).read_text()
        if "SPDX-License-Identifier: Apache-2.0" not in "".join(text.splitlines(True)[:2]):
            violations.append(f"{path} does not begin with its licence")
        if path.suffix in (".h", ".hpp") and "#pragma once" not in text:
            violations.append(f"{path} lacks #pragma once")
    return violations


def machine_paths(root):
    """The place where somebody happened to check the project out is no business of its files.

    A folder directly below the root (`/src`, `/work`) is too short a name to be
    somebody's: examples use such names too.
    """
    root = pathlib.Path(root).resolve()
    places = {str(place) for place in (root, root.parent)
              if len(place.parts) > 2} - SYSTEM_FOLDERS
    violations = []
    for path in source_files(root):
        content = (root / path).read_bytes()
        violations += [f"{path} names {place}" for place in sorted(places)
                       if re.search(rb"(?<![\w.-])" + re.escape(place.encode()) + rb"(?![\w.-])", content)]
    return violations
