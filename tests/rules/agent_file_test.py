# SPDX-License-Identifier: Apache-2.0
"""Checks libpprofagent.so against agent_file_rules, and each rule against a file that breaks it.

Environment: PPROFAGENT_LIBRARY, the file to check; PPROFAGENT_EXPORTS, the list of what it
exports; PPROFAGENT_VERSIONS, its version script; CC, CXX.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

import agent_file_rules as rules

LIBRARY = os.environ["PPROFAGENT_LIBRARY"]
EXPORTS = rules.read_list(pathlib.Path(os.environ["PPROFAGENT_EXPORTS"]).read_text())
VERSIONS = rules.versions_of_version_script(
    pathlib.Path(os.environ["PPROFAGENT_VERSIONS"]).read_text())


class AgentFile(unittest.TestCase):
    def test_exports_are_those_of_the_list(self):
        self.assertEqual(rules.exports(LIBRARY, EXPORTS, VERSIONS), [])

    def test_functions_that_changed_have_the_version_of_what_they_are(self):
        self.assertEqual(VERSIONS, {"pthread_cond_wait": "GLIBC_2.3.2",
                                    "pthread_cond_timedwait": "GLIBC_2.3.2",
                                    "posix_spawn": "GLIBC_2.15", "posix_spawnp": "GLIBC_2.15"})

    def test_needs_only_libc_and_loader(self):
        self.assertEqual(rules.needed(LIBRARY), [])

    def test_uses_small_static_tls_only(self):
        self.assertEqual(rules.thread_local_storage(LIBRARY), [])

    def test_has_no_text_relocations(self):
        self.assertEqual(rules.text_relocations(LIBRARY), [])

    def test_has_no_unique_symbols(self):
        self.assertEqual(rules.unique_symbols(LIBRARY), [])

    def test_is_bound_when_loaded_and_then_read_only(self):
        self.assertEqual(rules.immediate_binding(LIBRARY), [])

    def test_has_no_writable_code(self):
        self.assertEqual(rules.memory_protection(LIBRARY), [])


class BrokenFiles(unittest.TestCase):
    """Each rule must notice a library built to break it, and pass one that is built well."""

    def build(self, source, *flags, compiler=os.environ.get("CC", "cc"), suffix=".c"):
        folder = self.enter(tempfile.TemporaryDirectory())
        path = pathlib.Path(folder, "source" + suffix)
        path.write_text(source)
        library = str(path.with_suffix(".so"))
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, str(path), *flags], check=True)
        return library

    def enter(self, manager):  # unittest has its own from Python 3.11 on
        self.addCleanup(manager.__exit__, None, None, None)
        return manager.__enter__()

    def assert_breaks(self, violations, text):
        self.assertTrue(any(text in violation for violation in violations), violations)

    def test_unlisted_and_missing_exports(self):
        library = self.build("void leaked(void) {} void pprofagent_api(void) {}")
        violations = rules.exports(library, ["malloc", "pprofagent_*"], {})
        self.assert_breaks(violations, "exports leaked")
        self.assert_breaks(violations, "does not export malloc")
        self.assertEqual(len(violations), 2)

    def test_missing_and_wrong_versions(self):
        script = pathlib.Path(self.enter(tempfile.TemporaryDirectory()), "map")
        script.write_text("V1 { global: f; }; V2 { global: g; };")
        library = self.build("void f(void) {} void g(void) {} void h(void) {}",
                             f"-Wl,--version-script={script}")
        wanted = rules.versions_of_version_script(script.read_text())
        self.assertEqual(rules.exports(library, ["f", "g", "h"], wanted), [])
        violations = rules.exports(library, ["f", "g", "h"], {"g": "V1", "h": "V2"})
        self.assert_breaks(violations, "exports f as of V1")
        self.assert_breaks(violations, "exports g as of V2")
        self.assert_breaks(violations, "exports h as of no version")

    def test_foreign_library(self):
        library = self.build("double cos(double); double f(double x) { return cos(x); }", "-lm")
        self.assert_breaks(rules.needed(library), "libm.so")

    def test_dynamic_tls(self):
        library = self.build("__thread int t; int* f(void) { return &t; }")
        self.assert_breaks(rules.thread_local_storage(library), "__tls_get_addr")

    def test_descriptor_tls(self):
        library = self.build("__thread int t; int* f(void) { return &t; }", "-mtls-dialect=gnu2")
        self.assert_breaks(rules.thread_local_storage(library), "TLSDESC")

    def test_large_static_tls(self):
        library = self.build("static __thread char t[4096]; char* f(void) { return t; }",
                             "-ftls-model=initial-exec")
        self.assert_breaks(rules.thread_local_storage(library), "4096 bytes")

    def test_text_relocation(self):
        library = self.build(
            '__asm__(".text\\n.globl f\\nf: movabs $f, %rax\\nret\\n.section .note.GNU-stack\\n");',
            "-Wl,-z,notext", "-Wl,-w")
        self.assert_breaks(rules.text_relocations(library), "text relocations")

    def test_unique_symbol(self):
        library = self.build("inline int& f() { static int x; return x; } int g() { return f(); }",
                             compiler=os.environ.get("CXX", "c++"), suffix=".cc")
        self.assert_breaks(rules.unique_symbols(library), "STB_GNU_UNIQUE")

    def test_lazy_binding_without_relro(self):
        library = self.build("void g(void); void f(void) { g(); }", "-Wl,-z,lazy", "-Wl,-z,norelro")
        violations = rules.immediate_binding(library)
        self.assert_breaks(violations, "lazily")
        self.assert_breaks(violations, "RELRO")

    def test_executable_stack(self):
        library = self.build("void f(void) {}", "-Wl,-z,execstack")
        self.assert_breaks(rules.memory_protection(library), "executable stack")

    def test_writable_code(self):
        library = self.build("void f(void) {} int data = 1;", "-Wl,--omagic", "-nostdlib")
        self.assert_breaks(rules.memory_protection(library), "writable and executable")

    def test_good_library_breaks_nothing(self):
        library = self.build("static __thread int t; void* malloc(unsigned long n) "
                             "{ t++; return (void*)n; }",
                             "-ftls-model=initial-exec", "-Wl,-z,now", "-Wl,-z,relro",
                             "-fno-builtin")
        self.assertEqual(
            rules.exports(library, ["malloc"], {}) + rules.needed(library) +
            rules.thread_local_storage(library) + rules.text_relocations(library) +
            rules.unique_symbols(library) + rules.immediate_binding(library) +
            rules.memory_protection(library), [])


if __name__ == "__main__":
    unittest.main()
