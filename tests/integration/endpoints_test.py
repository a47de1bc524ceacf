# SPDX-License-Identifier: Apache-2.0
"""What a client of Go's endpoints expects of them, asked of a real process that is at rest: index,
every form of every profile, differences, memory given back, headers and errors."""

import gzip
import os
import pathlib
import re
import unittest

import harness
import http_test
import profile_reader

CPPROF = os.environ["CPPROF"]
COUNTED = ("allocs", "block", "contention", "goroutine", "heap", "mutex", "threadcreate")


class EndpointsCase(http_test.HttpCase):
    def body(self, path):
        response, body = self.get(f"/debug/pprof/{path}")
        self.assertEqual(response.status, 200, f"{path}: {body}")
        return response, body

    def text(self, path):
        return self.body(path)[1].decode()

    def profile(self, path):
        saved = self.scratch / "profile.pb.gz"
        saved.write_bytes(self.body(path)[1])
        return profile_reader.Profile(saved)

    def read_text(self, text):
        """The text as the analyzer reads it."""
        source, read = self.scratch / "profile.txt", self.scratch / "read.pb.gz"
        source.write_text(text)
        result = self.run_program(CPPROF, "-proto", "-symbolize=none", f"-output={read}", source,
                                  environment={"PATH": os.environ["PATH"], "HOME": str(self.scratch)})
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return profile_reader.Profile(read)

    def totals(self, profile):
        return {name: profile.total(name) for name, _ in profile.sample_types}


class Index(EndpointsCase):
    def test_counts_descriptions_and_the_full_dump(self):
        with self.served(HEAP_RATE=1) as talk:
            talk.ask("threads 7")
            page = self.text("")
            self.assertIn("Set debug=1 as a query parameter to export in legacy text format", page)
            rows = dict((name, int(count)) for count, name in re.findall(
                r"<td>(\d+)</td>\s*<td><a href='([\w%]+)\?debug=1'>", page))
            self.assertEqual((rows["goroutine"], rows["cmdline"], rows["profile"]), (8, 0, 0))
            self.assertGreater(rows["heap"], 0)
            self.assertEqual(rows["threadcreate"], len(self.profile("threadcreate").samples))
            self.assertIn('<a href="goroutine?debug=2">full goroutine stack dump</a>', page)
            for name in rows:
                self.assertRegex(page, rf"(?s)Profile Descriptions.*<li>.*?{name}:?\s*</div>\s*\S")

    def test_command_line(self):
        with self.served() as talk:
            arguments = pathlib.Path(f"/proc/{talk.pid}/cmdline").read_bytes()
            self.assertEqual(self.body("cmdline")[1], arguments.rstrip(b"\0"))


class Forms(EndpointsCase):
    def test_every_form_of_every_profile(self):
        """Protobuf and text say the same, also where the text is of samples that stand for more
        than themselves."""
        with self.served(HEAP_RATE="4k", BLOCK_RATE="1ns", MUTEX_FRACTION=5) as talk:
            talk.ask("threads 3")
            talk.ask("contend 100")
            for _ in range(100):
                talk.ask("allocate 3000")
            for name in COUNTED:
                for form in ("", "?debug=0"):
                    response, body = self.body(name + form)
                    self.assertEqual(response.headers["Content-Type"], "application/octet-stream")
                    self.assertEqual(response.headers["Content-Disposition"],
                                     f'attachment; filename="{name}"')
                    gzip.decompress(body)
                expected = self.totals(self.profile(name))
                self.assertGreater(max(expected.values()), 0, name)
                for form in ("?debug=1", "?debug=2"):
                    response, body = self.body(name + form)
                    self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
                    self.assertNotIn("Content-Disposition", response.headers)
                    if (name, form) == ("goroutine", "?debug=2"):
                        self.assertEqual(len(re.findall(rb"(?m)^thread \d+ ", body)), 4)
                        continue
                    self.assertEqual(list(self.totals(self.read_text(body.decode())).values()),
                                     list(expected.values()), name + form)

    def test_by_hand(self):
        """What curl alone shows: functions and lines."""
        with self.served(HEAP_RATE=1) as talk:
            talk.ask("allocate 123456")
            talk.ask("threads 1")
            heap = self.text("heap?debug=1")
            self.assertRegex(heap, r"(?m)^1: 123456 \[1: 123456\] @( 0x[0-9a-f]+)+$")
            self.assertRegex(heap, r"(?m)^#\t0x[0-9a-f]+\tallocate_block\+0x[0-9a-f]+\t+\S+/waiter\.c:\d+$")
            threads = self.text("goroutine?debug=2")
            self.assertRegex(threads, r"(?m)^wait_for_ever\n\t\S+/waiter\.c:\d+ \+0x")

    def test_memory_statistics(self):
        with self.served() as talk:
            before = self.statistics()
            for _ in range(10):
                talk.ask("allocate 1000000")
            after = self.statistics()
            self.assertIn(after["HeapAlloc"] - before["HeapAlloc"], range(10_000_000, 12_000_000))
            peak = lambda: 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(
                f"/proc/{talk.pid}/status").read_text())[1])
            least, shown, most = peak(), self.statistics()["MaxRSS"], peak()
            # The kernel adds up what each processor has counted, now and then.
            self.assertLessEqual(least - (1 << 20), shown)
            self.assertLessEqual(shown, most + (1 << 20))
            self.assertIn("# HeapAlloc = ", self.text("memstats"))

    def test_other_allocators_are_known(self):
        for name, library in (("jemalloc", "libjemalloc.so.2"), ("tcmalloc", "libtcmalloc.so.4")):
            path = f"/usr/lib/x86_64-linux-gnu/{library}"
            if not os.path.exists(path):
                continue
            with self.served(preload=f"{harness.LIBRARY}:{path}"):
                self.assertIn(f"# Allocator = {name}\n", self.text("memstats"))
                self.body("heap?gc=1")
            (self.scratch / "agent.log").unlink()

    def statistics(self):
        return {name: int(value) for name, value in
                re.findall(r"(?m)^# (\w+) = (\d+)$", self.text("heap?debug=1"))}


