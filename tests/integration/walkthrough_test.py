# SPDX-License-Identifier: Apache-2.0
"""What tests/programs/README.md walks a newcomer through: each program, asked as it says there.

The numbers are those of Go's practice, natively: how much a program allocates, waits or leaves
behind is known, and the commands are the documented ones, by HTTP and with cpprof.
"""

import csv
import io
import os
import re
import subprocess
import unittest

import harness

CPPROF = os.environ["CPPROF"]
MEBIBYTE = 1 << 20


class Row:
    def __init__(self, fields):
        self.name = fields["name"]
        self.flat, self.cum = int(fields["flat"]), int(fields["cum"])
        self.flat_percent = float(fields["flat_percent"])
        self.cum_percent = float(fields["cum_percent"])


class Walkthrough(harness.TestCase):
    def environment(self):
        return {**harness.bare_environment(), "HOME": str(self.scratch),
                "CPPROF_SYMBOL_CACHE": str(self.scratch / "symbols")}

    def cpprof(self, *arguments):
        result = self.run_program(CPPROF, *arguments, environment=self.environment())
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return result.stdout.decode()

    def top(self, *arguments):
        """Rows by name, in their order."""
        table = csv.DictReader(io.StringIO(self.cpprof("-csv", *arguments)))
        return {row["name"]: Row(row) for row in table}

    def listed(self, function, *arguments):
        """The lines of the source with a number before them: [(flat, cum, text)]."""
        text = self.cpprof(f"-list={function}", *arguments)
        lines = re.findall(r"^ *(\S+) +(\S+) +\d+:(.*)$", text, re.M)
        return [line for line in lines if line[:2] != (".", ".")]

    def start(self, program, *arguments, **options):
        """The program, served on a port; returns the URL."""
        log = self.scratch / "agent.log"
        self.process = subprocess.Popen(
            [str(part) for part in (harness.PROGRAMS / program, *arguments)],
            env=self.agent(HTTP="127.0.0.1:0", LOG=log, LOG_LEVEL="info", **options),
            stdout=subprocess.DEVNULL)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        port = harness.wait_until(
            lambda: log.exists() and
            re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()), "the port")[1]
        self.url = f"http://127.0.0.1:{port}/debug/pprof"

    def finish(self, program, *arguments, **options):
        """Runs it to its end; returns the files written there, by kind."""
        result = self.run_program(harness.PROGRAMS / program, *arguments, check=True,
                                  environment=self.agent(**options))
        self.assertEqual((result.stderr, self.log_lines()), (b"", []))
        return {harness.FILE_NAME.fullmatch(path.name)["kind"]: path for path in self.dump_files()}

    def fetch(self, name, path):
        self.run_program("curl", "-sSf", "-o", self.scratch / name, f"{self.url}/{path}", check=True)
        return self.scratch / name

    def text(self, path):
        return self.run_program("curl", "-sSf", f"{self.url}/{path}", check=True).stdout.decode()


