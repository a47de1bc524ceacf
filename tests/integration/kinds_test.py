# SPDX-License-Identifier: Apache-2.0
"""The kinds that only native programs have: growth and wall."""

import subprocess
import unittest

import harness
import profile_reader

MEBI = 1 << 20


class NativeKinds(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.process = subprocess.Popen(
            [harness.PROGRAMS / "growth"],
            # A mebibyte is missed by all samples, or a block of three, in one run of a million.
            env=self.agent(SOCKET="on", SIGNAL_PROFILES="growth", HEAP_RATE="64k"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.assertEqual(self.process.stdout.readline(), "ready\n")
        self.socket = self.dumps / f"growth.{self.process.pid}.sock"
        harness.wait_until(self.socket.exists, "the socket")

    def get(self, path, *options):
        return subprocess.run(["curl", "-s", "--unix-socket", self.socket, *options,
                               f"http://localhost{path}"], check=True,
                              capture_output=True).stdout

    def profile(self, path):
        file = self.scratch / "profile.pb.gz"
        file.write_bytes(self.get(path))
        return profile_reader.Profile(file)

    def test_growth_is_charged_to_who_grows(self):
        profile = self.profile("/debug/pprof/growth")
        self.assertEqual(profile.sample_types, [("objects", "count"), ("space", "bytes")])
        self.assertAlmostEqual(profile.total("space", "GrowByLargeBlocks") / MEBI, 150, delta=2)
        self.assertAlmostEqual(profile.total("space", "GrowBySmallBlocks") / MEBI, 65, delta=2)
        self.assertLessEqual(profile.total("space", "UseAgain") / MEBI, 3)
        text = self.get("/pprof/growth?debug=1").decode()
        self.assertRegex(text, r"^heap profile: (\d+): (\d+) \[\1: \2\] @ growthz\n")
        self.assertIn("GrowByLargeBlocks", text)
        dumped = self.read(harness.signal_and_wait(self, self.process.pid, kind="growth"))
        self.assertEqual(dumped.total("space"), profile.total("space"))

    def test_wall_has_every_thread_all_the_time(self):
        """Each thread is there for the whole of the interval, whatever it does."""
        profile = self.profile("/debug/pprof/wall?seconds=0.5&hz=200")
        self.assertEqual(profile.sample_types, [("samples", "count"), ("wall", "nanoseconds")])
        self.assertGreaterEqual(profile.duration_nanos, 500_000_000)
        self.assertEqual(profile.total("wall"), 4 * profile.duration_nanos)
        # One that does not come to a processor is shown where it began.
        self.assertGreater(profile.total("wall", "Sleep"), profile.duration_nanos)
        self.assertGreater(profile.total("wall", "Work"), 0)
        states = {sample.labels["state"] for sample in profile.samples}
        self.assertEqual(states, {"running", "waiting"})

    def test_wall_of_one_thread(self):
        profile = self.profile(
            f"/debug/pprof/profile?event=wall&seconds=0.3&tid={self.process.pid}")
        self.assertEqual(profile.total("wall"), profile.duration_nanos)
        self.assertEqual(profile.total("wall", "main"), profile.total("wall"))

    def test_cpu_at_a_rate_of_its_own(self):
        profile = self.profile("/debug/pprof/profile?seconds=0.5&hz=500")
        self.assertEqual(profile.period, 2_000_000)
        self.assertIn("500 Hz", "\n".join(profile.comments))

    def test_wall_on_request(self):
        self.assertIn(b"\"wall\" is recorded for a length of time",
                      self.get("/control/dump", "-d", "wall"))
        self.assertIn(b"wall takes a number of seconds", self.get("/control/wall", "-d", "soon"))
        self.get("/control/wall", "-d", "1 50")
        self.assertIn(b"wall clock profiling already in use",
                      self.get("/debug/pprof/wall?seconds=1"))
        profile = self.read(self.wait_for_dumps(1, kind="wall")[0])
        self.assertEqual(profile.total("wall"), 4 * profile.duration_nanos)

    def test_options_over_http(self):
        self.assertIn(b"PPROFAGENT_SIGNAL_PROFILES=growth\n", self.get("/debug/pprof/config"))


if __name__ == "__main__":
    unittest.main()
