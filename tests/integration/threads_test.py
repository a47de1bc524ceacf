# SPDX-License-Identifier: Apache-2.0
"""The thread dump: it finds every thread and what it does, and no thread notices."""

import os
import signal
import subprocess
import unittest

import harness


class Blocked(harness.TestCase):
    """The program `blocked` under the agent."""

    def start(self, *arguments, **options):
        options.setdefault("SIGNAL_PROFILES", "threads")
        options.setdefault("KEEP", 1000)
        process = subprocess.Popen([harness.PROGRAMS / "blocked", *arguments],
                                   env=self.agent(**options), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.process = process
        return process.stdout.readline().split()

    def ask(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def dump(self, times=1):
        for _ in range(times):
            path = harness.signal_and_wait(self, self.process.pid, kind="goroutine")
        return self.read(path)


class ThreadDump(Blocked):
    def test_no_blocking_call_returns_early(self):
        """100 dumps; then each of the calls is still going on."""
        _, calls = self.start()
        profile = self.dump(100)
        self.assertEqual(self.ask(), ["0"], "calls that returned, and which")
        # One more that never ends (for join), and the main thread.
        self.assertEqual(profile.total("goroutine"), int(calls) + 2)
        self.assertEqual(profile.sample_types, [("goroutine", "count")])
        for sample in profile.samples:
            self.assertTrue({"main", "block", "wait_for_ever"} & set(sample.functions()),
                            f"a stack that does not reach its beginning: {sample.functions()}")
        for function in ("call_select", "call_recv", "call_epoll_wait", "call_read_pipe"):
            self.assertEqual(profile.total("goroutine", function), 1, function)

    def test_a_call_just_entered_is_not_ended_either(self):
        """Threads that enter and leave short calls all the time get the signal now and then."""
        self.start("short")
        self.dump(100)
        interrupted, made = map(int, self.ask())
        self.assertEqual(interrupted, 0)
        self.assertGreater(made, 0)

    def test_the_agents_own_threads_are_left_out(self):
        _, calls = self.start(INTERVAL="1h")
        profile = self.dump()
        self.assertEqual(profile.total("goroutine"), int(calls) + 2)

    def test_descriptors_of_the_program_stay_as_they_are(self):
        self.start()
        self.dump()
        before = sorted(os.listdir(f"/proc/{self.process.pid}/fd"))
        self.dump(3)
        self.assertEqual(sorted(os.listdir(f"/proc/{self.process.pid}/fd")), before)


class WhatItSays(harness.TestCase):
    def test_at_exit(self):
        with self.conversation(EXIT_PROFILES="threads", SIGNAL_PROFILES="threads") as talk:
            talk.ask("threads 5")
            waiting = lambda: self.read(harness.signal_and_wait(
                self, talk.pid, kind="goroutine")).total("goroutine", "wait_for_ever")
            harness.wait_until(lambda: waiting() == 5, "the threads to wait")
            before = len(self.dump_files(kind="goroutine"))
            self.assertEqual(talk.end("exit 0")[0], 0)
            self.assertEqual(len(self.dump_files(kind="goroutine")), before + 1)
        profile = self.read(self.wait_for_dumps(kind="goroutine")[-1])
        self.assertEqual(profile.total("goroutine", "wait_for_ever"), 5)

    def test_a_running_thread(self):
        with self.conversation(SIGNAL_PROFILES="goroutine") as talk:
            talk.send("burn 60000")
            found = lambda: self.read(harness.signal_and_wait(
                self, talk.pid, kind="goroutine")).total("goroutine", "burn_cpu")
            harness.wait_until(found, "the main thread in burn_cpu")


if __name__ == "__main__":
    unittest.main()
