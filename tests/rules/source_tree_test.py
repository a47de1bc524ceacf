# SPDX-License-Identifier: Apache-2.0
"""Checks this source tree against source_tree_rules, and the rules against small broken trees."""

import pathlib
import tempfile
import unittest

import source_tree_rules as rules

ROOT = pathlib.Path(__file__).resolve().parents[2]


class SourceTree(unittest.TestCase):
    maxDiff = None

    def test_folders_include_only_what_the_dependency_table_allows(self):
        self.assertEqual(rules.include_order(ROOT, rules.read_order(ROOT)), [])

    def test_nothing_waits_for_the_loader(self):
        self.assertEqual(rules.loader_waits(ROOT), [])

    def test_files_are_short(self):
        self.assertEqual(rules.file_sizes(ROOT), [])

    def test_files_begin_as_they_should(self):
        self.assertEqual(rules.file_heads(ROOT), [])

    def test_files_name_no_place_of_this_machine(self):
        self.assertEqual(rules.machine_paths(ROOT), [])


class BrokenTrees(unittest.TestCase):
    TABLE = ("# Tree\n## Dependency order\n| world | order |\n|---|---|\n"
             "| agent | `agent/a` → `agent/b` → `agent` |\n| tools | `tools/a` → `tools` |\n# Flows\n")

    def tree(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in files.items():
            path = pathlib.Path(folder.name, "checkout", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return pathlib.Path(folder.name, "checkout")

    def include_order(self, files, doors=None):
        root = self.tree({**files, "ARCHITECTURE.md": self.TABLE})
        return rules.include_order(root, rules.read_order(root, doors or {}))

    def test_include_upwards_is_noticed(self):
        self.assertEqual(
            self.include_order({"agent/a/x.h": '#include "agent/b/y.h"\n', "agent/b/y.h": ""}),
            ["agent/a/x.h includes agent/b/y.h, which the table does not allow"])

    def test_include_downwards_and_within_is_allowed(self):
        self.assertEqual(
            self.include_order({"agent/b/y.h": '#include "agent/a/x.h"\n#include "agent/b/z.h"\n',
                                "agent/b/z.h": '#include <agent/b/none.h>\n', "agent/a/x.h": "",
                                "agent/agent.cc": '#include "agent/b/sub/s.h"\n',
                                "agent/b/sub/s.h": '#include "agent/b/y.h"\n'}),
            [])

    def test_include_of_another_world_and_of_tests_is_noticed(self):
        self.assertEqual(
            len(self.include_order({"tools/x.cc": '# include "tests/t.h"\n#include "agent/a/x.h"\n',
                                    "tests/t.h": "", "agent/a/x.h": ""})), 2)

    def test_missing_file_and_unlisted_folder_are_noticed(self):
        self.assertEqual(
            self.include_order({"agent/a/x.h": '#include "agent/a/gone.h"\n', "preload/x.cc": ""}),
            ["agent/a/x.h includes agent/a/gone.h, which does not exist",
             "preload/x.cc is in no folder of the dependency table"])

    def test_missing_table_is_noticed(self):
        with self.assertRaises(ValueError):
            rules.read_order(self.tree({"ARCHITECTURE.md": "# Something else\n"}))

    def test_door_is_narrower_than_its_folder(self):
        doors = {("agent/b", "agent/a"): ("agent/a/door.h",)}
        files = {"agent/a/door.h": '#include "agent/a/x.h"\n', "agent/a/x.h": "",
                 "agent/b/y.cc": '#include "agent/a/door.h"\n'}
        self.assertEqual(self.include_order(files, doors), [])
        files["agent/b/y.cc"] = '#include "agent/a/x.h"\n'
        self.assertEqual(len(self.include_order(files, doors)), 1)

    def test_use_of_the_loader_is_noticed(self):
        call = 'void* f = dlsym(RTLD_DEFAULT, "f");\n'
        root = self.tree({"agent/service/x.cc": call, "agent/agent.cc": call,
                          "agent/service/base/allocator.cc": call})
        self.assertEqual(rules.loader_waits(root), [
            "agent/service/x.cc calls dlsym, which waits for the loader's lock"])

    def test_long_file_is_noticed(self):
        root = self.tree({"a.cc": "\n" * 801, "b.cc": "\n" * 800})
        self.assertEqual(rules.file_sizes(root), ["a.cc has 801 lines, more than 800"])

    def test_missing_licence_and_guard_are_noticed(self):
        root = self.tree({"a.h": "int x;\n", "b.cc": "// SPDX-License-Identifier: Apache-2.0\n"})
        self.assertEqual(rules.file_heads(root),
                         ["a.h does not begin with its licence", "a.h lacks #pragma once"])

    def test_machine_path_is_noticed(self):
        root = self.tree({"a.txt": "harmless /tmp/pprofagent-1000 and relative/checkout"})
        self.assertEqual(rules.machine_paths(root), [])
        (root / "a.txt").write_text(f"built in {root.resolve()}/build")
        self.assertEqual(rules.machine_paths(root),
                         [f"a.txt names {place}" for place in (root.parent.resolve(), root.resolve())])
        (root / "a.txt").write_text(f"an example: /x{root.resolve()}/build")
        self.assertEqual(rules.machine_paths(root), [])


if __name__ == "__main__":
    unittest.main()