class Differences(EndpointsCase):
    def test_what_happened_meanwhile(self):
        with self.served(HEAP_RATE=1, BLOCK_RATE="1ns") as talk:
            for _ in range(5):
                talk.ask("allocate 1000")
            client = self.client()
            self.addCleanup(client.close)
            # What was there before has no part in the difference.
            talk.ask("threads 2")
            for kind, sample_type, command, expected in (
                    ("heap", "inuse_space", "free", -5000), ("heap", "inuse_objects", "allocate 10", 1),
                    ("allocs", "alloc_space", "allocate 777", 777),
                    ("goroutine", "goroutine", "threads 3", 3),
                    ("threadcreate", "threadcreate", "threads 4", 4),
                    ("block", "contentions", "contend 5", None),
                    ("mutex", "contentions", "contend 5", None),
                    ("contention", "contentions", "contend 5", None)):
                with self.subTest(kind=kind, command=command):
                    client.request("GET", f"/debug/pprof/{kind}?seconds=1")
                    # What comes is worked through in order: the one before has been read.
                    self.body("cmdline")
                    talk.ask(command)
                    response = client.getresponse()
                    saved = self.scratch / "delta.pb.gz"
                    saved.write_bytes(response.read())
                    self.assertEqual(response.status, 200)
                    self.assertEqual(response.headers["Content-Disposition"],
                                     f'attachment; filename="{kind}-delta"')
                    profile = profile_reader.Profile(saved)
                    self.assertGreaterEqual(profile.duration_nanos, 1e9)
                    if expected is None:
                        self.assertGreater(profile.total(sample_type), 0)
                    else:
                        self.assertEqual(profile.total(sample_type), expected)


    def test_memory_is_given_back_first(self):
        def resident(talk):
            return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(
                f"/proc/{talk.pid}/status").read_text())[1])
        for path in ("heap?gc=1", "allocs?gc=1", "heap?gc=1&seconds=0.01", "heap?gc=1&debug=1"):
            with self.served() as talk:
                before = resident(talk)
                talk.ask("holes 4000")  # 32 MB, of which the last block holds all
                held = resident(talk)
                self.assertGreater(held, before + 30_000)
                self.body(path)
                self.assertLess(resident(talk), before + 8_000, path)
            (self.scratch / "agent.log").unlink()


class Errors(EndpointsCase):
    def test_are_gos(self):
        seconds = b'invalid value for "seconds" - must be a positive '
        too_many = b'invalid value for "seconds" - at most 604800 are '
        with self.served():
            for path, status, body in (
                    ("nonsense", 404, b"Unknown profile\n"),
                    ("nonsense?seconds=1", 404, b"Unknown profile\n"),
                    ("heap?seconds=abc", 400, seconds), ("heap?seconds=0", 400, seconds),
                    ("heap?seconds=-1", 400, seconds), ("heap?seconds=1e99", 400, seconds),
                    ("heap?seconds=999999999", 400, too_many),
                    ("profile?seconds=99999999999999", 400, too_many),
                    ("heap?seconds=1&debug=1", 400, b"seconds and debug params are incompatible\n")):
                with self.subTest(path=path):
                    response, found = self.get(f"/debug/pprof/{path}")
                    self.assertEqual(response.status, status)
                    self.assertEqual(response.headers["X-Go-Pprof"], "1")
                    self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
                    self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
                    self.assertNotIn("Content-Disposition", response.headers)
                    self.assertEqual(found[:len(body)], body)
            for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
                response, found = self.get("/debug/pprof/heap", method=method)
                self.assertEqual((response.status, response.headers["Allow"], found),
                                 (405, "GET, HEAD", b"Method Not Allowed\n"))
            response, _ = self.get("/debug/pprof")
            self.assertEqual((response.status, response.headers["Location"]),
                             (301, "/debug/pprof/"))
            for path, status in (("/pprof/heap", 200), ("/nothing", 404)):
                self.assertEqual(self.get(path)[0].status, status)


if __name__ == "__main__":
    unittest.main()
