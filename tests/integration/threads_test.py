# SPDX-License-Identifier: Apache-2.0
"""The thread dump: it finds every thread and what it does, and no thread notices."""

import os
import re
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
        self.assertGreaterEqual(int(calls), 26)  # kinds, a thread in each
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


class Texts(Blocked):
    def texts(self, *forms):
        """The forms, over HTTP on the Unix socket, by number."""
        socket_path = next(self.dumps.glob("*.sock"))
        found = {}
        for form in forms:
            result = subprocess.run(
                ["curl", "-sS", "--max-time", "60", "--unix-socket", socket_path,
                 f"http://localhost/debug/pprof/goroutine?debug={form}"],
                capture_output=True, text=True, check=True)
            found[form] = result.stdout
        return found

    def start(self, *arguments):
        answer = super().start(*arguments, SOCKET="on")
        harness.wait_until(lambda: list(self.dumps.glob("*.sock")), "the socket")
        return answer

    def test_a_deadlock_is_named_with_both_stacks(self):
        _, first, second = self.start("lock")
        text = self.texts(1, 2)
        for form in (1, 2):
            self.assertIn("deadlock: 2 threads wait for each other", text[form])
            for waiter, holder in ((first, second), (second, first)):
                self.assertRegex(text[form], rf'thread {waiter} "\w+" waits for mutex '
                                             rf"0x[0-9a-f]+ held by {holder}\n")
        head, _, rest = text[2].partition("\n\n")
        for thread in rest.split("\n\n")[:2]:
            self.assertRegex(thread, r"^thread \d+ \"\w+\" \[mutex wait.*held by \d+\]:")
            self.assertIn("lock_in_order", thread)
            self.assertRegex(thread, r"created by (run_lock|main) in thread \d+")

    def test_states_of_every_call(self):
        self.start()
        text = self.texts(2)[2]
        states = dict(re.findall(r'^thread \d+ "(\w+)" \[([^,\]]+)', text, flags=re.M))
        for name, state in {
                "nanosleep": "sleep", "sleep": "sleep", "poll": "poll", "select": "select",
                "epoll_wait": "epoll wait", "recv": "io wait (recv)", "accept": "io wait (accept)",
                "read_pipe": "io wait (read)", "waitpid": "wait4", "flock": "syscall flock",
                "sem_wait": "sem wait", "join": "join", "cond_wait": "cond wait",
                "mutex_lock": "mutex wait", "rwlock_rdlock": "rwlock read wait",
                "rwlock_wrlock": "rwlock write wait", "barrier": "barrier wait"}.items():
            self.assertEqual(states.get(name), state, name)

    def test_the_forms_for_tools(self):
        self.start()
        text = self.texts(1, 3, 4)
        self.assertRegex(text[1], r"^goroutine profile: total \d+\n")
        # As in Go's, an inlined function has no offset.
        self.assertRegex(text[3], r"^goroutine \d+ \[[^]]+\]:\n(\S.*\(\.\.\.\)\n\t\S+:\d+\n)*"
                                  r"\S.*\)\n\t\S+:\d+ \+0x")
        self.assertRegex(text[4], r"^--- threadz 1 ---\n\n--- Thread [0-9a-f]+ \(name: ")


class Storm(harness.TestCase):
    """The program `dump_storm`, looked at as often as can be."""

    def start(self, *arguments):
        process = subprocess.Popen([harness.PROGRAMS / "dump_storm", *arguments],
                                   env=self.agent(SOCKET="on", BLOCK_KINDS="all"),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "begun\n")
        harness.wait_until(lambda: list(self.dumps.glob("*.sock")), "the socket")
        return process

    def get(self, page):
        result = subprocess.run(
            ["curl", "-sS", "--max-time", "60", "--unix-socket", next(self.dumps.glob("*.sock")),
             f"http://localhost/debug/pprof/{page}"], capture_output=True, check=False)
        return result.stdout

    def end(self, process):
        output, _ = process.communicate(timeout=harness.DEADLINE_SECONDS)
        self.assertEqual((process.returncode, output), (0, "wrong 0\n"))

    def test_libraries_are_unloaded_meanwhile(self):
        """Their headers and tables must not be touched: here that nearly always is a SIGSEGV."""
        libraries = [harness.PROGRAMS / f"dump_storm_{build}.so" for build in (1, 2)]
        process = self.start("unload", *libraries)
        self.get("wall?hz=1000&seconds=3")
        for _ in range(20):
            self.get("goroutine?debug=2")
        self.end(process)

    def test_a_record_that_a_longjmp_has_left_is_not_believed(self):
        process = self.start("stale")
        text = self.get("goroutine?debug=2").decode()
        busy = next(thread for thread in text.split("\n\n")
                    if thread.startswith(f"thread {process.pid} "))
        self.assertIn("[running]", busy)
        self.assertIn("be_busy", busy)
        self.end(process)


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
