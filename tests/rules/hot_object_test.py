# SPDX-License-Identifier: Apache-2.0
"""Checks the objects of hot code against hot_object_rules, and the rules against broken objects.

Environment: PPROFAGENT_HOT_OBJECTS, files separated by semicolons; PPROFAGENT_SERVICE_OBJECTS, an
archive; PPROFAGENT_ALLOWED_SYMBOLS; CXX.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

import hot_object_rules as rules

FILES = os.environ["PPROFAGENT_HOT_OBJECTS"].split(";")
ALLOWED = rules.read_allowed_symbols(
    pathlib.Path(os.environ["PPROFAGENT_ALLOWED_SYMBOLS"]).read_text())


class HotObjects(unittest.TestCase):
    def test_there_are_objects_to_check(self):
        self.assertGreater(len(FILES), 3)
        for path in FILES:
            self.assertTrue(pathlib.Path(path).is_file(), path)

    def test_use_only_allowed_symbols(self):
        self.assertEqual(rules.undefined_symbols(FILES, ALLOWED), [])

    def test_the_list_allows_no_more_than_is_used(self):
        self.assertEqual(rules.unused_permissions(FILES, ALLOWED), [])

    def test_have_no_static_initialisers(self):
        # The one constructor of the agent is preload/constructor.cc.
        objects = [path for path in FILES if not path.endswith("/constructor.cc.o")]
        self.assertEqual([text for path in objects for text in rules.static_initialisers(path)], [])

    def test_service_code_has_no_static_initialisers_either(self):
        # The helper thread may run before constructors that come after the agent's.
        archive = os.environ["PPROFAGENT_SERVICE_OBJECTS"]
        self.assertIn(".text", rules.elf.section_names(archive))
        self.assertEqual(rules.static_initialisers(archive), [])

    def test_have_no_lazily_initialised_statics(self):
        self.assertEqual(rules.function_local_guards(FILES), [])


class BrokenObjects(unittest.TestCase):
    def compile(self, source):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "broken.cc")
        path.write_text(source)
        subprocess.run([os.environ.get("CXX", "c++"), "-O1", "-c", str(path), "-o",
                        str(path) + ".o"], check=True)
        return str(path) + ".o"

    def test_allocation_is_noticed(self):
        path = self.compile("void* f() { return new int[7]; }")
        self.assertEqual(rules.undefined_symbols([path], ["memcpy"]), ["broken.cc.o uses _Znam"])

    def test_allowed_symbol_and_own_definition_are_not(self):
        path = self.compile("void g(); void h() {} void f() { g(); h(); }")
        self.assertEqual(rules.undefined_symbols([path], ["_Z1?v"]), [])
        other = self.compile("void g() {}")
        self.assertEqual(rules.undefined_symbols([path, other], []), [])

    def test_superfluous_permission_is_noticed(self):
        path = self.compile("void f() {}")
        self.assertEqual(rules.unused_permissions([path], ["malloc"]),
                         ["malloc is allowed but nothing uses it"])

    def test_static_constructor_is_noticed(self):
        path = self.compile("int g(); int x = g();")
        self.assertEqual(len(rules.static_initialisers(path)), 1)

    def test_lazy_static_is_noticed(self):
        path = self.compile("int g(); int f() { static int x = g(); return x; }")
        self.assertEqual(len(rules.function_local_guards([path])), 1)


if __name__ == "__main__":
    unittest.main()
