# SPDX-License-Identifier: Apache-2.0
"""FOLLOW: which programs that a program executes get the agent as well."""

import unittest

import harness

WAYS = ("execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve",
        "posix_spawn", "posix_spawnp", "vfork")


class Follow(harness.TestCase):
    def environments(self, preload=harness.LIBRARY, environment=None, **options):
        """What `env` prints, by the function that executed it."""
        run = self.run_program(harness.PROGRAMS / "follow", *WAYS,
                               environment=environment or self.agent(preload=preload, **options))
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        parts = run.stdout.decode().split("# ")
        self.assertEqual(parts.pop(), "unchanged\n")
        found = dict(part.split("\n", 1) for part in parts[1:])
        self.assertEqual(list(found), list(WAYS))
        return found

    def check(self, expected_preload, **arguments):
        """All else in the environment of the children is the parent's, in its order."""
        for way, printed in self.environments(**arguments).items():
            lines = printed.splitlines()
            preload = [line for line in lines if line.startswith("LD_PRELOAD=")]
            self.assertEqual(preload, expected_preload, way)
            given = self.agent(**{key: value for key, value in arguments.items()})
            rest = [f"{key}={value}" for key, value in given.items() if key != "LD_PRELOAD"]
            self.assertEqual([line for line in lines if not line.startswith("LD_PRELOAD=")], rest)

    def test_all(self):
        self.check([f"LD_PRELOAD={harness.LIBRARY}"])
        self.check([f"LD_PRELOAD={harness.LIBRARY}"], FOLLOW="all")

    def test_none(self):
        self.check([], FOLLOW="none")

    def test_entries_of_others_stay(self):
        libm = "libm.so.6"
        for ours, left in ((f"{libm}:{harness.LIBRARY}", libm), (f"{harness.LIBRARY} {libm}", libm),
                           (f"{libm} {harness.LIBRARY}:libdl.so.2", f"{libm} libdl.so.2")):
            self.check([f"LD_PRELOAD={left}"], preload=ours, FOLLOW="none")

    def test_by_name(self):
        self.check([f"LD_PRELOAD={harness.LIBRARY}"], FOLLOW="sleep,e?v")
        self.check([], FOLLOW="sleep,en")

    def test_where_the_agent_is_not_active_it_is_passed_on(self):
        self.check([f"LD_PRELOAD={harness.LIBRARY}"], FOLLOW="none", ONLY="other")

    def test_a_large_environment(self):
        """Beyond 64 KiB of pointers the environment is passed on as it is."""
        for count, preload in ((5000, []), (10000, [f"LD_PRELOAD={harness.LIBRARY}"])):
            given = {**self.agent(FOLLOW="none"), **{f"V{i}": "x" for i in range(count)}}
            for way, printed in self.environments(environment=given).items():
                lines = printed.splitlines()
                self.assertEqual(len(lines), len(given) - (not preload), way)
                self.assertEqual([line for line in lines if line.startswith("LD_PRELOAD=")],
                                 preload, way)

    def test_a_shells_children(self):
        run = self.run_program("sh", "-c", "env; exec env", environment=self.agent(FOLLOW="none"))
        self.assertNotIn(b"LD_PRELOAD", run.stdout)
        self.assertIn(b"PPROFAGENT_FOLLOW=none", run.stdout)


if __name__ == "__main__":
    unittest.main()
