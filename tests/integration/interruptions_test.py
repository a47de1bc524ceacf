# SPDX-License-Identifier: Apache-2.0
"""Programs that wait for signals, and calls that signals interrupt, are as they are without us."""

import signal
import unittest

import harness
import transparency_test


class Interruptions(transparency_test.Comparison):

    def cpu_variants(self):
        """Where the agent has real-time signals of its own, and sends many of them."""
        for engine in "timer", "perf":
            yield f"CPU profile by {engine}", self.agent(
                CPUPROFILE=self.scratch / "cpu.pb.gz", CPU_RATE=1000, CPU_ENGINE=engine)
        yield "everything", self.agent(
            CPUPROFILE=self.scratch / "cpu.pb.gz", CPU_RATE=4000, INTERVAL="50ms",
            EXIT_PROFILES="goroutine", HTTP=f"unix:{self.scratch}/%p.sock")

    def test_waiting_for_signals(self):
        self.check_own("signal_waits", variants=self.cpu_variants())
        self.check_own("signal_waits", only=["no options"])

    def test_calls_that_signals_end(self):
        for mode in "work", "handled":
            self.check_own("interrupted_calls", mode, variants=self.cpu_variants())
        self.check_own("interrupted_calls", "handled", only=["no options"])

    def test_calls_while_dumps_are_asked_for(self):
        """By a signal for which the program has no handler: bare it would end."""
        found = self.run_program(harness.PROGRAMS / "interrupted_calls", "signalled", check=True,
                                 environment=self.agent())
        self.assertEqual(found.stdout, b"0 calls ended early\n")
        self.assertNotEqual(self.dump_files(), [])

    def test_small_alternate_stacks(self):
        for size in 4096, 7680, 16384:
            self.check_own("alternate_stack", size, variants=self.cpu_variants())

    def test_thread_with_a_thread_pointer_of_its_own(self):
        for pointer in "own", "null":
            self.check_own("foreign_thread", pointer, variants=self.cpu_variants())
        bare = self.check_own("foreign_thread", "ended", variants=[
            ("files at the end", self.agent(EXIT_PROFILES="heap"))])
        self.assertEqual(bare.returncode, -signal.SIGTERM)
        self.assertNotEqual(self.dump_files(), [])


if __name__ == "__main__":
    unittest.main()
