# SPDX-License-Identifier: Apache-2.0
"""The endpoints in servers of programs' own: the examples, built against an installed tree."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CPPROF = os.environ.get("CPPROF")
PREFIX = "/internal/pprof"
EXAMPLES = {"sockets": ([PREFIX, "admin:secret"], "app/connections"),
            "httplib": ([PREFIX, "admin", "secret"], "app/requests")}

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C CXX)
find_package(pprofagent 0.1 REQUIRED)
find_package(Threads REQUIRED)
add_executable(sockets {examples}/sockets.c)
add_executable(httplib {examples}/httplib.cc)
set_target_properties(sockets PROPERTIES C_STANDARD 99 C_EXTENSIONS ON)
set_target_properties(httplib PROPERTIES CXX_STANDARD 20)
target_compile_options(sockets PRIVATE -O1 -g -Wall -Wextra -Werror)
target_compile_options(httplib PRIVATE -g -Wall -Wextra -Werror)
target_compile_definitions(httplib PRIVATE CPPHTTPLIB_OPENSSL_SUPPORT CPPHTTPLIB_ZLIB_SUPPORT
  CPPHTTPLIB_BROTLI_SUPPORT)
target_link_libraries(sockets PRIVATE pprofagent::pprofagent Threads::Threads)
target_link_libraries(httplib PRIVATE pprofagent::pprofagent Threads::Threads cpp-httplib)
"""