class Animals(Walkthrough):
    def heap(self, animal, **options):
        """What is there after a first round of one animal, while main sleeps."""
        self.start("animals", 0, 600_000, animal, **options)
        harness.wait_until(lambda: "[sleep" in self.text("goroutine?debug=2"), "the end of a round")
        return self.fetch("heap", "heap")

    def test_tiger_eats_processor_time(self):
        self.start("animals", 0, 200, "tiger", "cat", "dog", "wolf")
        profile = self.fetch("cpu", "profile?seconds=2")
        shown = self.cpprof("-top", profile)
        self.assertRegex(shown, r"(?m)^Type: cpu$")
        self.assertRegex(shown, r"(?m)^Duration: 2(\.\d+)?s, Total samples = ")
        rows = self.top("-top", profile)
        eat = next(iter(rows.values()))
        self.assertEqual(eat.name, "animals::tiger::Eat")
        self.assertGreater(eat.flat_percent, 90)
        self.assertGreater(rows["main"].cum_percent, 99)
        [(flat, cum, line)] = [line for line in self.listed("tiger::Eat", profile)
                               if line[0] != "."]
        self.assertEqual(flat, cum)
        self.assertIn("for (int64_t i = 0; i < turns; ++i)", line)

    def test_mouse_steals_memory(self):
        # 768 blocks of 1 MiB, each seen with probability 1 - 1/e^2 = 0.865: the estimate's
        # standard deviation is 1.4 % (sqrt(768 * 0.135 / 0.865) blocks of 768), so 6 of them.
        sampled = self.heap("mouse")
        steal = self.top("-top", "-sample_index=inuse_space", sampled)["animals::mouse::Steal"]
        self.assertAlmostEqual(steal.cum / (768 * MEBIBYTE), 1, delta=6 * 0.0143)
        self.assertGreater(steal.cum_percent, 99)
        lines = [line[2].strip() for line in self.listed("Steal", sampled)]
        self.assertIn("while (hole.size() < kPieces) hole.emplace_back(new char[kBytes]);", lines)
        # The vector's own 6 KiB are seen once in 85 times.
        self.assertLessEqual(set(lines) - {"hole.reserve(kPieces);"}, set(lines[-1:]))

    def test_mouse_steals_exactly_so_much(self):
        exact = self.heap("mouse", HEAP_RATE=1)
        for kind, expected in (("inuse_space", 768 * MEBIBYTE), ("alloc_space", 768 * MEBIBYTE),
                               ("inuse_objects", 768)):
            steal = self.top("-top", f"-sample_index={kind}", exact)["animals::mouse::Steal"]
            beside = 769 * 8 if kind.endswith("space") else 1  # the vector's own memory
            self.assertIn(steal.cum - expected, range(beside + 1), kind)

    def test_hamster_hoards_in_one_block_that_doubles(self):
        exact = self.heap("hamster", HEAP_RATE=1)
        block = 64 * MEBIBYTE  # 1024 places of 64 KiB; before it half of it, a quarter, and so on
        for kind, expected in (("inuse_space", block), ("inuse_objects", 1),
                               ("alloc_space", 2 * block - (64 << 10)), ("alloc_objects", 11)):
            hoard = self.top("-top", f"-sample_index={kind}", exact)["animals::hamster::Hoard"]
            self.assertEqual(hoard.cum, expected, kind)

    def test_dog_gives_back_all_it_takes(self):
        rounds = 20
        path = self.finish("animals", rounds, 1, "dog", EXIT_PROFILES="allocs")["allocs"]
        # Of 16 MiB one misses nothing: 32 times the mean distance between samples.
        run = self.top("-top", path)["animals::dog::Run"]
        self.assertEqual((run.flat, run.cum), (rounds * 16 * MEBIBYTE,) * 2)
        in_use = self.top("-top", "-sample_index=inuse_space", path)
        self.assertEqual(in_use.get("animals::dog::Run", Row(
            dict(name="", flat=0, cum=0, flat_percent=0, cum_percent=0))).cum, 0)

    def test_wolf_leaves_threads_behind_that_drink(self):
        self.start("animals", 0, 600_000, "wolf")
        def dump():
            rows = self.top("-top", self.fetch("goroutine", "goroutine"))
            # Beside ten that drink waits one that howls, and main for it. Of libc's functions
            # only the exported ones have names everywhere.
            count = lambda name: sum(row.cum for row in rows.values() if row.name.endswith(name))
            return count("clock_nanosleep") == 11 and count("pthread_mutex_lock") > 0 and rows
        rows = harness.wait_until(dump, "twelve threads that wait")
        self.assertEqual(rows["animals::wolf::(anonymous namespace)::DrinkSlowly"].cum, 10)
        self.assertEqual(sum(row.flat for row in rows.values()), 12)
        [sleeping] = [row for row in rows.values() if row.name.endswith("clock_nanosleep")]
        self.assertEqual(sleeping.flat, 11)
        [(_, cum, line)] = self.listed("DrinkSlowly", self.scratch / "goroutine")
        self.assertEqual(cum, "10")
        self.assertIn("std::this_thread::sleep_for(30 * moment);", line)

        grouped = self.text("goroutine?debug=1")
        self.assertRegex(grouped, r"^goroutine profile: total 12\n(.*\n)*?10 @( 0x[0-9a-f]+)+\n"
                                  r'# names: "animals" x10\n# state: 10 sleep\n')
        full = self.text("goroutine?debug=2")
        threads = re.findall(r"^thread \d+ \"animals\" \[sleep(?:, \d+ seconds?)?\]:\n((?:.+\n)+)",
                             full, re.M)
        drinkers = [stack for stack in threads if "DrinkSlowly" in stack]
        self.assertEqual(len(drinkers), 10)
        for stack in drinkers:
            self.assertRegex(stack, r"^clock_nanosleep\n(.*\n)*"
                                    rf"created by animals::wolf::Drink\(.*\) in thread {self.process.pid}\n")

    def test_wolf_howls_alone_and_cat_waits_for_nothing(self):
        rounds, moment = 3, 100e6
        files = self.finish("animals", rounds, int(moment / 1e6), "wolf", "cat",
                            EXIT_PROFILES="mutex,block", BLOCK_RATE="1ns")
        # Lost at the unlock; main may come to the lock a little after it is held. Next to
        # nothing is lost where main is told that it is held, if anything.
        heaviest = max(self.listed("HowlFirst", "-unit=ns", files["mutex"]),
                       key=lambda line: float(line[1].removesuffix("ns")))
        self.assertEqual(heaviest[2].strip(), "pack->howling.unlock();")
        lost = self.top("-top", files["mutex"])["animals::wolf::(anonymous namespace)::HowlFirst"]
        self.assertAlmostEqual(lost.cum / (rounds * moment), 1, delta=0.1)
        self.assertGreater(lost.cum_percent, 99)
        times = self.top("-top", "-sample_index=contentions", "-focus=HowlFirst", files["mutex"])
        self.assertIn(times["animals::wolf::(anonymous namespace)::HowlFirst"].cum,
                      range(rounds, 2 * rounds + 1))
        # Waited for at the lock, and by the cat.
        waits = self.top("-top", "-focus=Howl$|Pee", files["block"])
        self.assertAlmostEqual(waits["animals::cat::Pee"].cum / (rounds * moment), 1, delta=0.2)
        self.assertGreaterEqual(waits["animals::cat::Pee"].cum, rounds * moment)
        locks = self.top("-top", "-tagfocus=kind=mutex", "-focus=Howl$", files["block"])
        self.assertAlmostEqual(locks["animals::wolf::Howl"].cum / (rounds * moment), 1, delta=0.1)
        longest = max(self.listed("wolf::Howl$", "-unit=ns", files["block"]),
                      key=lambda line: float(line[1].removesuffix("ns")))
        self.assertEqual(longest[2].strip(), "pack.howling.lock();")


