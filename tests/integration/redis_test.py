# SPDX-License-Identifier: Apache-2.0
"""A server nobody here compiled, under load: it works on, and its profiles tell the truth."""

import os
import re
import signal
import subprocess
import unittest

import harness


class RedisServer(harness.TestCase):
    def start(self, **options):
        self.socket = self.scratch / "redis.sock"
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "",
             "--daemonize", "no", "--logfile", self.scratch / "redis.log", "--dir", self.scratch],
            env=self.agent(**options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.stop)
        harness.wait_until(lambda: self.client("ping") == "PONG\n", "redis-server")

    def stop(self):
        self.server.kill()
        self.server.communicate()

    def client(self, *arguments):
        return subprocess.run(["redis-cli", "-s", self.socket, *arguments], capture_output=True,
                              text=True).stdout

    def benchmark(self, *arguments):
        subprocess.run(["redis-benchmark", "-s", self.socket, "-q", "-P", "16", *arguments],
                       check=True, capture_output=True)

    def used_memory(self):
        return int(re.search(r"^used_memory:(\d+)", self.client("info", "memory"), re.M).group(1))

    def test_heap_in_use_agrees_with_the_server(self):
        """INFO's used_memory grows by what the profile's in-use bytes grow by.

        redis counts malloc_usable_size, the profile what was asked for, which is up to 15 % less
        for blocks of this size; the sampling error at 16 KiB is far below that."""
        self.start(HEAP_RATE="16k")
        before_info = self.used_memory()
        before = self.read(harness.signal_and_wait(self, self.server.pid)).total("inuse_space")
        self.benchmark("-t", "set", "-n", "200000", "-r", "100000", "-d", "300")
        after_info = self.used_memory()
        after = self.read(harness.signal_and_wait(self, self.server.pid)).total("inuse_space")
        ratio = (after - before) / (after_info - before_info)
        self.assertGreater(after_info - before_info, 20_000_000)
        self.assertGreater(ratio, 0.80)
        self.assertLess(ratio, 1.05)

    def test_profiles_under_load_and_clean_end(self):
        self.start(HEAP_RATE="4k", CPU_RATE=1000, SIGNAL_CPU="USR2")
        os.kill(self.server.pid, signal.SIGUSR2)
        for _ in range(5):
            self.benchmark("-n", "20000", "-r", "1000", "-t", "set,get,lpush,lpop,sadd,hset,zadd")
            harness.signal_and_wait(self, self.server.pid)
        profile = self.read(
            harness.signal_and_wait(self, self.server.pid, signal.SIGUSR2, kind="cpu"))
        functions = {name for sample in profile.samples for name in sample.functions()}
        # redis-server exports its functions for its modules.
        self.assertLessEqual({"aeMain", "main", "processCommand"}, functions)
        whole = sum(sample.values[1] for sample in profile.samples if "main" in sample.functions())
        self.assertGreater(whole, 0.8 * profile.total("cpu"))
        self.client("shutdown", "nosave")
        output, errors = self.server.communicate(timeout=harness.DEADLINE_SECONDS)
        self.assertEqual((self.server.returncode, output, errors), (0, b"", b""))
        self.assertEqual(self.log_lines(), [])

    def test_saving_in_a_child_works(self):
        self.start(HEAP_RATE="16k", EXIT_PROFILES="heap")
        self.benchmark("-t", "set", "-n", "20000", "-r", "20000")
        self.assertEqual(self.client("save"), "OK\n")
        self.assertIn("started", self.client("bgsave"))
        harness.wait_until(lambda: "rdb_bgsave_in_progress:0" in self.client("info", "persistence"),
                           "the child")
        self.assertIn("rdb_last_bgsave_status:ok", self.client("info", "persistence"))


if __name__ == "__main__":
    unittest.main()
