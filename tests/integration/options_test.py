# SPDX-License-Identifier: Apache-2.0
"""Options with values that make no sense: one clear line each, the default, and nothing else."""

import unittest

import harness

BAD_VALUES = {
    "HEAP_RATE": ["", "many", "-1", "512q", "99999999999999999999", "1.5k"],
    "CPU_RATE": ["0", "4001", "fast", "-5"],
    "STACK_DEPTH": ["0", "1025", "deep"],
    "UNWINDER": ["magic"],
    "SIGNAL": ["USR3", "99", "KILL", "-1"],
    "SIGNAL_CPU": ["NOPE"],
    "SIGNAL_PROFILES": ["heap,nonsense"],
    "EXIT_PROFILES": ["everything"],
    "INTERVAL": ["1 parsec", "-3s", "1ns"],
    "KEEP": ["0", "some"],
    "FOLLOW": ["a,,b"],
    "MEMTRACE": ["yes", "2", "1ms"],
    "LOG_LEVEL": ["chatty"],
}


class BadOptions(harness.TestCase):
    def check(self, name, value, must_name):
        log = self.scratch / "log"
        log.unlink(missing_ok=True)
        found = self.run_program(harness.PROGRAMS / "allocations",
                                 environment=self.agent(LOG=log, **{name: value}))
        self.assertEqual((found.returncode, found.stdout, found.stderr),
                         (0, b"18 blocks kept\n", b""))
        lines = log.read_text().splitlines() if log.exists() else []
        self.assertEqual(len(lines), 1, f"{name}={value!r}: {lines}")
        for text in must_name:
            self.assertIn(text, lines[0])

    def test_bad_values(self):
        for name, values in BAD_VALUES.items():
            for value in values:
                if (name, value) == ("HEAP_RATE", ""):
                    continue  # empty means not set: see test_empty_value
                with self.subTest(option=name, value=value):
                    self.check(name, value, [f"PPROFAGENT_{name}", value.rpartition(",")[2]])

    def test_unknown_name_is_answered_with_the_nearest(self):
        self.check("HEAP_RAET", "1", ["PPROFAGENT_HEAP_RAET", "PPROFAGENT_HEAP_RATE"])

    def test_default_is_taken(self):
        """With a bad rate the profile is taken at 512 KiB."""
        self.run_program(harness.PROGRAMS / "allocations", check=True,
                         environment=self.agent(HEAP_RATE="lots", EXIT_PROFILES="heap"))
        self.assertEqual(self.read(self.dump_files(kind="heap")[0]).period, 512 * 1024)

    def test_sizes_have_units(self):
        for text, rate in (("64k", 65536), ("1M", 1 << 20), ("4096", 4096)):
            for file in self.dump_files():
                file.unlink()
            self.run_program(harness.PROGRAMS / "allocations", check=True,
                             environment=self.agent(HEAP_RATE=text, EXIT_PROFILES="heap"))
            self.assertEqual(self.read(self.dump_files(kind="heap")[0]).period, rate)

    def test_only_names_the_programs(self):
        program = harness.PROGRAMS / "allocations"
        self.run_program(program, check=True,
                         environment=self.agent(EXIT_PROFILES="heap", ONLY="wait*,redis-server"))
        self.assertEqual(self.dump_files(), [])
        self.run_program(program, check=True,
                         environment=self.agent(EXIT_PROFILES="heap", ONLY="wait*,alloc?tions"))
        self.assertEqual(len(self.dump_files()), 1)

    def test_log_to_stderr_only_if_asked(self):
        found = self.run_program(harness.PROGRAMS / "allocations",
                                 environment=self.agent(LOG="stderr", KEEP="none"))
        self.assertEqual((found.returncode, found.stdout), (0, b"18 blocks kept\n"))
        self.assertIn(b"PPROFAGENT_KEEP", found.stderr)

    def test_default_log_is_beside_the_dumps(self):
        self.run_program(harness.PROGRAMS / "allocations", environment=self.agent(KEEP="none"))
        self.assertEqual(len(self.log_lines()), 1)
        self.assertRegex(next(self.dumps.glob("*.log")).name, r"^allocations\.\d+\.log$")

    def test_stack_depth(self):
        self.run_program(harness.PROGRAMS / "jumps", check=True,
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap", STACK_DEPTH=7))
        profile = self.read(self.dump_files(kind="heap")[0])
        depths = [len(sample.stack) - sample.functions().count("[truncated]")
                  for sample in profile.samples]
        self.assertEqual(max(depths), 7)


if __name__ == "__main__":
    unittest.main()
