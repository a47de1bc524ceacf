# SPDX-License-Identifier: Apache-2.0
"""CPU profiles against the clocks of the profiled program itself.

No time limit is tested: the program says how much CPU time it spent, and the profile has to say the
same. What is booked once a thread (at most a period for the last stretch of each thread) is allowed
for on top.
"""

import os
import signal
import unittest

import harness


class CpuProfiles(harness.TestCase):
    def burn(self, threads, milliseconds, repetitions=1, rate=100, kind="pthread", engine="auto"):
        path = self.scratch / "cpu.pb.gz"
        found = self.run_program(
            harness.PROGRAMS / "cpu_burner", threads, milliseconds, 20, repetitions, kind,
            check=True, environment=self.agent(CPUPROFILE=path, CPU_RATE=rate, STACK_DEPTH=64,
                                               CPU_ENGINE=engine))
        truth = {name: int(value) for name, value in
                 (line.split() for line in found.stdout.decode().splitlines())}
        return self.read(path), truth

    def check_totals(self, profile, truth, relative):
        total = profile.total("cpu")
        self.assertAlmostEqual(total / truth["total"], 1, delta=relative,
                               msg=f"{total} of {truth['total']} ns")

    def check_places(self, profile):
        """The time is in the three places that burn it, and in each of them.

        How it is shared among them is no matter of pass or fail: samples are taken at the kernel's
        tick, which on a busy machine falls in step with a loop that has a rhythm of its own, so
        they are not independent and no bound on the shares would hold. tests/bench measures that.
        """
        found = [profile.total("cpu", place) for place in ("burn_a", "burn_b", "burn_c")]
        self.assertGreater(sum(found), 0.9 * profile.total("cpu"))
        self.assertGreater(min(found), 0)

    def test_one_thread(self):
        profile, truth = self.burn(1, 2000)
        self.check_totals(profile, truth, 0.03)
        self.check_places(profile)

    def test_several_threads(self):
        profile, truth = self.burn(4, 800)
        self.check_totals(profile, truth, 0.03)
        self.check_places(profile)

    def test_rate_above_the_kernels_tick(self):
        profile, truth = self.burn(2, 1000, rate=4000)
        self.check_totals(profile, truth, 0.03)
        self.assertEqual(profile.period, 250_000)

    def test_threads_shorter_than_a_tick(self):
        profile, truth = self.burn(2, 2, repetitions=400, rate=1000)
        self.check_totals(profile, truth, 0.10)

    def test_c11_threads_shorter_than_a_tick(self):
        profile, truth = self.burn(2, 2, repetitions=400, rate=1000, kind="c11")
        self.check_totals(profile, truth, 0.10)

    def test_perf_engine(self):
        """Whether or not the kernel permits perf events here: then timers sample instead."""
        profile, truth = self.burn(2, 1000, rate=1000, engine="perf")
        self.check_totals(profile, truth, 0.03)
        self.check_places(profile)
        self.assertTrue(any("engine: perf" in comment or "perf was refused" in comment
                            for comment in profile.comments), profile.comments)

    def test_perf_engine_with_short_threads(self):
        profile, truth = self.burn(4, 20, repetitions=40, rate=4000, engine="perf")
        self.check_totals(profile, truth, 0.10)

    def test_threads_made_by_clone(self):
        """Nobody tells the agent of them; it finds them while a helper runs."""
        with self.conversation(SIGNAL_CPU="USR2") as talk:
            os.kill(talk.pid, signal.SIGUSR2)
            talk.ask("burn 50")
            # Long enough that some rounds of looking fall into it on any machine.
            talk.ask("clone 1500")
            profile = self.read(
                harness.signal_and_wait(self, talk.pid, signal.SIGUSR2, kind="cpu"))
            self.assertGreater(profile.total("cpu", "burn_in_clone"), 100_000_000)

    def test_description(self):
        profile, truth = self.burn(1, 300)
        self.assertEqual(profile.sample_types, [("samples", "count"), ("cpu", "nanoseconds")])
        self.assertEqual(profile.period_type, ("cpu", "nanoseconds"))
        self.assertEqual(profile.period, 10_000_000)
        self.assertGreaterEqual(profile.duration_nanos, 300_000_000)
        self.assertTrue(profile.time_nanos > 0)

    def test_stacks_lead_from_the_place_to_the_thread(self):
        profile, _ = self.burn(1, 1000)
        chains = [sample.functions() for sample in profile.samples]
        burning = [chain for chain in chains if chain[0] in ("burn_a", "burn_b", "burn_c")]
        self.assertGreater(len(burning), 0)
        for chain in burning:
            self.assertIn("work", chain)
            self.assertEqual(sum(1 for name in chain if name.startswith("burn_all")), 21, chain)
            self.assertFalse(any("pprofagent" in name for name in chain), chain)

    def test_by_signal(self):
        with self.conversation(SIGNAL_CPU="USR2") as talk:
            talk.ask("burn 400")
            os.kill(talk.pid, signal.SIGUSR2)
            for _ in range(5):
                talk.ask("burn 100")
            profile = self.read(
                harness.signal_and_wait(self, talk.pid, signal.SIGUSR2, kind="cpu"))
            # What was burnt before the start is not in it.
            self.assertLess(profile.total("cpu"), 700_000_000)
            self.assertGreater(profile.total("cpu", "burn_cpu"), 300_000_000)
            # A second session starts from nothing.
            os.kill(talk.pid, signal.SIGUSR2)
            talk.ask("burn 200")
            second = self.read(
                harness.signal_and_wait(self, talk.pid, signal.SIGUSR2, kind="cpu"))
            self.assertLess(second.total("cpu"), 400_000_000)

    def test_idle_threads_cost_and_count_nothing(self):
        path = self.scratch / "cpu.pb.gz"
        with self.conversation(CPUPROFILE=path) as talk:
            talk.ask("threads 30")
            talk.ask("burn 300")
            talk.end("exit 0")
        profile = self.read(path)
        self.assertGreater(profile.total("cpu", "burn_cpu"), 200_000_000)
        self.assertEqual(profile.total("cpu", "wait_for_ever"), 0)


if __name__ == "__main__":
    unittest.main()
