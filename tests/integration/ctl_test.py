# SPDX-License-Identifier: Apache-2.0
"""cpprof ctl and cpprof ps with real agents, and the line protocol between them."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

import harness

CPPROF = os.environ["CPPROF"]


class Ctl(harness.TestCase):
    def cpprof(self, *arguments, status=0):
        run = subprocess.run([CPPROF, *map(str, arguments)], capture_output=True, text=True,
                             timeout=harness.DEADLINE_SECONDS,
                             env={**os.environ, "PPROFAGENT_DIR": str(self.dumps)})
        self.assertEqual(run.returncode, status, run.stderr)
        return run.stdout if status == 0 else run.stderr

    def path(self, talk):
        path = self.dumps / f"waiter.{talk.pid}.sock"
        harness.wait_until(path.exists, "the socket")
        return path

    def test_verbs_by_process_id_and_by_socket(self):
        with self.conversation(SOCKET="on") as talk:
            path = self.path(talk)
            self.assertIn(f"pid: {talk.pid}\n", self.cpprof("ctl", talk.pid, "status"))
            written = self.cpprof("ctl", path, "dump", "heap", "allocs").split()
            self.assertEqual(sorted(written), sorted(map(str, self.dump_files())))
            self.cpprof("ctl", talk.pid, "set", "HEAP_RATE=64k", "KEEP=7")
            self.assertIn("PPROFAGENT_KEEP=7\n", self.cpprof("ctl", talk.pid, "options"))
            verbs = self.cpprof("ctl", talk.pid, "-verbs").split()
            self.assertLessEqual({"status", "dump", "wall", "cpu-stop"}, set(verbs))
            usage = self.cpprof("ctl", "-h")
            for verb in verbs:
                self.assertIn(verb, usage)

    def test_what_fails_says_why(self):
        with self.conversation(SOCKET="on") as talk:
            path = self.path(talk)
            for words, text in (
                    (("stauts",), "there is no verb \"stauts\"; did you mean status?"),
                    (("dump", "haep"), "\"haep\" is not a profile; there are heap"),
                    (("set", "HTTP=:80"), "can only be set in the environment")):
                self.assertIn(f"cpprof: ctl {talk.pid}: ", self.cpprof("ctl", talk.pid, *words,
                                                                      status=2))
                self.assertIn(text, self.cpprof("ctl", talk.pid, *words, status=2))
            talk.process.kill()
            talk.process.wait()
            self.assertIn(f"process {talk.pid} does not run",
                          self.cpprof("ctl", talk.pid, "status", status=2))
            self.assertIn("nobody listens; a process that was killed has left it behind",
                          self.cpprof("ctl", path, "status", status=2))
        with self.conversation(SOCKET="off") as talk:
            self.assertIn("runs under the agent, but has no control socket",
                          self.cpprof("ctl", talk.pid, "status", status=2))

    def test_by_name(self):
        """A name of our own: others run here, too."""
        name = f"w{os.getpid() % 10 ** 8}"
        program = self.scratch / name
        program.write_bytes((harness.PROGRAMS / "waiter").read_bytes())
        program.chmod(0o700)

        def start():
            process = subprocess.Popen([program], env=self.agent(SOCKET="on"),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            path = self.dumps / f"{name}.{process.pid}.sock"
            harness.wait_until(path.exists, "the socket")
            return process.pid
        first = start()
        self.assertIn(f"pid: {first}\n", self.cpprof("ctl", name, "status"))
        self.assertIn(f"did you mean {name}?", self.cpprof("ctl", name + "x", "status", status=2))
        second = start()
        text = self.cpprof("ctl", name, "status", status=2)
        self.assertIn("several processes are called", text)
        self.assertTrue(str(first) in text and str(second) in text, text)

    def test_ps(self):
        with self.conversation(SOCKET="on", HEAP_RATE="64k", MUTEX_FRACTION=0) as talk:
            path = self.path(talk)
            with self.conversation(SOCKET="off") as deaf:
                table = self.cpprof("ps").splitlines()
                self.assertEqual(table[0].split(), ["PID", "NAME", "UPTIME", "HEAP", "MUTEX",
                                                    "BLOCK", "CPU", "SOCKET"])
                row = next(line.split() for line in table if line.split()[0] == str(talk.pid))
                self.assertRegex(row.pop(2), r"\d+(h|m|s)")
                self.assertEqual(row, [str(talk.pid), "waiter", "64k", "off", "1ms", "100",
                                       str(path)])
                self.assertTrue(any(re.match(rf"\s*{deaf.pid} .* no socket$", line)
                                    for line in table), table)
                self.assertIn(str(deaf.pid), self.cpprof("ps", "-q").split())

    def test_a_program_that_writes_over_its_environment_is_found(self):
        """As redis-server does with its title: /proc shows no PPROFAGENT_DIR of it any more."""
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.scratch / "redis.sock",
             "--save", "", "--logfile", self.scratch / "redis.log"], env=self.agent(SOCKET="on"))
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        environment = {name: value for name, value in os.environ.items()
                       if name != "PPROFAGENT_DIR"}

        def status():
            return subprocess.run([CPPROF, "ctl", str(server.pid), "status"], text=True,
                                  capture_output=True, env=environment)

        harness.wait_until(lambda: f"pid: {server.pid}\n" in status().stdout, "the answer")
        remaining = pathlib.Path(f"/proc/{server.pid}/environ").read_bytes()
        self.assertNotIn(b"PPROFAGENT_DIR", remaining)
        self.assertIn("redis-server", subprocess.run([CPPROF, "ps"], text=True, env=environment,
                                                     capture_output=True, check=True).stdout)

    def test_a_stopped_process_holds_nobody_up(self):
        with self.conversation(SOCKET="on") as talk:
            self.path(talk)
            os.kill(talk.pid, signal.SIGSTOP)
            self.assertIn("it does not answer; is the process stopped?", self.cpprof("ps"))

    def test_lines_by_hand(self):
        with self.conversation(SOCKET="on") as talk:
            client = socket.socket(socket.AF_UNIX)
            self.addCleanup(client.close)
            client.settimeout(harness.DEADLINE_SECONDS)
            client.connect(str(self.path(talk)))
            client.sendall(b"set KEEP=9\nnonsense\nprofiles")
            client.shutdown(socket.SHUT_WR)
            answer = client.makefile().read()
            self.assertRegex(answer, r"^PPROFAGENT_KEEP=9\nok\nerror: there is no verb \"nonsense\".*"
                                     r"\nheap: .*\n(.+\n)*ok\n$")


if __name__ == "__main__":
    unittest.main()
