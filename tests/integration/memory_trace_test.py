# SPDX-License-Identifier: Apache-2.0
"""MEMTRACE: lines on the standard error of a program, because they were asked for."""

import re
import subprocess
import unittest

import harness

MEBI = 1 << 20
LINE = re.compile(r"mem (\d+) @\d+\.\d{3}s \d+%: \+\d+-\d+ objs, (\d+)->(\d+)->(\d+) MB, "
                  r"(\d+) MB goal, \d+ MB rss, \d+ MB stacks, (\d+) MB alloc, \d+\.\d MB/s, "
                  r"\d+ P( \(forced\))?")


class MemoryTrace(harness.TestCase):
    def lines(self, talk, status=0):
        code, _, errors = talk.end(f"exit {status}")
        self.assertEqual(code, status)
        matches = [LINE.fullmatch(line) for line in errors.decode().splitlines()]
        self.assertNotIn(None, matches, errors)
        return matches

    def test_what_is_allocated_and_freed_at_once(self):
        """One line for each 16 MB, as for a Go program that throws away what it makes."""
        with self.conversation(MEMTRACE=1, HEAP_RATE=1) as talk:
            for _ in range(5):
                talk.ask("burn 30")  # a cycle takes 10 ms at least
                talk.ask("churn %d" % (16 * MEBI))
                # Until its line is out, no further cycle ends.
                line = LINE.fullmatch(talk.process.stderr.readline().decode().rstrip("\n"))
                self.assertEqual(line.group(2, 3, 4), ("0", "16", "0"))
            self.assertEqual(self.lines(talk, status=3), [])

    def test_a_program_that_grows(self):
        with self.conversation(MEMTRACE="1h") as talk:
            for _ in range(40):
                talk.ask("allocate %d" % (8 * MEBI))
                talk.ask("burn 12")
            lines = self.lines(talk)
        self.assertGreaterEqual(len(lines), 4)
        before = 0
        for line in lines:
            start, peak, end, goal = (int(line[i]) for i in range(2, 6))
            self.assertEqual(start, before, "where the line before ended")
            self.assertTrue(end >= start and peak >= end)
            self.assertEqual(goal, max(4, end))
            before = end
        self.assertGreaterEqual(before, 100)

    def test_at_the_latest_after_the_interval(self):
        with self.conversation(MEMTRACE="100ms") as talk:
            first = talk.process.stderr.readline() + talk.process.stderr.readline()
            self.assertTrue(first.startswith(b"mem 1 @"), first)

    def test_memory_given_back_on_request(self):
        with self.conversation(MEMTRACE="1h", SOCKET="on") as talk:
            socket = self.dumps / f"waiter.{talk.pid}.sock"
            harness.wait_until(socket.exists, "the socket")
            subprocess.run(["curl", "-sf", "--unix-socket", socket, "-o", "/dev/null",
                            "http://localhost/debug/pprof/heap?gc=1"], check=True)
            self.assertEqual([line[7] for line in self.lines(talk)], [" (forced)"])

    def test_a_standard_error_that_is_gone_is_left_alone(self):
        """Also if the program has another file under its number."""
        script = ("import os; os.dup2(os.open('file', os.O_CREAT | os.O_WRONLY), 2)\n"
                  "for _ in range(300): bytearray(1 << 20)")
        found = self.run_program("python3", "-c", script, environment=self.agent(MEMTRACE="1"))
        self.assertEqual(found.returncode, 0)
        self.assertEqual((self.scratch / "file").read_bytes(), b"")


if __name__ == "__main__":
    unittest.main()
