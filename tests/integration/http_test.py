# SPDX-License-Identifier: Apache-2.0
"""Profiles over HTTP, by TCP and by the Unix socket, of real processes; and attacks on that."""

import contextlib
import gzip
import http.client
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import threading
import unittest

import harness
import profile_reader

GO_FORMS = {"heap": "inuse_space", "allocs": "alloc_space"}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=harness.DEADLINE_SECONDS)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class HttpCase(harness.TestCase):
    @contextlib.contextmanager
    def served(self, **options):
        """A program with the server on a port of its own choice, which the log names."""
        log = self.scratch / "agent.log"
        options = {"HTTP": "127.0.0.1:0", "SOCKET": "on", "LOG": log, "LOG_LEVEL": "info",
                   **options}
        with self.conversation(**options) as talk:
            text = harness.wait_until(
                lambda: log.exists() and log.read_text().count("listening on") == 2 and
                log.read_text(), "the sockets")
            self.port = int(re.search(r"listening on 127\.0\.0\.1:(\d+)", text)[1])
            self.socket = self.dumps / f"waiter.{talk.pid}.sock"
            yield talk

    def client(self):
        return http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=harness.DEADLINE_SECONDS)

    def get(self, path, client=None, method="GET", body=None, headers=None):
        client = client or self.client()
        self.addCleanup(client.close)
        client.request(method, path, body=body, headers=headers or {})
        response = client.getresponse()
        return response, response.read()

    def raw(self):
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(harness.DEADLINE_SECONDS)
        self.addCleanup(connection.close)
        return connection

    def alive(self):
        response, body = self.get("/debug/pprof/cmdline")
        self.assertEqual((response.status, pathlib.Path(os.fsdecode(body)).name), (200, "waiter"))