class Locks(Walkthrough):
    def test_a_crowd_at_one_mutex(self):
        """Of 999 threads at one mutex, all that is lost is lost at one line, on either side."""
        files = self.finish("crowd", EXIT_PROFILES="mutex,block", BLOCK_RATE="1ns")
        mutex = self.top("-top", files["mutex"])
        block = self.top("-top", "-tagfocus=kind=mutex", files["block"])
        unlocks = [mutex[name].cum for name in ("(anonymous namespace)::Enter",
                                                "(anonymous namespace)::LetThemIn")
                   if name in mutex]
        total = lambda rows: sum(row.flat for row in rows.values())
        self.assertGreater(total(mutex), 0)
        self.assertEqual(sum(unlocks), total(mutex))
        self.assertGreater(block["(anonymous namespace)::Enter"].cum, 0.99 * total(block))
        self.assertGreaterEqual(total(block), total(mutex))


class Leak(Walkthrough):
    def count(self, name):
        return self.top("-top", self.fetch(name, "goroutine")).get(
            "(anonymous namespace)::Alloc", Row(
                dict(name="", flat=0, cum=0, flat_percent=0, cum_percent=0))).cum

    def difference(self):
        return self.cpprof("-top", "-base", self.scratch / "before", self.scratch / "after")

    def test_what_came_since_is_what_leaks(self):
        self.start("thread_leak")
        before = harness.wait_until(lambda: self.count("before"), "a thread that waits")
        # main may be making a thread in one of the two, or a thread be on its way to Alloc, and
        # then that stack is in the difference too.
        def only_those_that_wait():
            if self.count("after") <= before + 20 or "thread_leak" not in self.difference():
                return None
            rows = self.top("-top", "-base", self.scratch / "before", self.scratch / "after")
            alloc = rows.get("(anonymous namespace)::Alloc")
            return alloc and alloc.cum == sum(abs(row.flat) for row in rows.values()) and rows
        grown = harness.wait_until(only_those_that_wait, "twenty threads more")
        after = self.top("-top", self.scratch / "after")["(anonymous namespace)::Alloc"].cum
        alloc = grown["(anonymous namespace)::Alloc"]
        self.assertEqual(alloc.cum, after - before)
        self.assertTrue(any(row.name.endswith("pthread_cond_wait") and row.cum == alloc.cum
                            for row in grown.values()), list(grown))
        # Beside the line that calls, the line may be there of what the compiler put in its place.
        lines = self.listed("::Alloc", "-base", self.scratch / "before", self.scratch / "after")
        self.assertIn(str(alloc.cum), [cum for _, cum, line in lines if "queue.Put(" in line])

    def test_repaired_nothing_is_left(self):
        self.start("thread_leak", "repaired")
        harness.wait_until(
            lambda: (self.count("before"), self.count("after")) and
            "Showing nodes accounting for 0, 0% of 0 total" in self.difference(),
            "two dumps that are the same")
        made = self.text("threadcreate?debug=1")
        self.assertRegex(made, r"threadcreate profile: total \d+")

    def test_texts_have_frames_for_inlined_functions(self):
        """So that the line of `Alloc` is one of its own, and not of the queue inlined in it."""
        self.start("thread_leak")
        harness.wait_until(lambda: self.count("before"), "a thread that waits")
        full = self.text("threads?debug=2")
        self.assertRegex(full, r"\S.*\(\.\.\.\)\n\t/\S+:\d+\n(.+\n\t.+\n)*"
                               r"\(anonymous namespace\)::Alloc\(.*\n\t\S+/thread_leak.cc:\d+ \+0x")
        grouped = self.text("threads?debug=1")
        self.assertRegex(grouped, r"#\t0x[0-9a-f]+\t\S.*\(\.\.\.\)\t+\S+:\d+\n")


