# SPDX-License-Identifier: Apache-2.0
"""Where cpprof gets profiles from: servers, sockets, processes; and what is left when it is stopped."""

import contextlib
import http.server
import os
import pathlib
import pty
import shutil
import signal
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import profile_writer

CPPROF = os.environ["CPPROF"]
DEADLINE_SECONDS = float(os.environ.get("PPROFAGENT_TEST_DEADLINE", 60))
LIVE = profile_writer.profile([(["live_function", "main"], [7, 7000])])
OLD = profile_writer.profile([(["old_function", "main"], [5, 5000])])


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET by a profile; /stuck never ends."""

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"

    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(LIVE)))
        self.end_headers()
        if self.path == "/stuck":
            self.wfile.write(LIVE[:20])
            self.wfile.flush()
            self.server.stuck.set()
            self.server.release.wait(DEADLINE_SECONDS)
            return
        self.wfile.write(LIVE)


class TcpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class FetchTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="cpprof-test."))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.saved = self.scratch / "saved"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "TZ": "UTC",
                            "TERM": "xterm", "PPROF_TMPDIR": str(self.saved)}

    def cpprof(self, *arguments, status=0, **environment):
        run = subprocess.run([CPPROF, *map(str, arguments)], capture_output=True, text=True,
                             env={**self.environment, **environment}, cwd=self.scratch,
                             timeout=DEADLINE_SECONDS)
        self.assertEqual(run.returncode, status, run.stderr)
        if status != 0:
            self.assertEqual(run.stdout, "")
        return run

    @contextlib.contextmanager
    def serving(self, server):
        server.paths = []
        server.stuck, server.release = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()
            server.server_close()

    @contextlib.contextmanager
    def process(self, **options):
        """A process that looks like one under the agent, as far as its environment goes."""
        environment = {f"PPROFAGENT_{name}": str(value) for name, value in options.items()}
        process = subprocess.Popen(["sleep", "100000"], env=environment)
        try:
            yield process.pid
        finally:
            process.kill()
            process.wait()

    def dump(self, pid, kind="heap", sequence=1):
        path = self.scratch / f"sleep.{pid}.{sequence:04}.{kind}.pb.gz"
        path.write_bytes(OLD)
        return path

    # --- pid: and unix: ---

    def test_a_living_process_is_asked_by_its_socket(self):
        with self.process(DIR=self.scratch) as pid:
            self.dump(pid)
            path = self.scratch / f"sleep.{pid}.sock"
            with self.serving(UnixServer(str(path), Handler)) as server:
                self.assertIn("live_function", self.cpprof("-top", f"pid:{pid}").stdout)
                self.cpprof("-top", "cpu", f"pid:{pid}", "-seconds=3")
                self.cpprof("-top", f"pid:{pid}/threads")
                self.cpprof("-top", f"unix:{path}/debug/pprof/heap?gc=1")
                self.assertEqual(server.paths, ["/debug/pprof/heap",
                                                "/debug/pprof/profile?seconds=3",
                                                "/debug/pprof/goroutine",
                                                "/debug/pprof/heap?gc=1"])
        self.assertEqual(sorted(path.name for path in self.saved.iterdir()),
                         [f"pprof.app.samples.cpu.{n:03}.pb.gz" for n in range(1, 5)])

    def test_the_socket_may_be_elsewhere(self):
        with self.process(SOCKET=f"{self.scratch}/my-%p") as pid:
            with self.serving(UnixServer(f"{self.scratch}/my-{pid}", Handler)):
                self.assertIn("live_function", self.cpprof("-top", f"pid:{pid}").stdout)

    def test_a_process_that_has_lost_its_environment(self):
        where = {"PPROFAGENT_DIR": str(self.scratch)}
        with self.process() as pid:
            with self.serving(UnixServer(f"{self.scratch}/sleep.{pid}.sock", Handler)):
                self.assertIn("live_function", self.cpprof("-top", f"pid:{pid}", **where).stdout)
            self.dump(pid)
            self.assertIn("old_function", self.cpprof("-top", f"pid:{pid}", **where).stdout)

    def test_without_a_socket_the_newest_dump(self):
        with self.process(DIR=f"{self.scratch.parent}/%%{self.scratch.name}") as pid:
            self.cpprof("-top", f"pid:{pid}", status=2)
        with self.process(DIR=self.scratch) as pid:
            dump = self.dump(pid)
            run = self.cpprof("-top", f"pid:{pid}/heap")
            self.assertIn("old_function", run.stdout)
            self.assertIn(f"process {pid} (sleep) has no control socket; this is its newest heap "
                          f"dump, {dump}", run.stderr)
            # Left behind by a process that was killed.
            with self.serving(UnixServer(f"{self.scratch}/sleep.{pid}.sock", Handler)):
                pass
            self.assertIn("does not answer at", self.cpprof("-top", f"pid:{pid}").stderr)

    def test_no_profile_of_the_process(self):
        with self.process() as pid:
            self.assertIn("does not run under the agent, as far as can be seen; start it with "
                          "LD_PRELOAD=libpprofagent.so",
                          self.cpprof("-top", f"pid:{pid}", status=2).stderr)
        self.assertIn("no process; say pid:N", self.cpprof("-top", "pid:x", status=2).stderr)

    # --- servers ---

    def test_proxy(self):
        with self.serving(TcpServer(("127.0.0.1", 0), Handler)) as proxy:
            url = f"http://127.0.0.1:{proxy.server_address[1]}"
            for variable in ("http_proxy", "HTTP_PROXY"):
                run = self.cpprof("-top", "http://pprof.example:6060/debug/pprof/heap",
                                  **{variable: url})
                self.assertIn("live_function", run.stdout)
            self.assertEqual(proxy.paths, ["http://pprof.example:6060/debug/pprof/heap"] * 2)
            # One that cannot be reached is no obstacle on the way to this machine.
            self.cpprof("-top", f"{url}/heap", http_proxy="http://127.0.0.1:1")

    def test_tls(self):
        key, certificate = self.scratch / "key.pem", self.scratch / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                        certificate, "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        server = TcpServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The client shows a certificate, too.
        context.load_verify_locations(certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with self.serving(server):
            place = f"127.0.0.1:{server.server_address[1]}/heap"
            self.assertIn("failed to fetch", self.cpprof("-top", f"https://{place}", status=2).stderr)
            for words in ([f"https+insecure://{place}"], ["-tls_ca", certificate, f"https://{place}"],
                          ["-tls_ca", certificate, "-tls_cert", certificate, "-tls_key", key,
                           f"https://{place}"]):
                self.assertIn("live_function", self.cpprof("-top", *words).stdout)
            self.assertIn("-tls_cert must also be specified",
                          self.cpprof("-top", "-tls_key", key, f"https://{place}", status=2).stderr)

    def test_timeout(self):
        with self.serving(TcpServer(("127.0.0.1", 0), Handler)) as server:
            url = f"http://127.0.0.1:{server.server_address[1]}/stuck"
            run = self.cpprof("-top", "-timeout=1", url, status=2)
            self.assertIn("timed out", run.stderr)
            # Nor is there a line of progress where no terminal is.
            self.assertNotIn("\x1b", run.stderr)

    # --- being stopped, being watched ---

    def test_a_stopped_fetch_leaves_nothing(self):
        with self.serving(TcpServer(("127.0.0.1", 0), Handler)) as server:
            url = f"http://127.0.0.1:{server.server_address[1]}/stuck"
            output = self.scratch / "report"
            process = subprocess.Popen([CPPROF, "-top", f"-output={output}", url],
                                       env=self.environment, stderr=subprocess.DEVNULL)
            self.assertTrue(server.stuck.wait(DEADLINE_SECONDS))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(DEADLINE_SECONDS), -signal.SIGTERM)
        self.assertEqual(list(self.scratch.rglob("*")), [])

    def test_a_stopped_write_leaves_nothing(self):
        # A full disk, found out in the middle of writing.
        big = self.scratch / "big.pb.gz"
        big.write_bytes(profile_writer.profile([([f"f{i}"], [i, i]) for i in range(1, 2000)]))
        run = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 1; "$0" "$@"', CPPROF, "-traces",
                              "-output=report", big], capture_output=True, text=True,
                             env=self.environment, cwd=self.scratch, timeout=DEADLINE_SECONDS)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("cpprof: write report: file too large", run.stderr)
        self.assertEqual([path.name for path in self.scratch.iterdir()], ["big.pb.gz"])

    def test_progress_on_a_terminal(self):
        with self.serving(TcpServer(("127.0.0.1", 0), Handler)) as server:
            url = f"http://127.0.0.1:{server.server_address[1]}/stuck"
            pid, terminal = pty.fork()
            if pid == 0:
                os.execve(CPPROF, [CPPROF, "-top", url], self.environment)
            seen = b""
            deadline = time.monotonic() + DEADLINE_SECONDS
            while b"MB, 1 s" not in seen and time.monotonic() < deadline:
                seen += os.read(terminal, 4096)
            server.release.set()
            with contextlib.suppress(OSError):  # closed at the other end
                while data := os.read(terminal, 4096):
                    seen += data
            os.waitpid(pid, 0)
            os.close(terminal)
        self.assertIn(b"\r\x1b[KFetching http://127", seen)
        # Erased before the next line, and never drawn again.
        last = seen.rindex(b"\r\x1b[K")
        self.assertNotIn(b" s", seen[last:].split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main()