class Endpoints(HttpCase):
    def test_index_profiles_and_both_doors(self):
        with self.served(HEAP_RATE=1) as talk:
            response, body = self.get("/debug/pprof/")
            self.assertEqual(response.headers["Content-Type"], "text/html; charset=utf-8")
            names = re.findall(r"<a href='([\w%]+)\?debug=1'>", body.decode())
            self.assertEqual(names, sorted(names))
            for name in names:
                for client in (self.client(), UnixConnection(self.socket)):
                    query = "?seconds=0.1" if name in ("profile", "wall") else ""
                    response, body = self.get(f"/debug/pprof/{name}{query}", client)
                    self.assertEqual(response.status, 200, name)
                    self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
                    if response.headers["Content-Type"] == "application/octet-stream":
                        self.assertEqual(response.headers["Content-Disposition"],
                                         f'attachment; filename="{name}"')
                        gzip.decompress(body)
            self.assertEqual(talk.end("exit 0")[1:], (b"", b""))
        self.assertFalse(self.socket.exists(), "removed at exit")

    def test_keeps_connections_and_answers_head(self):
        with self.served():
            client = self.client()
            for _ in range(3):
                self.assertEqual(self.get("/debug/pprof/heap", client)[0].status, 200)
            response, body = self.get("/debug/pprof/heap", client, method="HEAD")
            self.assertGreater(int(response.headers["Content-Length"]), 100)
            self.assertEqual(body, b"")

    def test_symbol_by_post(self):
        with self.served() as talk:
            text = self.get("/debug/pprof/heap?debug=1")[1].decode()
            maps = pathlib.Path(f"/proc/{talk.pid}/maps").read_text()
            self.assertIn("--- Memory map: ---", text)
            start = re.search(r"^(\w+)-.* r-xp .*/waiter$", maps, re.M)[1]
            words = "+".join(hex(int(start, 16) + offset) for offset in range(0, 4096, 16))
            response, body = self.get("/debug/pprof/symbol", method="POST", body=words)
            self.assertTrue(body.startswith(b"num_symbols: 1\n"))
            self.assertRegex(body.decode(), r"(?m)^0x[0-9a-f]+ main$")

    def test_a_client_that_leaves_ends_its_profile(self):
        with self.served():
            leaver = self.raw()
            leaver.sendall(b"GET /debug/pprof/profile?seconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            harness.wait_until(
                lambda: self.get("/debug/pprof/profile?seconds=0.01")[0].status == 500,
                "the first profile")
            response, body = self.get("/debug/pprof/profile?seconds=1")
            self.assertEqual(response.headers["X-Go-Pprof"], "1")
            self.assertEqual(body, b"Could not enable CPU profiling: cpu profiling already in use\n")
            leaver.close()
            harness.wait_until(
                lambda: self.get("/debug/pprof/profile?seconds=0.01")[0].status == 200,
                "the end of the first profile")

    def test_a_forked_child_has_a_socket_of_its_own(self):
        with self.served() as talk:
            child = int(talk.ask("fork"))
            talk.ask("allocate 10")  # a point where it is safe to start a thread
            mine = self.dumps / f"waiter.{child}.sock"
            harness.wait_until(mine.exists, "the child's socket")
            body = self.get("/debug/pprof/cmdline", UnixConnection(mine))[1]
            self.assertIn(b"waiter", body)
            self.alive()
            os.kill(child, signal.SIGKILL)
            self.assertTrue(self.socket.exists(), "the parent's is left alone")

    def test_descriptors_and_mask_of_the_program_are_its_own(self):
        with self.served() as talk:
            fds = os.listdir(f"/proc/{talk.pid}/fd")
            self.assertEqual([fd for fd in fds if "socket" in
                              os.readlink(f"/proc/{talk.pid}/fd/{fd}")], [])

    def test_a_taken_address_is_logged_once_and_taken_later(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            log = self.scratch / "agent.log"
            port = other.getsockname()[1]
            with self.conversation(HTTP=f":{port}", SOCKET="off", LOG=log) as talk:
                harness.wait_until(log.exists, "a complaint")
                self.assertIn(f"cannot listen on 127.0.0.1:{port}: Address already in use",
                              log.read_text())
                other.close()
                self.port = port

                def reachable():
                    with contextlib.suppress(ConnectionRefusedError):
                        return self.get("/debug/pprof/cmdline")[0].status == 200
                harness.wait_until(reachable, "the address")
                self.assertEqual(len(log.read_text().splitlines()), 1)
                talk.ask("pid")

    def test_default_socket_comes_with_the_helper(self):
        with self.conversation() as talk:
            harness.signal_and_wait(self, talk.pid)
            path = self.dumps / f"waiter.{talk.pid}.sock"
            harness.wait_until(path.exists, "the socket")
            self.assertEqual(self.get("/debug/pprof/heap", UnixConnection(path))[0].status, 200)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.log_lines(), [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
    def test_another_user_is_turned_away(self):
        with self.served():
            for directory in (self.scratch, self.dumps):
                directory.chmod(0o755)
            self.socket.chmod(0o666)
            script = ("import os, socket, sys; os.setgid(65534); os.setuid(65534)\n"
                      "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                      "print(s.recv(99))")
            seen = subprocess.run(["python3", "-c", script, self.socket], capture_output=True)
            self.assertIn(b"403 Forbidden", seen.stdout, seen.stderr)
            self.alive()


class Control(HttpCase):
    def post(self, verb, body=""):
        response, text = self.get(f"/control/{verb}", UnixConnection(self.socket), method="POST",
                                  body=body)
        self.assertEqual(response.status, 200, text)
        return text.decode().splitlines()

    def test_dumps_options_and_status(self):
        with self.served(CPU_RATE=100) as talk:
            written = self.post("dump", "heap allocs")
            self.assertCountEqual([pathlib.Path(path) for path in written], self.dump_files())
            self.post("set", "HEAP_RATE=1")
            talk.ask("allocate 4096")
            response, status = self.get("/control/status")
            self.assertIn("heap rate: 1\n", status.decode())
            self.assertIn(f"pid: {talk.pid}\n", status.decode())
            self.post("cpu-start")
            talk.ask("burn 50")
            self.assertRegex(self.post("cpu-stop")[0], r"\.cpu\.pb\.gz$")
            self.assertEqual(self.get("/control/dump", method="POST", body="heap")[0].status, 403)


class Tools(HttpCase):
    def test_go_tool_pprof_reads_every_form(self):
        """Protobuf and text say the same to it."""
        with self.served(HEAP_RATE=1) as talk:
            talk.ask("allocate 1000")
            for kind, sample_type in GO_FORMS.items():
                totals = set()
                for query in ("", "?debug=1"):
                    url = f"http://127.0.0.1:{self.port}/debug/pprof/{kind}{query}"
                    shown = subprocess.run(
                        ["go", "tool", "pprof", "-symbolize=none", f"-sample_index={sample_type}",
                         "-unit=B", "-top", url], capture_output=True, text=True,
                        env={**os.environ, "HOME": str(self.scratch)})
                    self.assertEqual(shown.returncode, 0, shown.stderr)
                    totals.add(re.search(r"of (\w+) total", shown.stdout)[1])
                self.assertEqual(len(totals), 1, totals)

    def test_redis_under_load(self):
        redis = self.scratch / "redis.sock"
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", redis, "--save", "", "--logfile",
             self.scratch / "redis.log", "--dir", self.scratch],
            env=self.agent(HTTP=f"unix:{self.scratch}/http.sock", HEAP_RATE="16k", CPU_RATE=1000),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        path = self.scratch / "http.sock"
        harness.wait_until(path.exists, "the socket")
        harness.wait_until(redis.exists, "redis-server")
        load = subprocess.Popen(["redis-benchmark", "-s", redis, "-q", "-n", "1000000000",
                                 "-t", "set", "-r", "10000", "-P", "16"], stdout=subprocess.DEVNULL)
        self.addCleanup(load.communicate)
        self.addCleanup(load.kill)
        for kind in ("heap", "allocs", "heap?seconds=0.3", "allocs?seconds=0.3",
                     "profile?seconds=1"):
            response, body = self.get(f"/debug/pprof/{kind}", UnixConnection(path))
            self.assertEqual(response.status, 200)
            saved = self.scratch / "profile.pb.gz"
            saved.write_bytes(body)
            profile = profile_reader.Profile(saved)
            self.assertTrue(profile.samples, kind)
        functions = {name for sample in profile.samples for name in sample.functions()}
        self.assertLessEqual({"main", "aeMain"}, functions)


class StuckProgram(HttpCase):
    """A program that hangs with a lock held that the agent could want too is one to look at."""

    def start(self, argument):
        self.log = self.scratch / "agent.log"
        process = subprocess.Popen(
            [harness.PROGRAMS / "stuck", argument],
            env=self.agent(SOCKET="on", SIGNAL_PROFILES="heap,threads", LOG=self.log),
            stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertTrue(select.select([process.stdout], [], [], harness.DEADLINE_SECONDS)[0])
        self.assertEqual(process.stdout.readline(), b"hanging\n")
        self.path = self.dumps / f"stuck.{process.pid}.sock"
        harness.wait_until(self.path.exists, "the socket")
        return process

    def ask_all(self):
        """Every page in every form, by name."""
        index = self.get("/debug/pprof/", UnixConnection(self.path))[1].decode()
        found = {}
        for name in re.findall(r"<a href='([\w%]+)\?debug=1'>", index):
            for query in ("?debug=1", "?debug=2", "?gc=1", "?seconds=0.1"):
                if name not in ("profile", "wall") or "seconds" in query:
                    response, found[name + query] = self.get(f"/debug/pprof/{name}{query}",
                                                             UnixConnection(self.path))
                    self.assertEqual(response.status, 200, name + query)
        return found

    def test_in_the_loader(self):
        process = self.start(harness.PROGRAMS / "stuck_plugin.so")
        self.assertIn(b"hang\n", self.ask_all()["goroutine?debug=2"])
        harness.signal_and_wait(self, process.pid, kind="goroutine")
        self.assertFalse(self.log.exists())

    def test_in_the_allocator(self):
        process = self.start("malloc")
        found = self.ask_all()
        threads = found["goroutine?debug=2"]
        self.assertIn(b"allocate_again\n", threads)
        # What has been left behind in the allocator is no thread of the program.
        self.assertEqual(len(re.findall(rb"(?m)^thread \d+ ", threads)), 2, threads)
        for page in ("heap?debug=1", "memstats?debug=1"):
            self.assertIn(b"# The allocator does not answer", found[page])
        self.assertIn("gc=1: no memory given back", self.log.read_text())
        harness.signal_and_wait(self, process.pid, kind="goroutine")


class Attacks(HttpCase):
    def test_slow_clients_hold_nobody_up(self):
        with self.served() as talk:
            slow = [self.raw() for _ in range(200)]
            for client in slow:
                with contextlib.suppress(OSError):
                    client.sendall(b"GET /debug/pprof/heap HTTP/1.1\r\nHost: loc")
            self.alive()
            self.assertEqual(self.get("/debug/pprof/heap", UnixConnection(self.socket))[0].status,
                             200)
            self.assertEqual(talk.end("exit 0")[1:], (b"", b""))

    def test_a_thousand_connections_and_floods(self):
        with self.served() as talk:
            def attack():
                for number in range(125):
                    with contextlib.suppress(OSError):
                        with socket.create_connection(("127.0.0.1", self.port)) as client:
                            client.settimeout(harness.DEADLINE_SECONDS)
                            client.sendall([b"", b"X: y\r\n" * 5000, os.urandom(3000),
                                            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100,
                                            b"GET /debug/pprof/heap?debug=1 HTTP/1.0\r\n\r\n"]
                                           [number % 5])
                            if number % 5:  # the first sends nothing and would wait
                                client.recv(1000)
            attackers = [threading.Thread(target=attack) for _ in range(8)]
            for attacker in attackers:
                attacker.start()
            answered = 0
            while any(attacker.is_alive() for attacker in attackers):
                talk.ask("pid")
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered += self.get("/debug/pprof/cmdline")[0].status == 200
            for attacker in attackers:
                attacker.join()
            self.alive()
            self.assertGreater(answered, 0)
            status = pathlib.Path(f"/proc/{talk.pid}/status").read_text()
            self.assertLess(int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]), 100_000)
            self.assertEqual(talk.end("exit 0")[1:], (b"", b""))

    def test_clients_that_do_not_read_hold_nobody_up(self):
        """Each asks for more than a socket holds and takes nothing of it."""
        with self.served(HEAP_RATE=1) as talk:
            talk.ask("threads 50")
            request = b"GET /debug/pprof/goroutine?debug=2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for _ in range(10):
                client = self.raw()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(request * 60)
            for _ in range(5):
                self.alive()
                talk.ask("allocate 100")
            status = pathlib.Path(f"/proc/{talk.pid}/status").read_text()
            self.assertLess(int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]), 100_000)
            self.assertEqual(talk.end("exit 0")[1:], (b"", b""))

    def test_malformed_requests(self):
        with self.served():
            for request in (b"\r\n\0\0\0", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                            b"GET /debug/pprof/ HTTP/1.1\r\n\r\n",  # no Host
                            b"G\x01T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                            b"\r\nzz\r\n"):
                client = self.raw()
                client.sendall(request)
                answer = b""
                while more := client.recv(4096):
                    answer += more
                self.assertRegex(answer, rb"^HTTP/1\.1 (400|403|501|505) ", request)
            self.alive()

    def test_foreign_hosts_and_oversized_requests(self):
        with self.served():
            for headers, status in (({"Host": "evil.example"}, 403),
                                    ({"X": "y" * 9000}, 431),
                                    ({"Content-Length": "70000"}, 413)):
                response, _ = self.get("/debug/pprof/heap", headers=headers)
                self.assertEqual(response.status, status, headers)
            self.alive()


if __name__ == "__main__":
    unittest.main()