class Memory(Walkthrough):
    ADD, LOG = "(anonymous namespace)::Add", "(anonymous namespace)::Log"

    def test_a_server_that_forgets_nothing(self):
        self.start("append_server", 100, HEAP_RATE="4k")
        for kind in ("inuse_space", "alloc_objects"):
            def share():
                rows = self.top("-top", f"-sample_index={kind}", self.fetch("heap", "heap"))
                return self.ADD in rows and rows[self.ADD].cum_percent
            harness.wait_until(lambda: share() > 95, f"nearly all {kind} in Add")
        lines = self.listed("::Add", "-sample_index=inuse_space", self.scratch / "heap")
        self.assertEqual([line[2].strip() for line in lines], ["remembered.emplace_back(text);"])

    def test_where_it_spends_its_time(self):
        self.start("append_server", 0, CPU_RATE=1000)
        profile = self.fetch("cpu", "profile?seconds=0.5")
        self.process.kill()  # it would go on remembering
        rows = self.top("-top", profile)
        for name in (self.ADD, self.LOG):
            self.assertGreater(rows[name].cum, 0)
        self.assertGreater(rows[self.ADD].cum + rows[self.LOG].cum, 0.9 * rows["main"].cum)

    def test_a_map_that_is_used_again(self):
        operations = 1000
        cpu, memory = self.scratch / "cpu.prof", self.scratch / "mem.prof"
        self.finish("map_bench", operations, CPUPROFILE=cpu, MEMPROFILE=memory)
        taken = self.top("-top", memory)
        growing, reserved, pooled = (
            taken.get(f"(anonymous namespace)::{name}") for name in ("Growing", "Reserved", "Pooled"))
        self.assertGreater(growing.cum, reserved.cum)
        # 10,000 nodes of 16 bytes, and the table, each time.
        self.assertGreater(reserved.cum / operations, 10_000 * 16)
        self.assertGreater(reserved.cum, 100 * (pooled.cum if pooled else 0))
        spent = self.top("-top", cpu)
        for name in ("Growing", "Reserved", "Pooled"):
            self.assertGreater(spent[f"(anonymous namespace)::{name}"].cum, 0, name)


if __name__ == "__main__":
    unittest.main()
