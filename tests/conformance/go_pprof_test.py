# SPDX-License-Identifier: Apache-2.0
"""The same profiles through Debian's `go tool pprof` and through cpprof: the same bytes.

The profiles are taken here, by the agent, of redis-server under redis-benchmark and of programs of
our own. The Go tool symbolizes no C code, so symbolized reports are compared on what
`cpprof -proto` wrote. Debian's Go (1.19) has a google/pprof of 2022; where today's differs, today's
stands, and the difference is taken out of both outputs by NORMALIZATIONS, each with its reason.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

import harness

CPPROF = os.environ["CPPROF"]
GO = shutil.which("go")

# (reason, pattern, replacement) applied to both outputs.
NORMALIZATIONS = [
    ("today's google/pprof names the build id of the main binary in the header of text reports",
     re.compile(rb"^Build ID: [0-9a-f]+\n", re.M), b""),
    ("the same in a graph's legend", re.compile(rb"Build ID: [0-9a-f]+\\l"), b""),
    ("today's google/pprof prints the documentation address of a profile, 1.19 knows none",
     re.compile(rb"^Doc: .*\n", re.M), b""),
    ("today's google/pprof prints the time with seconds, as 2006-01-02 15:04:05 MST; 1.19 as "
     "Jan 2, 2006 at 3:04pm (MST)", re.compile(rb"^Time: .*\n", re.M), b"Time\n"),
    ("the same in a graph's legend", re.compile(rb"Time: [^\\]*\\l"), b""),
    ("today's google/pprof has columns in places and in -raw, 1.19 drops them",
     re.compile(rb"(:\d+):\d+( s=\d+| \(inline\))?$", re.M), rb"\1\2"),
]


def normalize(output):
    for _, pattern, replacement in NORMALIZATIONS:
        output = pattern.sub(replacement, output)
    return output


@unittest.skipIf(GO is None, "golang-go is not installed")
class Comparison(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        version = subprocess.run([GO, "version"], capture_output=True, text=True).stdout
        print(f"oracle: {version.strip()}")

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "TZ": "UTC",
                "PPROF_TMPDIR": str(self.scratch), "PPROF_BINARY_PATH": str(self.scratch / "none"),
                "GOFLAGS": "-mod=mod", "GOCACHE": str(self.scratch / "go-cache")}

    def compare(self, profile, *options):
        # 1.19 merges a single profile with itself alone, which drops mappings that no sample
        # names; today's google/pprof leaves a single profile as it is. Two are merged by both.
        sources = [str(profile)] * (2 if "-raw" in options else 1)
        reference = subprocess.run([GO, "tool", "pprof", *options, *sources],
                                   env=self.environment(), capture_output=True, cwd=self.scratch)
        ours = subprocess.run([CPPROF, *options, *sources], env=self.environment(),
                              capture_output=True, cwd=self.scratch)
        with self.subTest(profile=profile.name, options=options):
            self.assertEqual(reference.returncode, 0, reference.stderr)
            self.assertEqual(ours.returncode, 0, ours.stderr)
            expected, found = normalize(reference.stdout), normalize(ours.stdout)
            self.assertGreater(len(expected), 20)
            self.assertEqual(found.decode(errors="replace"), expected.decode(errors="replace"))


class SameBytes(Comparison):
    def symbolize(self, profile):
        symbolized = self.scratch / f"symbolized-{profile.name}"
        subprocess.run([CPPROF, "-proto", f"-output={symbolized}", str(profile)], check=True,
                       capture_output=True,
                       env={**self.environment(), "PPROF_BINARY_PATH": "/nonexistent"})
        return symbolized

    def compare_all(self, profile, sample_types):
        """Raw as taken, then symbolized by cpprof."""
        raw_options = ["-symbolize=none"]
        self.compare(profile, *raw_options, "-raw")
        self.compare(profile, *raw_options, "-traces")
        for sample_type in sample_types:
            self.compare(profile, *raw_options, "-top", f"-sample_index={sample_type}")
        symbolized = self.symbolize(profile)
        for options in (["-top"], ["-top", "-cum"], ["-text", "-lines"], ["-text", "-files"],
                        ["-top", "-nodecount=5"], ["-traces"], ["-raw"],
                        ["-top", "-focus=main|process"], ["-text", "-addresses", "-nodecount=30"]):
            for sample_type in sample_types:
                self.compare(symbolized, *raw_options, *options, f"-sample_index={sample_type}")
        return symbolized

    def test_allocations(self):
        self.run_program(harness.PROGRAMS / "allocations", check=True,
                         environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap"))
        symbolized = self.compare_all(self.dump_files(kind="heap")[0], ["inuse_space", "alloc_objects"])
        self.compare(symbolized, "-symbolize=none", "-list=site_")

    def test_cpu_burner(self):
        path = self.scratch / "cpu.pb.gz"
        self.run_program(harness.PROGRAMS / "cpu_burner", 2, 500, 10, 1, check=True,
                         environment=self.agent(CPUPROFILE=path))
        symbolized = self.compare_all(path, ["samples", "cpu"])
        self.compare(symbolized, "-symbolize=none", "-list=burn_")

    def compare_locks_and_threads(self, program, stripped=False):
        """Each profile that only lock and thread events make, in every shape of report."""
        self.run_program(program, 3, 10, check=True,
                         environment=self.agent(BLOCK_RATE="1ns",
                                                EXIT_PROFILES="mutex,block,contention,goroutine"))
        reports = (["-tree"], ["-peek=."], ["-dot"], ["-callgrind"], ["-traces"],
                   ["-top", "-noinlines"], ["-text", "-filefunctions"],
                   ["-list=operator|Howl|Pee"], ["-top", "-hide=std::", "-show_from=main"])
        for kind in ("mutex", "block", "contention", "goroutine"):
            symbolized = self.symbolize(self.dump_files(kind=kind)[0])
            for options in reports:
                # Listed is what has a source; at the program's end none of these is running.
                if options[0].startswith("-list") and (kind == "goroutine" or stripped):
                    continue
                self.compare(symbolized, "-symbolize=none", *options)
        contention = self.symbolize(self.dump_files(kind="contention")[0])
        self.compare(contention, "-symbolize=none", "-top", "-tagroot=object,role")
        self.compare(contention, "-symbolize=none", "-top", "-tagfocus=role=holder")
        mutex = self.symbolize(self.dump_files(kind="mutex")[0])
        self.compare(contention, "-symbolize=none", "-top", f"-diff_base={mutex}")
        self.compare(contention, "-symbolize=none", "-traces", f"-base={mutex}")

    def test_cxx_program(self):
        self.compare_locks_and_threads(harness.PROGRAMS / "animals")

    def test_stripped_cxx_program(self):
        stripped = self.scratch / "stripped"
        subprocess.run(["strip", "-o", stripped, harness.PROGRAMS / "animals"], check=True)
        self.compare_locks_and_threads(stripped, stripped=True)

    @unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
    def test_redis_server(self):
        socket = self.scratch / "redis.sock"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "",
             "--daemonize", "no", "--logfile", self.scratch / "redis.log", "--dir", self.scratch],
            env=self.agent(HEAP_RATE="16k", SIGNAL_CPU="USR2"))
        try:
            client = ["redis-cli", "-s", socket]
            harness.wait_until(lambda: b"PONG" in subprocess.run(
                [*client, "ping"], capture_output=True).stdout, "redis-server")
            os.kill(server.pid, signal.SIGUSR2)
            subprocess.run(["redis-benchmark", "-s", socket, "-q", "-n", "100000", "-r", "20000",
                            "-d", "200", "-P", "8", "-t", "set,get,lpush,lrange_100"],
                           check=True, capture_output=True)
            cpu = harness.signal_and_wait(self, server.pid, signal.SIGUSR2, kind="cpu")
            heap = harness.signal_and_wait(self, server.pid)
            subprocess.run([*client, "shutdown", "nosave"], capture_output=True)
            self.assertEqual(server.wait(harness.DEADLINE_SECONDS), 0)
        finally:
            server.kill()
            server.wait()
        self.compare_all(cpu, ["cpu"])
        self.compare_all(heap, ["inuse_space", "alloc_space"])


@unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
class LiveServer(Comparison):
    """Every profile there is, over HTTP, of redis-server under load, by the reference's own hand."""

    # What the main thread's stacks lead through whenever it works.
    AT_WORK = {"main", "aeMain"}

    def start(self):
        log, socket = self.scratch / "agent.log", self.scratch / "redis.sock"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--logfile",
             self.scratch / "redis.log", "--dir", self.scratch],
            env=self.agent(HTTP="127.0.0.1:0", LOG=log, LOG_LEVEL="info", HEAP_RATE="16k",
                           BLOCK_RATE="1ns", CPU_RATE=1000))
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        port = harness.wait_until(
            lambda: log.exists() and re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()),
            "the port")[1]
        harness.wait_until(socket.exists, "redis-server")
        load = subprocess.Popen(
            ["redis-benchmark", "-s", socket, "-q", "-n", "1000000000", "-r", "20000", "-P", "8",
             "-t", "set"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        return f"http://127.0.0.1:{port}/debug/pprof"

    def fetch(self, url, name):
        """Fetched and symbolized by go tool pprof, from the program itself; the report and the
        file that it has saved."""
        environment = {**self.environment(), "PPROF_TMPDIR": str(self.scratch / name)}
        shown = subprocess.run([GO, "tool", "pprof", "-symbolize=remote", "-top", "-cum", url],
                               env=environment, capture_output=True, text=True, cwd=self.scratch)
        self.assertEqual(shown.returncode, 0, f"{url}: {shown.stderr}")
        [saved] = (self.scratch / name).iterdir()
        renamed = self.scratch / f"{name}.pb.gz"
        saved.rename(renamed)
        return shown.stdout, renamed

    def is_profile(self, url):
        """Not one of the pages that are text in any form."""
        return "application/octet-stream" in subprocess.run(
            ["curl", "-sSf", "-o", "/dev/null", "-w", "%{content_type}", url],
            capture_output=True, text=True, check=True).stdout

    def test_every_profile_over_http(self):
        url = self.start()
        index = subprocess.run(["curl", "-sSf", f"{url}/"], capture_output=True, text=True,
                               check=True).stdout
        names = {name for name in re.findall(r"<a href='([\w%]+)\?debug=1'>", index)
                 if self.is_profile(f"{url}/{name}?seconds=0.1")}
        self.assertLessEqual({"heap", "allocs", "mutex", "block", "contention", "goroutine",
                              "threadcreate", "profile"}, names)
        # The server has begun to work for its clients.
        harness.wait_until(
            lambda: "aeMain" in self.fetch(f"{url}/profile?seconds=0.2", f"wait{os.urandom(4).hex()}")[0],
            "work")
        for name in sorted(names):
            query = "?seconds=1" if name in ("profile", "wall") else ""
            report, saved = self.fetch(f"{url}/{name}{query}", name)
            with self.subTest(profile=name):
                self.assertRegex(report, r"(?m)^Showing nodes accounting for ")
                shown = {line.split()[5] for line in report.splitlines()
                         if re.match(r"\s*-?[\d.]+\w*\s+-?[\d.]+%", line)}
                if name in ("allocs", "profile", "goroutine", "wall"):
                    self.assertLessEqual(self.AT_WORK, shown, report)
                if name in ("heap", "threadcreate"):
                    self.assertIn("main", shown, report)
            self.compare(saved, "-symbolize=none", "-top")
            self.compare(saved, "-symbolize=none", "-traces")


if __name__ == "__main__":
    unittest.main()
