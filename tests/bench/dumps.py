# SPDX-License-Identifier: Apache-2.0
"""What a dump costs while the program runs: how long, how much processor time, whom it holds up.

Wall time suffers from whatever else the machine does, the processor time of the agent's own threads
hardly. A busy thread of the program looks at its own clock all the time; the longest step is what a
handler of ours (or a page fault, or an interrupt) took from it. "nothing" asks for a page that reads
nothing: the floor.
"""

import http.client
import pathlib
import shutil
import socket
import statistics
import subprocess
import time

THREADS = (200, 2000)
BLOCKS = 100_000


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Target:
    """A program that answers each line with (longest step by the wall, by its own clock, count)."""

    def __init__(self, agent, command, scratch, **options):
        dumps = scratch / "dumps"
        shutil.rmtree(dumps, ignore_errors=True)
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"LD_PRELOAD": str(agent), "PPROFAGENT_DIR": str(dumps), "PPROFAGENT_SOCKET": "on",
                 **options})
        self.process.stdout.readline()
        while not list(dumps.glob("*.sock")):
            time.sleep(0.01)
        self.client = UnixConnection(next(dumps.glob("*.sock")))
        self.get("cmdline")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        wall, own, count = self.process.stdout.readline().split()
        return float(wall) / 1e3, float(own) / 1e3, int(count)

    def get(self, page):
        """Milliseconds, and bytes."""
        start = time.perf_counter()
        self.client.request("GET", f"/debug/pprof/{page}")
        body = self.client.getresponse().read()
        return (time.perf_counter() - start) * 1e3, len(body)

    def agent_time(self):
        """Milliseconds of processor time of the agent's threads."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text() == "pprofagent\n":
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e6

    def print_rows(self, pages, rounds):
        print(f"  {'':<22}{'wall ms (least)':>20}{'agent CPU ms':>14}{'longest step ms':>17}"
              f"{'bytes':>10}")
        for name, page in pages:
            self.get(page)  # what is only read once has been read
            walls, steps = [], []
            before = self.agent_time()
            for _ in range(rounds):
                self.ask()
                wall, size = self.get(page)
                walls.append(wall)
                steps.append(self.ask()[1])
            spent = (self.agent_time() - before) / rounds
            wall = f"{statistics.median(walls):.1f} ({min(walls):.1f})"
            print(f"  {name:<22}{wall:>20}{spent:>14.2f}{statistics.median(steps):>17.2f}"
                  f"{size:>10}", flush=True)


def print_dumps(agent, programs, scratch, rounds):
    for threads in THREADS:
        print(f"\ndump-threads: {threads} threads that wait, 25 frames deep", flush=True)
        with Target(agent, [programs / "dump_target", threads], scratch) as target:
            target.print_rows((("nothing", "cmdline"), ("goroutine", "goroutine"),
                               ("goroutine?debug=1", "goroutine?debug=1"),
                               ("goroutine?debug=2", "goroutine?debug=2")), rounds)
            print(f"  calls that returned: {target.ask()[2]}")
    print(f"\ndump-heap: {BLOCKS} live samples, 20000 stacks, one thread that goes on allocating",
          flush=True)
    with Target(agent, [programs / "heap_target", BLOCKS], scratch,
                PPROFAGENT_HEAP_RATE="1") as target:
        target.print_rows((("nothing", "cmdline"), ("heap", "heap"),
                           ("heap?debug=1", "heap?debug=1")), rounds)
