# SPDX-License-Identifier: Apache-2.0
"""Labels that a program attaches to its threads: on every profile, in every form, by cpprof."""

import errno
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from http_test import UnixConnection

CPPROF = os.environ.get("CPPROF")
PROFILES = "heap,allocs,mutex,block,contention,threadcreate,goroutine"


def sums(profile, sample_type, key, function=None):
    """What the values of one label have together; None for the samples without it."""
    column, found = profile.column(sample_type), {}
    for sample in profile.samples:
        if function is None or any(function in name for name in sample.functions()):
            value = sample.labels.get(key)
            found[value] = found.get(value, 0) + sample.values[column]
    return {value: total for value, total in found.items() if total}


def started(environment, dumps):
    """The program, and the socket to ask it by."""
    program = subprocess.Popen([harness.PROGRAMS / "labels"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, env=environment)
    if program.stdout.readline() != b"ready\n":
        raise AssertionError("the program does not start")
    socket = dumps / f"labels.{program.pid}.sock"
    harness.wait_until(socket.exists, "the socket")
    return program, socket


def end(program):
    program.kill()
    program.communicate()


OPTIONS = {"HEAP_RATE": 1, "BLOCK_RATE": 1, "SOCKET": "on"}


@functools.cache
def shared():
    """One process for all tests that only read."""
    dumps = pathlib.Path(tempfile.mkdtemp(prefix="pprofagent-labels."))
    unittest.addModuleCleanup(shutil.rmtree, dumps, ignore_errors=True)
    program, socket = started(harness.agent_environment(dumps, **OPTIONS), dumps)
    unittest.addModuleCleanup(end, program)
    return socket


class Labels(harness.TestCase):
    def start(self, **options):
        self.program, self.socket = started(self.agent(**{**OPTIONS, **options}), self.dumps)
        self.addCleanup(end, self.program)

    def share(self):
        self.socket = shared()

    def again(self):
        self.program.stdin.write(b"\n")
        self.program.stdin.flush()
        self.assertEqual(self.program.stdout.readline(), b"done\n")

    def body(self, path):
        client = UnixConnection(self.socket)
        self.addCleanup(client.close)
        client.request("GET", "/debug/pprof/" + path)
        response = client.getresponse()
        body = response.read()
        self.assertEqual(response.status, 200, body)
        return body

    def profile(self, path):
        file = self.scratch / (re.sub(r"\W", "-", path) + ".pb.gz")
        file.write_bytes(self.body(path))
        return self.read(file)


class Profiles(Labels):
    def test_every_kind(self):
        self.share()
        self.heap_samples_of_one_stack_stay_apart()
        self.locks()
        self.threads_inherit_and_their_making_has_them()
        self.assertEqual(sums(self.profile("things"), "things", "user"), {"dave": 1})
        wall = self.profile("wall?seconds=0.3")
        self.assertEqual(set(sums(wall, wall.sample_types[-1][0], "job", "4spinE")), {'index "1"'})
        self.assertEqual(set(sums(wall, wall.sample_types[-1][0], "user", "main")), {"dave"})

    def heap_samples_of_one_stack_stay_apart(self):
        heap = self.profile("heap")
        self.assertEqual(sums(heap, "inuse_space", "user", "8allocateE"),
                         {"alice": 200_000, "bob": 50_000, "carol": 2 * 7 * 3000,
                          None: 7 * 3000 + 10_000})
        stacks = {}
        for sample in heap.samples:
            if sample.labels.get("user") in ("alice", "bob") and "bytes" in sample.labels:
                stacks.setdefault(tuple(location.address for location in sample.stack), set()).add(
                    sample.labels["user"])
        self.assertIn({"alice", "bob"}, stacks.values(), "the same stack under two labels")
        self.assertEqual(sums(heap, "inuse_space", "job", "4workE"),
                         {'index "1"': 2 * 7 * 3000, None: 7 * 3000})

    def test_samples_too(self):
        self.start(HEAP_RATE="2k")
        alice = sums(self.profile("heap"), "alloc_space", "user", "8allocateE")["alice"]
        # 200 blocks, each seen with probability 0.386: six deviations.
        self.assertAlmostEqual(alice, 200_000, delta=6 * 1000 * (200 * 0.614 / 0.386) ** 0.5)

    def locks(self):
        mutex, block = self.profile("mutex"), self.profile("block")
        held = sums(mutex, "delay", "side", "hold")
        self.assertEqual(set(held), {"holder"})
        self.assertGreater(held["holder"], 20_000_000)
        waited = sums(block, "delay", "side", "want")
        self.assertEqual(set(waited), {"waiter"})
        # The waiter goes on waiting until it comes to a processor.
        self.assertGreaterEqual(waited["waiter"], held["holder"])
        roles = {(sample.labels["role"], sample.labels.get("side"))
                 for sample in self.profile("contention").samples
                 if any("hold" in name or "want" in name for name in sample.functions())}
        self.assertEqual(roles, {("holder", "holder"), ("waiter", "waiter")})

    def threads_inherit_and_their_making_has_them(self):
        made = self.profile("threadcreate")
        self.assertEqual(sums(made, "threadcreate", "job"), {'index "1"': 3, None: 3})
        threads = self.profile("goroutine")
        self.assertEqual(sums(threads, "goroutine", "job", "4workE"), {'index "1"': 2, None: 1})
        self.assertEqual(sums(threads, "goroutine", "job", "4spinE"), {'index "1"': 1})
        self.assertEqual(sums(threads, "goroutine", "user", "main"), {"dave": 1})

    def test_cpu_time(self):
        self.start(CPUPROFILE=self.scratch / "cpu.pb.gz")
        self.program.communicate()
        cpu = self.read(self.scratch / "cpu.pb.gz")
        loads = sums(cpu, "cpu", "load", "burn")
        self.assertAlmostEqual(loads["heavy"], 200_000_000, delta=60_000_000)
        self.assertEqual(set(sums(cpu, "cpu", "job", "4spinE")), {'index "1"'})
        # Changed every millisecond, and nothing is lost or left without.
        turns = sums(cpu, "cpu", "turn", "change_for_ever")
        self.assertEqual(set(turns) - {None}, {"even", "odd"})
        self.assertLess(turns.get(None, 0), sum(turns.values()) / 10)

    def test_differences(self):
        self.start()
        self.assertNotIn("erin", sums(self.profile("allocs"), "alloc_space", "user", "5serveE"))
        found = {}
        for seconds in (1, 5, 25):  # enough for the program to do its part meanwhile
            client = UnixConnection(self.socket)
            self.addCleanup(client.close)
            client.request("GET", f"/debug/pprof/allocs?seconds={seconds}")
            # An answer to another client shows that the server has seen the first.
            self.body("cmdline")
            self.again()
            file = self.scratch / "delta.pb.gz"
            file.write_bytes(client.getresponse().read())
            found = sums(self.read(file), "alloc_space", "user", "5serveE")
            if len(found) == 2:
                break
        self.assertEqual(found, {"alice": 100_000, "erin": 50_000})

    def test_rates_can_be_set_from_outside(self):
        self.start()
        client = UnixConnection(self.socket)
        self.addCleanup(client.close)
        for setting in ("HEAP_RATE=0", "MUTEX_FRACTION=0", "BLOCK_RATE=0"):
            client.request("POST", "/control/set", setting)
            response = client.getresponse()
            self.assertEqual(response.status, 200, response.read())
            response.read()
        self.again()
        found = sums(self.profile("allocs"), "alloc_space", "user", "5serveE")
        # A thread learns of it with its next sample.
        self.assertIn(found, ({"alice": 200_000 + n, "bob": 50_000} for n in (0, 1000)))

    def test_only_what_was_asked_for(self):
        self.share()
        alice = self.profile("heap?labels=user=alice")
        self.assertEqual(sums(alice, "inuse_space", "user", "8allocateE"), {"alice": 200_000})
        self.assertEqual(set(sums(alice, "inuse_space", "user")), {"alice"})
        self.assertTrue(any("labels user=alice" in line for line in alice.comments))
        turns = self.profile("profile?seconds=0.5&labels=turn=odd")
        self.assertEqual(set(sums(turns, "cpu", "turn")), {"odd"})
        threads = self.body("threads?debug=2&labels=user=carol,job=index%20%221%22").decode()
        self.assertEqual(threads.count("\nlabels "), 3)
        self.assertEqual(len(re.findall("(?m)^thread ", threads)), 3)
        self.assertEqual(self.profile("mutex?labels=side=waiter").samples, [])

    def test_every_kind_is_dumped_with_them(self):
        self.start(SIGNAL_PROFILES=PROFILES)
        self.program.send_signal(10)
        for kind in PROFILES.split(","):
            profile = self.read(self.wait_for_dumps(kind=kind)[0])
            values = {value for sample in profile.samples for value in sample.labels.values()}
            self.assertTrue(values & {"alice", "holder", "waiter", 'index "1"'}, kind)


class Texts(Labels):
    def test_every_form(self):
        self.share()
        line = '# labels: {"job":"index \\"1\\"", "user":"carol"}\n'
        grouped = self.body("goroutine?debug=1").decode()
        self.assertRegex(grouped, r"(?m)^2 @( 0x\w+)+\n" + re.escape(line) + "# names:")
        self.assertEqual(self.body("goroutine?debug=2").decode().count(line.lstrip("# ").replace(
            "labels:", "labels")), 3)
        self.assertEqual(len(re.findall(
            r'(?m)^goroutine \d+ \[[^]]*\] {"job": "index \\"1\\"", "user": "carol"}:$',
            self.body("goroutine?debug=3").decode())), 3)
        self.assertRegex(self.body("heap?debug=1").decode(),
                         r'(?m)^100: 100000 \[100: 100000\] @[ 0-9a-fx]+\n# labels: {"user":"alice"}$'
                         r'|^200: 200000 \[200: 200000\] @[ 0-9a-fx]+\n# labels: {"user":"alice"}$')
        self.assertIn(line, self.body("threadcreate?debug=1").decode())
        self.assertIn('# labels: {"kind":"mutex", "side":"waiter"}\n',
                      self.body("block?debug=1").decode())
        self.assertIn('# labels: {"side":"holder"}\n', self.body("mutex?debug=1").decode())
        self.assertIn('# labels: {"user":"dave"}\n', self.body("things?debug=1").decode())

        if CPPROF:
            self.they_still_parse()

    def they_still_parse(self):
        for kind in ("heap", "mutex", "block", "threadcreate", "goroutine", "things"):
            file = self.scratch / kind
            file.write_bytes(self.body(kind + "?debug=1"))
            result = self.run_program(CPPROF, "-symbolize=none", "-raw", file)
            self.assertEqual(result.returncode, 0, (kind, result.stderr))
            self.assertIn(b"Samples:", result.stdout)


@unittest.skipUnless(CPPROF, "no analyzer")
class Analyzer(Labels):
    def cpprof(self, *arguments):
        result = self.run_program(CPPROF, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.decode()

    def test_tags_focus_and_root(self):
        self.share()
        heap = self.scratch / "heap.pb.gz"
        heap.write_bytes(self.body("heap"))
        tags = self.cpprof("-tags", "-unit=bytes", heap)
        self.assertRegex(tags, r"(?m)^ user: Total \d+B of ")
        self.assertRegex(tags, r"(?m)^ +200000B \([ .\d]+%\): alice$")
        alice = self.cpprof("-top", "-unit=bytes", "-tagfocus=user=alice", heap)
        self.assertRegex(alice, r"(?m)^ +200000B +\S+ +\S+ +200000B +\S+ +.*::allocate")
        others = self.cpprof("-top", "-unit=bytes", "-focus=serve",
                             "-tagignore=user=alice", heap)
        self.assertRegex(others, r"(?m)^ +50000B .*::allocate")
        rooted = self.cpprof("-traces", "-focus=serve", "-tagroot=user", heap)
        self.assertIn("alice", re.findall(r"(?m)^ {13}(.*?) *$", rooted))


class Limits(harness.TestCase):
    def nest(self, **arguments):
        result = self.run_program(harness.PROGRAMS / "labels", "nest", **arguments)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode().splitlines()

    def test_they_nest_and_end(self):
        self.assertEqual(self.nest(environment=self.agent()), [
            "none", "outer path=/ user=alice", "inner n=1 path=/x", "outer path=/ user=alice",
            "hidden", "none", "result 7", "bound 3 job=pool", f"error {errno.E2BIG}",
            f"error {errno.EINVAL}", f"error {errno.EILSEQ}", f"error {errno.EILSEQ}"])

    def test_too_many_are_counted(self):
        result = self.run_program(harness.PROGRAMS / "labels", "too many",
                                  environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="allocs"))
        refused = 70_000 - 65_535 + 1  # one is the outer one
        self.assertEqual(result.stdout.decode(),
                         f"refused {refused}, last {errno.ENOSPC} user=alice\n")
        profile = self.read(self.dump_files(kind="allocs")[0])
        self.assertEqual([line for line in profile.comments if line.startswith("incomplete")], [
            f"incomplete: labels could not be attached {refused + 1} times, there are more "
            "different sets of them than 65535, or than 16 MiB hold; samples have the labels of "
            "before"])
        self.assertEqual(sums(profile, "alloc_space", "user", "8allocateE"), {"alice": 100_000})

    def test_without_an_agent_nothing_happens(self):
        for environment in (harness.bare_environment(), self.agent(ONLY="another")):
            self.assertEqual(self.nest(environment=environment), [
                "none", "outer", "inner", "outer", "hidden", "none", "result 0", "bound 3",
                *4 * [f"error {errno.ENOSYS}"]])


if __name__ == "__main__":
    unittest.main()
