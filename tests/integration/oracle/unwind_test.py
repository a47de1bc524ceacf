# SPDX-License-Identifier: Apache-2.0
"""At random moments of real programs our unwinder finds what libunwind finds, down to main.

Every program runs with the library `unwind_oracle` preloaded (oracle.cc), which compares. The
number of samples is small, for a few seconds' run; the full test is

    PPROFAGENT_ORACLE_SAMPLES=10000 ctest --test-dir build/release/tests/integration -R unwind -V

Where they differ libunwind's is called wrong only if that is proven; all else counts against ours,
and is printed with the objects the frames are in.
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
import struct
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

# libgcc's functions that end where an exception is handled. Having found where that is they
# overwrite their own return address, and at the end what their callers have saved, some 200
# instructions before they jump (agent/hot/unwind/landing.h).
LANDING = ("_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_ForcedUnwind",
           "_Unwind_Resume_or_Rethrow")
# Their last instructions, from where the frame is gone: mov %rcx,%rsp; pop %rcx; jmp *%rcx, or ret.
LEAVING = (b"\x48\x89\xcc", b"\x59\xff\xe1", b"\xff\xe1", b"\xc3")

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


class Code:
    """The program's code: what a call calls, and the functions that the symbols tell of."""

    def __init__(self, pid, maps):
        self.memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
        self.files = {}
        for line in maps.splitlines():
            fields = line.split(None, 5)
            if len(fields) == 6 and fields[5].startswith("/"):
                start, limit = (int(text, 16) for text in fields[0].split("-"))
                first, last = self.files.get(fields[5], (start, limit))
                self.files[fields[5]] = min(first, start), max(last, limit)
        self.symbols = {}

    def close(self):
        self.memory.close()

    def read(self, address, size):
        try:
            self.memory.seek(address)
            return self.memory.read(size)
        except (OSError, ValueError, OverflowError):
            return b""

    def function(self, address):
        """Begin and name of the one that the address is in; (None, "") if there is no symbol."""
        for path, (start, limit) in self.files.items():
            if start <= address < limit:
                if path not in self.symbols:
                    self.symbols[path] = self._symbols(path, start)
                symbols = self.symbols[path]
                index = bisect.bisect_right(symbols, (address, 1 << 64, "")) - 1
                if index >= 0 and address < symbols[index][1]:
                    return symbols[index][0], symbols[index][2]
        return None, ""

    def _symbols(self, path, start):
        fixed = self.read(start, 18)[16:] == struct.pack("<H", 2)
        found = set()
        for table in ("--dynamic", "--no-demangle"):
            listed = subprocess.run(["nm", table, "--print-size", "--defined-only", path],
                                    capture_output=True, text=True, check=False).stdout
            for line in listed.splitlines():
                fields = line.split()
                if len(fields) == 4 and fields[2] in "tTwWi":
                    begin = int(fields[0], 16) + (0 if fixed else start)
                    found.add((begin, begin + int(fields[1], 16), fields[3].partition("@")[0]))
        return sorted(found)

    def called(self, frame):
        """What a caller's frame has called, directly, by its PLT or through a named pointer."""
        after = frame + 1  # frames are looked up one byte before the return address
        code = self.read(after - 6, 6)
        if len(code) != 6:
            return None
        target = after + struct.unpack("<i", code[2:])[0]
        if code[:2] == b"\xff\x15":
            return self._pointer(target)
        if code[1] != 0xe8:
            return None
        entry = self.read(target, 16)
        for prefix in (b"\xf3\x0f\x1e\xfa\xf2\xff\x25", b"\xf3\x0f\x1e\xfa\xff\x25",
                       b"\xf2\xff\x25", b"\xff\x25"):
            if entry.startswith(prefix):
                offset = struct.unpack_from("<i", entry, len(prefix))[0]
                return self._pointer(target + len(prefix) + 4 + offset)
        return target

    def _pointer(self, address):
        word = self.read(address, 8)
        return struct.unpack("<Q", word)[0] if len(word) == 8 else None


class Report:
    """What oracle.cc wrote, and the memory map and code to read addresses by."""

    def __init__(self, text, maps, code):
        lines = text.splitlines()
        numbers = lines[0].split()
        self.samples, self.doubtful = int(numbers[1]), int(numbers[3])
        self.maps = sorted(self._executable(maps))
        self.code = code
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
        """How libunwind went wrong; None if that is not proven, and ours may have."""
        if ours[-1] == 0:
            return None
        if self._missed_landing(ours, theirs):
            return "libunwind missed a landing"
        if any(self._place(address) is None for address in theirs):
            return "libunwind left the code"
        if len(theirs) < len(ours) and ours[:len(theirs)] == theirs:
            return "libunwind stopped early"
        return None

    def _missed_landing(self, ours, theirs):
        """Whether the two part at or beyond a function that lands, and ours goes on right: to a
        frame that has called the very function the stack comes from, as libunwind's has not."""
        part = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]),
                    min(len(ours), len(theirs)))
        if part == 0 or part == len(ours):
            return False
        names = [self.code.function(address)[1] for address in ours[:part]]
        if part == 1 and names[0] in LANDING and self.code.read(ours[0], 3).startswith(LEAVING):
            # What comes next is an instruction, not a call.
            return theirs[1:2] == [ours[1] - 1]
        begin, _ = self.code.function(ours[part - 1])
        return (begin is not None and any(name in LANDING for name in names) and
                self.code.called(ours[part]) == begin and
                (part == len(theirs) or self.code.called(theirs[part]) != begin))

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
        with contextlib.closing(Code(process.pid, maps)) as code:
            report = Report(path.read_text(), maps, code)
            reasons = [report.explain(*pair) for pair in report.differences]
        ours_wrong = [pair for pair, why in zip(report.differences, reasons) if why is None]
        faults = collections.Counter(why for why in reasons if why is not None)
        name = self.id().rpartition(".")[2]
        print(f"{name}: {report.samples} samples, ours wrong in {len(ours_wrong)}, libunwind in "
              f"{sum(faults.values())}" +
              "".join(f"; {count} {why}" for why, count in faults.items()), file=sys.stderr)
        self.assertEqual(report.samples, SAMPLES)
        self.assertEqual(report.doubtful, len(report.differences), "more than there is room for")
        self.assertLessEqual(len(ours_wrong), most_wrong(SAMPLES),
                             "\n" + report.describe(ours_wrong[:10]))

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
