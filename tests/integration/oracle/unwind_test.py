# SPDX-License-Identifier: Apache-2.0
"""At random moments of real programs our unwinder finds what libunwind finds, down to main.

Every program runs with the library `unwind_oracle` preloaded (oracle.cc), which compares. The
number of samples is small, for a few seconds' run; the full test is

    PPROFAGENT_ORACLE_SAMPLES=10000 ctest --test-dir build/release/tests/integration -R unwind -V

What differs is printed with the objects the frames are in.
"""

import bisect
import collections
import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ORACLE = os.environ["PPROFAGENT_UNWIND_ORACLE"]
WORKLOAD = os.environ.get("PPROFAGENT_UNWIND_WORKLOAD", "")
SAMPLES = int(os.environ.get("PPROFAGENT_ORACLE_SAMPLES", 500))
DEADLINE_SECONDS = 240
WRONG_RATE = 0.001

PYTHON_WORK = """
import json, re, sys, zlib, hashlib, random, decimal
class Node:
    def __init__(self, depth): self.children = [Node(depth - 1) for _ in range(2)] if depth else []
    def count(self): return 1 + sum(child.count() for child in self.children)
def fail(depth):
    if depth == 0: raise ValueError("deep")
    return fail(depth - 1)
while True:
    data = {str(i): [random.random() for _ in range(5)] for i in range(200)}
    text = json.dumps(data)
    json.loads(text)
    zlib.compress(text.encode() * 5)
    hashlib.sha256(text.encode() * 20).hexdigest()
    hashlib.md5(text.encode() * 20).hexdigest()
    re.findall(r"(\\d+)\\.(\\d+)", text)
    sorted(text.split(","), key=lambda word: (len(word), word))
    Node(7).count()
    decimal.Decimal(2).sqrt(decimal.Context(prec=200))
    for depth in range(20):
        try: fail(depth)
        except ValueError: pass
"""


def most_wrong(samples, rate=WRONG_RATE, confidence=1e-6):
    """So many wrong ones that a program with this rate has more in one run of a million."""
    probability = (1 - rate) ** samples
    more, count = 1 - probability, 0
    while more > confidence:
        count += 1
        probability *= (samples - count + 1) / count * rate / (1 - rate)
        more -= probability
    return count


class Report:
    """What oracle.cc wrote, and the memory map to read addresses by."""

    def __init__(self, text, maps):
        lines = text.splitlines()
        numbers = lines[0].split()
        self.samples, self.doubtful = int(numbers[1]), int(numbers[3])
        self.maps = sorted(self._executable(maps))
        stacks = [[int(word, 16) for word in line.split()[1:]] for line in lines[1:]]
        self.differences = list(zip(stacks[::2], stacks[1::2]))

    @staticmethod
    def _executable(maps):
        for line in maps.splitlines():
            fields = line.split(None, 5)
            if "x" in fields[1]:
                start, limit = (int(text, 16) for text in fields[0].split("-"))
                name = fields[5].rpartition("/")[2] if len(fields) == 6 else "?"
                yield start, limit, int(fields[2], 16), name

    def _place(self, address):
        index = bisect.bisect_right(self.maps, (address, 1 << 64)) - 1
        if index >= 0 and address < self.maps[index][1]:
            start, _, offset, name = self.maps[index]
            return f"{name}+0x{address - start + offset:x}"
        return None

    def explain(self, ours, theirs):
        """Why a pair of stacks is as it is; None if that is not known."""
        places = [self._place(address) for address in ours]
        if ours[-1] == 0:
            # Having found where to land, libgcc overwrites the return address of its own frame
            # and jumps some hundred instructions later: in between nothing in memory tells.
            if places[0] and places[0].startswith("libgcc_s.so"):
                return "an exception landing"
            return None
        if any(self._place(address) is None for address in theirs):
            return "libunwind left the code"
        if len(theirs) < len(ours) and ours[:len(theirs)] == theirs:
            return "libunwind stopped early"
        return None

    def describe(self, stacks):
        return "\n".join(
            f"  {who}: " + " < ".join(self._place(address) or f"0x{address:x}" for address in stack)
            for pair in stacks for who, stack in zip(("ours     ", "libunwind"), pair))


