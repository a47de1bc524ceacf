# SPDX-License-Identifier: Apache-2.0
"""Block, mutex and contention profiles against waits of known length (tests/programs/contention.c).

The program adds up what its threads measured around their own calls; a profile must say the same
to within what lies between two readings of a clock next to each other: a thread may be suspended
there, so that up to SLACK of a wait may be missing or too much.
"""

import unittest

import harness

SLACK = 0.1  # of the truth
LOCKS = ("mutex", "recursive", "timedlock", "mtx", "rwlock")
OTHERS = {"cond": "cond", "sem": "sem", "join": "join", "barrier": "barrier"}
WAITER = {"recursive": "wait_for_mutex"}
RELEASER = {"recursive": "release_mutex", "timedlock": "release_mutex"}


class KnownWaits(harness.TestCase):
    KINDS = "mutex,block,contention"

    def profiles(self, *arguments, **options):
        """What the program said, and its profiles by kind."""
        for file in self.dump_files():
            file.unlink()
        options.setdefault("BLOCK_RATE", "1ns")
        result = self.run_program(harness.PROGRAMS / "contention", *arguments, check=True,
                                  environment=self.agent(EXIT_PROFILES=self.KINDS, **options))
        truth = {line.split()[0]: int(line.split()[1])
                 for line in result.stdout.decode().splitlines()}
        self.assertEqual(result.stderr, b"")
        self.assertEqual(self.log_lines(), [])
        return truth, {kind: self.read(self.dump_files(kind=kind)[0])
                       for kind in self.KINDS.split(",")}

    def assert_near(self, found, truth, message=None):
        self.assertAlmostEqual(found / truth, 1, delta=SLACK, msg=message)

    def test_locks(self):
        for kind in LOCKS:
            with self.subTest(kind=kind):
                truth, found = self.profiles(kind, 100)
                waiter = WAITER.get(kind, f"wait_for_{kind}")
                releaser = RELEASER.get(kind, f"release_{kind}")
                block, mutex, pairs = (found[name] for name in ("block", "mutex", "contention"))
                # Held for 100 ms with five waiters: half a second on each side.
                self.assertGreater(truth["charged"], 5 * 100e6)
                self.assert_near(block.total("delay", waiter), truth["waited"], "block")
                self.assert_near(mutex.total("delay", releaser), truth["charged"], "mutex")
                self.assertEqual(block.total("contentions", waiter), truth["waits"])
                self.assertEqual(mutex.total("contentions", releaser), 1)
                # Nothing is charged that nobody waited for.
                self.assertLessEqual(mutex.total("delay"), block.total("delay"))
                kinds = {sample.labels["kind"] for sample in block.samples
                         if waiter in sample.functions()}
                self.assertEqual(kinds, {"rwlock" if kind == "rwlock" else "mutex"})
                self.check_pairs(pairs, waiter, releaser, mutex)

    def test_held_for_a_second_with_five_waiters(self):
        """Five seconds are lost, on either side."""
        truth, found = self.profiles("mutex", 1000, BLOCK_RATE="1ms")
        for kind, function in (("block", "wait_for_mutex"), ("mutex", "release_mutex")):
            self.assert_near(found[kind].total("delay", function), 5e9, kind)
            # The program's own clocks say so more exactly.
            side = "waited" if kind == "block" else "charged"
            self.assertAlmostEqual(found[kind].total("delay", function) / truth[side], 1, delta=0.05)

    def check_pairs(self, pairs, waiter, releaser, mutex):
        by_pair = {}
        for sample in pairs.samples:
            by_pair.setdefault(sample.labels["pair"], {})[sample.labels["role"]] = sample
        for pair in by_pair.values():
            self.assertEqual(set(pair), {"waiter", "holder"})
            self.assertEqual(pair["waiter"].values, pair["holder"].values)
            self.assertEqual(pair["waiter"].labels["object"], pair["holder"].labels["object"])
            self.assertIn(waiter, pair["waiter"].functions())
        largest = max(by_pair.values(), key=lambda pair: pair["waiter"].values[1])
        self.assertIn(releaser, largest["holder"].functions())
        self.assertEqual(pairs.total("delay"), 2 * mutex.total("delay"))

    def test_other_waits(self):
        for kind, label in OTHERS.items():
            with self.subTest(kind=kind):
                truth, found = self.profiles(kind, 50, 2)
                block = found["block"]
                function = f"wait_for_{kind}"
                self.assert_near(block.total("delay", function), truth["waited"])
                main_wait = max((sample for sample in block.samples
                                 if function in sample.functions()),
                                key=lambda sample: sample.values[1])
                self.assertEqual(main_wait.labels, {"kind": label})

    def test_sleep_and_io_by_option(self):
        for kind in ("sleep", "io"):
            with self.subTest(kind=kind):
                truth, found = self.profiles(kind, 50, 2, BLOCK_KINDS="all")
                mine = [sample for sample in found["block"].samples
                        if f"wait_for_{kind}" in sample.functions()]
                self.assert_near(sum(sample.values[1] for sample in mine), truth["waited"])
                self.assertEqual({sample.labels["kind"] for sample in mine}, {kind})
                _, found = self.profiles(kind, 10)
                self.assertFalse({sample.labels["kind"] for sample in found["block"].samples} &
                                 {"sleep", "io"})

    def test_a_fraction_is_scaled_back(self):
        """Of 200 rounds with five waiters each, 1000 contended unlocks; one of five recorded
        counts five times. The estimate has the standard deviation sqrt(1000 * (5 - 1)) = 63."""
        _, found = self.profiles("mutex", 1, 200, MUTEX_FRACTION=5)
        mutex = found["mutex"]
        self.assertAlmostEqual(mutex.total("contentions"), 1000, delta=6 * 63 + 5)
        self.assertTrue(any("mutex fraction: 5" in line for line in mutex.comments))

    def test_default_rates_record_long_waits_exactly(self):
        truth, found = self.profiles("mutex", 50, BLOCK_RATE="1ms")
        self.assert_near(found["block"].total("delay", "wait_for_mutex"), truth["waited"])
        self.assert_near(found["mutex"].total("delay", "release_mutex"), truth["charged"])

    def test_a_rate_of_zero_records_nothing(self):
        _, found = self.profiles("mutex", 10, BLOCK_RATE=0, MUTEX_FRACTION=0)
        for kind, profile in found.items():
            self.assertEqual(profile.samples, [], kind)
        _, found = self.profiles("mutex", 10, BLOCK_RATE=0)
        self.assertEqual(found["block"].samples, [])
        self.assertNotEqual(found["mutex"].samples, [])
        _, found = self.profiles("mutex", 10, MUTEX_FRACTION=0)
        self.assertNotEqual(found["block"].samples, [])
        self.assertEqual(found["mutex"].samples, [])

    def test_types_and_defaults_are_gos(self):
        _, found = self.profiles("mutex", 10)
        for profile in found.values():
            self.assertEqual(profile.sample_types, [("contentions", "count"),
                                                    ("delay", "nanoseconds")])
            self.assertEqual(profile.period_type, ("contentions", "count"))
            self.assertEqual(profile.period, 1)
            self.assertEqual(profile.default_sample_type, "")

    def test_a_storm_is_thinned_out_and_said_to_be(self):
        """Two threads that contend for a mutex without end: what the two sides say belongs
        together, although few waits are recorded one by one."""
        _, found = self.profiles("burst", 0, 300)
        block, mutex = found["block"], found["mutex"]
        waited, charged = block.total("delay"), mutex.total("delay", "release_mutex")
        self.assertGreater(charged, 0)
        # A waiter goes on waiting when the lock is free and it is not yet awake.
        self.assertLess(charged, 2 * waited)
        self.assertTrue(any("beyond 1000 samples a second" in line for line in mutex.comments))

    def test_long_holds_of_a_busy_lock_are_charged_to_the_last(self):
        """Who holds a lock that is fought for all the time is seen by looks at it
        (agent/hot/store/busy_lock.h); who holds it for long is found out every time."""
        rounds = 10
        result = self.run_program(harness.PROGRAMS / "busy_lock", 60, rounds, check=True,
                                  environment=self.agent(EXIT_PROFILES=self.KINDS))
        truth = int(result.stdout.split()[1])
        block, mutex, pairs = (self.read(self.dump_files(kind=kind)[0])
                               for kind in ("block", "mutex", "contention"))
        # To within a step of 0.4 ms for each of the waiters.
        charged = mutex.total("delay", "release_after_long")
        self.assertAlmostEqual(charged / truth, 1, delta=0.05)
        self.assertEqual(mutex.total("contentions", "release_after_long"), rounds)
        self.assertGreater(block.total("delay", "wait_for_busy"), 0.9 * truth)
        # All holds together; less where threads wait for a processor, not for the lock.
        self.assertLess(mutex.total("delay"), 1.15 * block.total("delay"))
        # And who waited for them.
        holder = {sample.labels["pair"] for sample in pairs.samples
                  if "release_after_long" in sample.functions()}
        waiter = {sample.labels["pair"] for sample in pairs.samples
                  if "wait_for_busy" in sample.functions()}
        self.assertTrue(holder & waiter)

    def test_files_at_exit(self):
        files = {kind: self.scratch / f"{kind}.pb.gz" for kind in ("block", "mutex")}
        self.run_program(harness.PROGRAMS / "contention", "mutex", 10, check=True,
                         environment=self.agent(BLOCKPROFILE=files["block"],
                                                MUTEXPROFILE=files["mutex"]))
        self.assertGreater(self.read(files["block"]).total("delay", "wait_for_mutex"), 5 * 10e6)
        self.assertGreater(self.read(files["mutex"]).total("delay", "release_mutex"), 5 * 10e6)


class Creation(harness.TestCase):
    def test_thread_creation(self):
        self.run_program(harness.PROGRAMS / "crowd", 50, check=True,
                         environment=self.agent(EXIT_PROFILES="threadcreate"))
        profile = self.read(self.dump_files(kind="threadcreate")[0])
        self.assertEqual(profile.sample_types, [("threadcreate", "count")])
        self.assertEqual(profile.total("threadcreate"), 50)
        self.assertEqual(profile.total("threadcreate", "main"), 50)


if __name__ == "__main__":
    unittest.main()
