# SPDX-License-Identifier: Apache-2.0
"""Programs of one thread stay what they are while the agent has threads.

Each program runs bare as well, and under the agent in whatever form gives it a thread early.
"""

import os
import pathlib
import shutil
import unittest

import harness

WITH_A_HELPER = {
    "serving": {"SOCKET": "on"},
    "writing": {"INTERVAL": "100ms", "EXIT_PROFILES": "heap"},
    "sampling": {"SOCKET": "on", "CPU_RATE": 4000, "HEAP_RATE": 1},
}


class OneThread(harness.TestCase):
    def same_as_bare(self, *command, **options):
        bare = self.run_program(*command, environment=harness.bare_environment())
        under = self.run_program(*command, environment=self.agent(**options))
        self.assertEqual((under.returncode, under.stdout, under.stderr),
                         (bare.returncode, bare.stdout, bare.stderr), options)
        return bare

    def test_handlers_fork_within_malloc(self):
        for name, options in WITH_A_HELPER.items():
            with self.subTest(name):
                bare = self.same_as_bare(harness.PROGRAMS / "handlers", "forks", 60, **options)
                self.assertEqual(bare.stdout, b"60 forks, 0 wrong\n")

    def test_a_crash_is_reported_by_a_fork(self):
        for name, options in {"default": {}, **WITH_A_HELPER}.items():
            with self.subTest(name):
                bare = self.same_as_bare(harness.PROGRAMS / "handlers", "report", **options)
                self.assertEqual(bare.returncode, 42)
                self.assertIn(b"the heap is broken\n", bare.stdout)

    def test_a_crash_ends_without_files(self):
        bare = self.same_as_bare(harness.PROGRAMS / "handlers", "end", EXIT_PROFILES="heap")
        self.assertEqual(bare.returncode, 42)

    def test_no_handlers_with_information(self):
        for options in ({}, {"EXIT_PROFILES": "heap"}):
            with self.subTest(options):
                bare = self.same_as_bare(harness.PROGRAMS / "handlers", "neither", **options)
                self.assertEqual(bare.stdout, b"USR1 ignored: 1\nTERM: 15\n")

    @unittest.skipIf(os.geteuid() != 0, "only root may set namespaces")
    def test_namespaces_after_threads(self):
        for name, options in {"default": {}, **WITH_A_HELPER}.items():
            with self.subTest(name):
                bare = self.same_as_bare(harness.PROGRAMS / "handlers", "alone", **options)
                self.assertEqual(bare.stdout.count(b"done"), 3)

    @unittest.skipIf(os.geteuid() != 0, "only root may become somebody else")
    def test_another_user_with_capabilities_kept(self):
        setpriv = shutil.which("setpriv")
        for name, options in WITH_A_HELPER.items():
            with self.subTest(name):
                bare = self.same_as_bare(setpriv, "--reuid", 1000, "--regid", 1000,
                                         "--clear-groups", "id", "-u", ONLY="setpriv", **options)
                self.assertEqual(bare.stdout, b"1000\n")

    def test_a_large_environment_on_a_little_stack(self):
        bare = self.same_as_bare(harness.PROGRAMS / "handlers", "spawn", FOLLOW="none")
        self.assertEqual(bare.stdout, b"posix_spawn: Success, 0\nvfork: 0\n")

    def test_a_default_stack_size_of_the_programs(self):
        self.same_as_bare(harness.PROGRAMS / "handlers", "default", CPU_RATE=1000,
                          CPUPROFILE=self.scratch / "cpu.pb.gz")

    def test_valgrind_is_left_alone(self):
        """Told by what it preloads."""
        library = self.scratch / "vgpreload_core-amd64-linux.so"
        shutil.copy(harness.PROGRAMS / "reloaded_first.so", library)
        preload = f"{harness.LIBRARY}:{library}"
        options = {"preload": preload, "CPUPROFILE": self.scratch / "cpu.pb.gz"}
        result = self.run_program("/bin/true", environment=self.agent(**options))
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertFalse(pathlib.Path(options["CPUPROFILE"]).exists())


if __name__ == "__main__":
    unittest.main()