@functools.cache
def built():
    """The directory with the programs, and the agent beside them."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="pprofagent-mounted."))
    unittest.addModuleCleanup(shutil.rmtree, scratch, ignore_errors=True)

    def run(*words):
        result = subprocess.run([str(word) for word in words], capture_output=True,
                                timeout=10 * harness.DEADLINE_SECONDS)
        if result.returncode:
            raise AssertionError((words, result.stdout.decode(), result.stderr.decode()))

    prefix = scratch / "prefix"
    run("cmake", "--install", os.environ["PPROFAGENT_BUILD"], "--prefix", prefix)
    examples = next(prefix.rglob("sockets.c")).parent
    source = scratch / "source"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(PROJECT.format(examples=examples))
    run("cmake", "-G", "Ninja", "-S", source, "-B", scratch / "build",
        f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", scratch / "build")
    return scratch / "build", str(next(prefix.rglob("libpprofagent.so")))


@unittest.skipUnless("PPROFAGENT_BUILD" in os.environ, "no build to install from")
class Mounted(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        built()

    def start(self, name, environment=None):
        programs, library = built()
        if environment is None:
            environment = self.agent(preload=library, HEAP_RATE=1)
        self.program = subprocess.Popen([programs / name, *EXAMPLES[name][0]],
                                        stdout=subprocess.PIPE, env=environment)
        self.addCleanup(self.program.communicate)
        self.addCleanup(self.program.kill)
        line = self.program.stdout.readline().decode()
        self.port = int(re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)[1])

    def url(self, path, user="admin:secret@"):
        return f"http://{user}127.0.0.1:{self.port}{path}"

    def curl(self, *arguments):
        result = self.run_program("curl", "-sSi", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        head, _, body = result.stdout.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), headers, body

    def get(self, path, *arguments):
        return self.curl(*arguments, self.url(PREFIX + path))

    def file(self, path):
        status, headers, body = self.get(path)
        self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"), body)
        file = self.scratch / "profile.pb.gz"
        file.write_bytes(body)
        return self.read(file)

    def long_profile(self):
        """A client that waits for ten minutes, and what another one is told meanwhile."""
        client = None

        def told():
            nonlocal client
            # The other one may have been first.
            if client is None or client.poll() is not None:
                client = subprocess.Popen(["curl", "-sf", self.url(PREFIX + "/profile?seconds=600")],
                                          stdout=subprocess.DEVNULL)
                self.addCleanup(client.communicate)
                self.addCleanup(client.kill)
            answer = self.get("/profile?seconds=0.01")
            return answer if answer[0] == 500 and client.poll() is None else None

        answer = harness.wait_until(told, "the first profile")
        return client, answer

    def both(self):
        for name, (_, profile) in EXAMPLES.items():
            with self.subTest(name):
                self.start(name)
                yield profile

    def test_only_for_those_who_know_the_password(self):
        for _ in self.both():
            for user in ("", "admin:wrong@", "admin:secrets@", "admin:@"):
                for path in (PREFIX, PREFIX + "/", PREFIX + "/heap"):
                    self.assertEqual(self.curl(self.url(path, user))[0], 403, (user, path))
            self.assertEqual(self.curl(self.url("/", ""))[::2], (200, b"hello\n"))
            self.assertEqual(self.get("/heap")[0], 200)

    def test_index_and_all_it_links(self):
        for own in self.both():
            status, headers, _ = self.get("")
            self.assertEqual((status, headers["Location"]), (301, PREFIX + "/"))
            status, headers, body = self.get("/")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            links = re.findall(r"<a href=['\"]([^'\"]+)['\"]>", body.decode())
            self.assertIn(own.replace("/", "%2F") + "?debug=1", links)
            self.assertIn("goroutine?debug=2", links)
            for link in links:
                if link.startswith(("profile", "wall")):
                    link = link.replace("debug=1", "seconds=0.2")
                status, headers, body = self.get("/" + link)
                self.assertEqual(status, 200, (link, body))
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_own_profiles_and_differences(self):
        for own in self.both():
            path = "/" + own.replace("/", "%2F")
            profile = self.file(path)
            self.assertEqual((profile.sample_types, profile.total(own)), ([(own, "count")], 1))
            self.assertIn(f"{own} profile: total 1\n".encode(), self.get(path + "?debug=1")[2])
            self.assertEqual(self.file(path + "?seconds=0.1").total(own), 0)
            self.assertEqual(self.file("/heap?seconds=0.1&gc=1").duration_nanos // 10**7 >= 10, True)

    def test_methods_and_errors(self):
        for _ in self.both():
            status, headers, body = self.get("/heap", "--head")
            self.assertEqual((status, body), (200, b""))
            self.assertGreater(int(headers["Content-Length"]), 100)
            self.assertEqual(headers["Content-Disposition"], 'attachment; filename="heap"')
            for path, status in (("/nothing", 404), ("/heap?seconds=x", 400),
                                 ("/..%2f..%2fcontrol/status", 404), ("/../control/set", 404)):
                answer = self.get(path, "--path-as-is")
                self.assertEqual((answer[0], answer[1].get("X-Go-Pprof")), (status, "1"), path)
            addresses = re.search(rb"@ (0x\w+) (0x\w+)", self.get("/goroutine?debug=1")[2])
            status, _, body = self.get("/symbol", "--data",
                                       b"+".join(addresses.groups()).decode())
            self.assertTrue(body.startswith(b"num_symbols: 1\n0x"), body)

    @unittest.skipUnless(CPPROF, "no analyzer")
    def test_analyzers_fetch_it(self):
        for own in self.both():
            # Older Go asks for names at /symbolz, whatever the prefix is.
            for tool in ([CPPROF], ["go", "tool", "pprof", "-symbolize=local"]):
                if not shutil.which(tool[0]):
                    continue
                for path, kind in (("profile?seconds=0.3", "cpu"), ("heap", "inuse_space"),
                                   (own.replace("/", "%2F"), own)):
                    result = self.run_program(*tool, "-top", self.url(f"{PREFIX}/{path}"),
                                              environment={**os.environ, "HOME": str(self.scratch)})
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertIn(f"\nType: {kind}\n", result.stdout.decode())

    def test_others_are_served_while_one_waits(self):
        for _ in self.both():
            # One CPU profile at a time.
            _, busy = self.long_profile()
            self.assertEqual(busy[2], b"Could not enable CPU profiling: "
                                      b"cpu profiling already in use\n")
            self.assertEqual(self.get("/heap?seconds=0.1")[0], 200)
            self.assertEqual(self.curl(self.url("/", ""))[0], 200)

    def test_a_client_that_leaves_ends_its_profile(self):
        self.start("sockets")
        leaving, _ = self.long_profile()
        leaving.kill()
        leaving.communicate()
        harness.wait_until(lambda: self.get("/profile?seconds=0.01")[0] == 200, "its end")

    def test_answering_is_not_recorded(self):
        self.start("sockets")
        for path in ("/", "/heap", "/heap?debug=1", "/goroutine?debug=2", "/heap?seconds=0.01"):
            self.assertEqual(self.get(path)[0], 200)
        sizes = {sample.labels["bytes"] for sample in self.file("/allocs").samples
                 if "serve" in sample.functions()}
        # The server's own: a request of 64 KiB and a copy of its head.
        self.assertTrue(sizes)
        self.assertEqual({size for size in sizes if size < 65536 and size > 300}, set())

    def test_without_an_agent(self):
        for name in EXAMPLES:
            self.start(name, harness.bare_environment())
            status, _, body = self.get("/heap")
            self.assertEqual((status, body.split(b" (")[0].strip()),
                             (503, b"no profiling agent in this process"))
            self.assertEqual(self.curl(self.url("/", ""))[0], 200)


class Storm(harness.TestCase):
    def test_many_threads_forks_and_an_end_in_the_middle(self):
        result = self.run_program(harness.PROGRAMS / "mounted_storm",
                                  environment=self.agent(HEAP_RATE=1, EXIT_PROFILES="heap"))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"wrong 0\n", b""))
        self.assertTrue(self.dump_files(kind="heap"))


if __name__ == "__main__":
    unittest.main()
