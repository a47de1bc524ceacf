# SPDX-License-Identifier: Apache-2.0
"""How true CPU profiles are: against what the profiled program measured of itself.

tests/programs/cpu_burner spends its time in three functions and says how much in each, by the
clocks of its threads. A profiler's errors are those of its total, in per cent, and the largest of
its three shares, in percentage points.
"""

import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
import profile_reader  # noqa: E402  (its folder is known only now)

PLACES = ("burn_a", "burn_b", "burn_c")

# Name, and cpu_burner's arguments: threads, milliseconds of each, depth, repetitions.
WORKLOADS = (
    ("two threads for 2 s", (2, 2000, 20, 1)),
    ("threads of 2 ms, two at a time", (2, 2, 20, 500)),
)


def read_proto(path):
    profile = profile_reader.Profile(path)
    return profile.total("cpu"), [profile.total("cpu", place) for place in PLACES]


class Profiler:
    """A way to profile a command: gives the total and the time in each place, nanoseconds."""

    def __init__(self, name, preload=None, environment=None):
        self.name = name
        self.preload = preload
        self.environment = environment or {}

    def available(self):
        return self.preload is None or pathlib.Path(self.preload).exists()

    def run(self, command, scratch):
        environment = {"PATH": os.environ["PATH"], "LD_PRELOAD": str(self.preload),
                       **{key: value.replace("{scratch}", str(scratch))
                          for key, value in self.environment.items()}}
        output = subprocess.run(command, env=environment, check=True, capture_output=True,
                                text=True, cwd=scratch).stdout
        return output, self.read(scratch)

    def read(self, scratch):
        raise NotImplementedError


class Agent(Profiler):
    def __init__(self, name, library, rate, engine="timer"):
        super().__init__(name, library, {
            "PPROFAGENT_DIR": "{scratch}/dumps", "PPROFAGENT_CPU_RATE": str(rate),
            "PPROFAGENT_CPU_ENGINE": engine, "PPROFAGENT_CPUPROFILE": "{scratch}/accuracy.pb.gz"})

    def read(self, scratch):
        return read_proto(scratch / "accuracy.pb.gz")


class Gperftools(Profiler):
    """Its old format is turned into profile.proto by cpprof."""

    def __init__(self, name, library, rate, cpprof, program):
        super().__init__(name, library, {"CPUPROFILE": "{scratch}/accuracy.prof",
                                         "CPUPROFILE_FREQUENCY": str(rate)})
        self.cpprof = cpprof
        self.program = program

    def read(self, scratch):
        proto = scratch / "accuracy.pb.gz"
        with proto.open("wb") as file:
            subprocess.run([self.cpprof, "-proto", "-output=/dev/stdout", self.program,
                            scratch / "accuracy.prof"],
                           check=True, stdout=file, stderr=subprocess.DEVNULL)
        return read_proto(proto)


class Perf(Profiler):
    def __init__(self, name, rate):
        super().__init__(name)
        self.rate = rate

    def available(self):
        probe = ["perf", "record", "-q", "-e", "cpu-clock", "-o", "/dev/null", "--", "true"]
        try:
            return subprocess.run(probe, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    def run(self, command, scratch):
        data = scratch / "perf.data"
        output = subprocess.run(
            ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(self.rate), "-o", data, "--",
             *command], check=True, capture_output=True, text=True, cwd=scratch).stdout
        script = subprocess.run(["perf", "script", "-i", data, "-F", "period,ip,sym"],
                                check=True, capture_output=True, text=True).stdout
        total, places = 0, [0, 0, 0]
        for line in script.splitlines():
            words = line.split()
            if len(words) < 3 or not words[0].isdigit():
                continue
            total += int(words[0])
            if words[2] in PLACES:
                places[PLACES.index(words[2])] += int(words[0])
        return output, (total, places)


def errors(truth, found):
    """Of the total in per cent, signed; of the worst share in percentage points."""
    spent = [truth[place] for place in PLACES]
    total, places = found
    if sum(places) == 0:
        return -100.0, 100.0
    shares = [abs(place / sum(places) - own / sum(spent))
              for place, own in zip(places, spent)]
    return 100 * (total / truth["total"] - 1), 100 * max(shares)


def print_accuracy(profilers, program, scratch, rounds):
    present = [profiler for profiler in profilers if profiler.available()]
    for title, arguments in WORKLOADS:
        print(f"\naccuracy: {title} (error of the total; largest error of a share)", flush=True)
        found = {profiler.name: [] for profiler in present}
        for _ in range(rounds):
            for profiler in present:
                output, measured = profiler.run([program, *map(str, arguments)], scratch)
                truth = {name: int(value)
                         for name, value in (line.split() for line in output.splitlines())}
                found[profiler.name].append(errors(truth, measured))
        for name, pairs in found.items():
            totals, shares = ([pair[i] for pair in pairs] for i in (0, 1))
            print(f"  {name:<34} {statistics.median(totals):+7.1f} %  ({min(totals):+.1f} .. "
                  f"{max(totals):+.1f})   {statistics.median(shares):5.1f} points  "
                  f"(worst {max(shares):.1f})")