class UnwindTest(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pprofagent-oracle."))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    @contextlib.contextmanager
    def program(self, *command):
        report = self.scratch / "report"
        environment = dict(os.environ, LD_PRELOAD=ORACLE, ORACLE_SAMPLES=str(SAMPLES),
                           ORACLE_REPORT=str(report))
        process = subprocess.Popen([str(part) for part in command], env=environment,
                                   cwd=self.scratch, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def wait_for(self, condition, process, what):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            self.assertIsNone(process.poll(), "the program has ended")
            self.assertLess(time.monotonic(), deadline, f"waited in vain for {what}")
            time.sleep(0.02)

    def judge(self, process):
        path = self.scratch / "report"
        self.wait_for(path.exists, process, "the report")
        maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text()
        report = Report(path.read_text(), maps)
        reasons = collections.Counter(report.explain(*pair) for pair in report.differences)
        name = self.id().rpartition(".")[2]
        print(f"{name}: {report.samples} samples, {report.doubtful} not alike and to the outermost "
              "frame: " + (", ".join(f"{count} {reason or 'UNEXPLAINED'}"
                                     for reason, count in reasons.items()) or "none"),
              file=sys.stderr)
        unexplained = [pair for pair in report.differences if report.explain(*pair) is None]
        self.assertEqual(report.samples, SAMPLES)
        self.assertEqual(report.doubtful, len(report.differences), "more than there is room for")
        self.assertLessEqual(len(unexplained), most_wrong(SAMPLES),
                             "\n" + report.describe(unexplained[:10]))

    def test_python(self):
        with self.program("/usr/bin/python3", "-c", PYTHON_WORK) as process:
            self.judge(process)

    @unittest.skipUnless(WORKLOAD, "clang is not installed")
    def test_a_program_built_by_clang(self):
        with self.program(WORKLOAD) as process:
            self.judge(process)

    @contextlib.contextmanager
    def background(self, function):
        """Calls the function again and again."""
        stop = threading.Event()

        def work():
            while not stop.is_set():
                try:
                    function()
                except OSError:
                    time.sleep(0.01)  # not yet there, or not any more

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    @unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
    def test_redis(self):
        path = self.scratch / "socket"

        def load():
            subprocess.run(["redis-benchmark", "-s", path, "-n", "3000", "-c", "10", "-r", "1000",
                            "-t", "set,get,lpush,lrange_100,sadd,zadd,hset,mset"],
                           capture_output=True, check=False, timeout=DEADLINE_SECONDS)
            if not path.exists():
                raise FileNotFoundError(path)

        with self.program("redis-server", "--port", 0, "--unixsocket", path, "--save",
                          "") as process, self.background(load):
            self.judge(process)

    @unittest.skipUnless(shutil.which("nginx", path="/usr/sbin"), "nginx is not installed")
    def test_nginx(self):
        path = self.scratch / "nginx.sock"
        (self.scratch / "page.txt").write_text("".join(f"line {n * n}\n" for n in range(5000)))
        (self.scratch / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid nginx.pid; error_log error.log;
            events {{}}
            http {{
              access_log off; gzip on; gzip_types *; gzip_min_length 1;
              {"".join(f"{kind}_temp_path {kind};" for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
              server {{ listen unix:{path}; root {self.scratch};
                location ~ ^/old/(.*)$ {{ rewrite ^/old/(.*)$ /$1 last; }} }}
            }}""")

        def load():
            connection = http.client.HTTPConnection("localhost", timeout=DEADLINE_SECONDS)
            connection.sock = socket.socket(socket.AF_UNIX)
            with contextlib.closing(connection.sock):
                connection.sock.connect(str(path))
                for target in ("/page.txt", "/old/page.txt", "/nothing"):
                    connection.request("GET", target, headers={"Accept-Encoding": "gzip"})
                    connection.getresponse().read()

        with self.program("/usr/sbin/nginx", "-p", self.scratch, "-c", self.scratch / "nginx.conf",
                          "-e", self.scratch / "error.log") as process, self.background(load):
            self.judge(process)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
