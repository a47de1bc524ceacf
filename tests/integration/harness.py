# SPDX-License-Identifier: Apache-2.0
"""Runs programs bare and under the agent, each test in a directory of its own.

Environment: PPROFAGENT_LIBRARY, PPROFAGENT_PROGRAMS (the built tests/programs). Nothing here waits
for a length of time: it waits for a condition, and fails when the condition does not come about.
"""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import profile_reader

LIBRARY = os.environ["PPROFAGENT_LIBRARY"]
PROGRAMS = pathlib.Path(os.environ["PPROFAGENT_PROGRAMS"])
DEADLINE_SECONDS = float(os.environ.get("PPROFAGENT_TEST_DEADLINE", 60))

FILE_NAME = re.compile(r"(?P<exe>.+)\.(?P<pid>\d+)\.(?P<seq>\d{4})\.(?P<kind>[a-z]+)\.pb\.gz")


def wait_until(condition, what):
    """Polls until the condition is true, and returns its value."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"waited {DEADLINE_SECONDS} s in vain for {what}")


def agent_environment(directory, preload=LIBRARY, **options):
    """This process's environment with the agent; options without their PPROFAGENT_."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("PPROFAGENT_")}
    environment["LD_PRELOAD"] = preload
    environment["PPROFAGENT_DIR"] = str(directory)
    environment.update({f"PPROFAGENT_{key}": str(value) for key, value in options.items()})
    return environment


def bare_environment():
    return {key: value for key, value in os.environ.items() if not key.startswith("PPROFAGENT_")}


class Conversation:
    """The program `waiter`: each command is answered by one line."""

    def __init__(self, environment):
        self.process = subprocess.Popen([PROGRAMS / "waiter"], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        self.pid = self.process.pid
        self.said = b""
        # A signal must not arrive before the program is ready for it.
        self.ask("pid")

    def send(self, command):
        self.process.stdin.write(command.encode() + b"\n")

    def receive(self):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while b"\n" not in self.said:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, deadline - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not data:
                raise AssertionError("no answer from the program")
            self.said += data
        line, _, self.said = self.said.partition(b"\n")
        return line.decode()

    def ask(self, command):
        self.send(command)
        return self.receive()

    def end(self, command=None):
        """Status, rest of the output and stderr after the last command."""
        if command:
            self.send(command)
        output, errors = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, self.said + output, errors


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pprofagent-test."))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.dumps = self.scratch / "dumps"

    def agent(self, **options):
        options.setdefault("preload", LIBRARY)
        return agent_environment(self.dumps, **options)

    def run_program(self, *command, environment=None, cwd=None, **arguments):
        return subprocess.run([str(part) for part in command], capture_output=True,
                              env=environment, cwd=cwd or self.scratch, timeout=DEADLINE_SECONDS,
                              **arguments)

    @contextlib.contextmanager
    def conversation(self, **options):
        talk = Conversation(self.agent(**options))
        try:
            yield talk
        finally:
            talk.process.kill()
            talk.process.communicate()

    def dump_files(self, kind="*", pid="*", directory=None):
        """Finished files, oldest first."""
        return sorted((directory or self.dumps).glob(f"*.{pid}.[0-9][0-9][0-9][0-9].{kind}.pb.gz"),
                      key=lambda path: FILE_NAME.fullmatch(path.name)["seq"])

    def wait_for_dumps(self, count=1, **filters):
        return wait_until(lambda: len(self.dump_files(**filters)) >= count and
                          self.dump_files(**filters), f"{count} dumps {filters}")

    def log_lines(self):
        return [line for path in sorted(self.dumps.glob("*.log"))
                for line in path.read_text().splitlines()]

    def read(self, path):
        return profile_reader.Profile(path)


def signal_and_wait(test, process_id, number=signal.SIGUSR1, kind="heap"):
    """Asks for a dump and returns the new file."""
    before = len(test.dump_files(kind=kind, pid=process_id))
    os.kill(process_id, number)
    return test.wait_for_dumps(before + 1, kind=kind, pid=process_id)[-1]
