# SPDX-License-Identifier: Apache-2.0
"""Everything at once, with every allocation recorded and 4000 CPU samples a second.

A few seconds of tests/programs/storm.cc; PPROFAGENT_STORM_SECONDS=60 makes it the long test.
"""

import os
import resource
import subprocess
import unittest

import harness

SECONDS = int(os.environ.get("PPROFAGENT_STORM_SECONDS", 3))
# A hang is killed, and then the test fails.
WATCHDOG_SECONDS = SECONDS + 2 * harness.DEADLINE_SECONDS
MOST_MEMORY_KIB = 512 * 1024


class Storm(harness.TestCase):
    def test_is_survived(self):
        # A crash should not leave a file behind here.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        cpu = self.scratch / "cpu.pb.gz"
        libraries = [harness.PROGRAMS / f"reloaded_{build}.so" for build in ("first", "second")]
        process = subprocess.Popen(
            [str(part) for part in (harness.PROGRAMS / "storm", SECONDS, *libraries)],
            env=self.agent(HEAP_RATE=1, CPU_RATE=4000, CPUPROFILE=cpu, EXIT_PROFILES="heap",
                           INTERVAL="500ms", KEEP=2),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            output, errors = process.communicate(timeout=WATCHDOG_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"the storm did not end within {WATCHDOG_SECONDS} s")
        self.assertEqual((process.returncode, output), (0, b"wrong 0\n"), errors.decode())
        counts = dict(line.split() for line in errors.decode().splitlines())
        # The program's memory: threads keep some, nothing grows with the rounds.
        self.assertLess(int(counts["in_use"]), 1 << 20, counts)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(most, MOST_MEMORY_KIB, counts)

        profile = self.read(self.dump_files(kind="heap", pid=process.pid)[-1])
        for build in ("first", "second"):
            self.assertGreater(profile.total("alloc_objects", f"{build}_build_allocates"), 0)
            self.assertEqual(profile.total("inuse_objects", f"{build}_build_allocates"), 0)
        self.assertGreater(self.read(cpu).total("cpu"), 0)


if __name__ == "__main__":
    unittest.main()
