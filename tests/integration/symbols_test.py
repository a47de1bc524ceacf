# SPDX-License-Identifier: Apache-2.0
"""Symbols of real programs as cpprof finds them: compilers and kinds of debug information, separate
files, a debuginfod server (a fake one, on the loopback), the cache, the advice on a terminal.
"""

import contextlib
import gzip
import http.server
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import threading
import unittest

CPPROF = os.environ["CPPROF"]

SOURCE = r"""
static inline __attribute__((always_inline)) int inner(int x) { return x * x + 7; }
__attribute__((noinline)) int outer(volatile int *x) {
  return inner(*x);
}
int main(void) {
  volatile int x = 3;
  return outer(&x) == 42;
}
"""


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, body):
    return varint(field << 3 | 2) + varint(len(body)) + body


def output_of(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True).stdout


class DebugInfoServer(http.server.ThreadingHTTPServer):
    """Answers /buildid/ID/debuginfo and /buildid/ID/executable from a dictionary."""

    def __init__(self):
        self.files = {}
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                server.requests.append(self.path)
                body = server.files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class SymbolsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="cpprof-symbols."))
        self.addCleanup(shutil.rmtree, self.scratch)
        (self.scratch / "program.c").write_text(SOURCE)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.scratch), "TZ": "UTC",
                            "PPROF_BINARY_PATH": "/nonexistent", "CPPROF_SYMBOL_CACHE": "off"}

    def build(self, *flags, compiler="gcc", name="program"):
        program = self.scratch / name
        subprocess.run([compiler, "-O1", *flags, "-no-pie", "-Wl,--build-id", "-o", name,
                        "program.c"], check=True, cwd=self.scratch)
        self.address = int(re.search(r"^([0-9a-f]+) . outer$", output_of("nm", program), re.M)[1],
                           16)
        headers = output_of("readelf", "-lW", program)
        self.segment = next(
            tuple(int(m[i], 16) for i in (1, 2, 3))
            for m in re.finditer(r"LOAD +(0x\w+) (0x\w+) 0x\w+ 0x\w+ (0x\w+) R E", headers))
        self.build_id = re.search(r"Build ID: (\w+)", output_of("readelf", "-nW", program))[1]
        return program

    def profile(self, program, build_id=None, addresses=range(4)):
        """A profile of addresses in the function outer."""
        offset, start, size = self.segment
        texts = ["", "samples", "count", str(program), build_id or ""]
        body = message(1, number(1, 1) + number(2, 2))
        body += message(3, number(1, 1) + number(2, start) + number(3, start + size) +
                        number(4, offset) + number(5, 3) + number(6, 4))
        for location, place in enumerate(addresses, 1):
            body += message(2, message(1, varint(location)) + message(2, varint(10)))
            body += message(4, number(1, location) + number(2, 1) +
                            number(3, self.address + place))
        body += b"".join(message(6, text.encode()) for text in texts)
        path = self.scratch / "profile.pb.gz"
        path.write_bytes(gzip.compress(body))
        return path

    def cpprof(self, *arguments, **environment):
        return subprocess.run([CPPROF, *map(str, arguments)], capture_output=True, text=True,
                              env={**self.environment, **environment}, timeout=120)

    def assert_inlined(self, profile, **environment):
        result = self.cpprof("-traces", "-lines", profile, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"inner .*program\.c:2 \(inline\)|inner .*program\.c:2",
                         result.stderr)
        self.assertRegex(result.stdout, r"outer .*program\.c:4", result.stderr)
        return result

    def test_kinds_of_debug_information(self):
        for compiler in ("gcc", "clang"):
            for flags in (["-gdwarf-4"], ["-gdwarf-5"], ["-g", "-gz"], ["-gdwarf-4", "-gsplit-dwarf"],
                          ["-gdwarf-5", "-gsplit-dwarf"], ["-gdwarf-4", "-fdebug-types-section"]):
                with self.subTest(compiler=compiler, flags=flags):
                    program = self.build(*flags, compiler=compiler)
                    self.assert_inlined(self.profile(program))

    def test_names_from_minidebuginfo(self):
        program = self.build()
        # outer has to be in no other table: as Fedora makes them.
        subprocess.run("objcopy --only-keep-debug program full && "
                       "objcopy -S --remove-section .comment full mini && "
                       "nm full --format=posix --defined-only | "
                       "awk '$2 ~ /[Tt]/ {print $1}' > keep && "
                       "objcopy --only-keep-debug --keep-symbols=keep full mini && "
                       "xz -f mini && strip --strip-all -R .comment program && "
                       "objcopy --add-section .gnu_debugdata=mini.xz program",
                       shell=True, check=True, cwd=self.scratch)
        result = self.cpprof("-top", self.profile(program))
        self.assertIn("outer", result.stdout, result.stderr)

    def test_debuginfod(self):
        program = self.build("-g")
        server = DebugInfoServer()
        self.addCleanup(server.stop)
        subprocess.run("objcopy --only-keep-debug program program.dbg && strip -s program",
                       shell=True, check=True, cwd=self.scratch)
        debug = (self.scratch / "program.dbg").read_bytes()
        (self.scratch / "program.dbg").unlink()
        build_id = self.build_id
        profile = self.profile(program, build_id)
        # Nobody is asked by default.
        self.assertNotIn("outer", self.cpprof("-top", profile).stdout)
        self.assertEqual(server.requests, [])

        # A server that has it not: no names, and no fuss.
        missing = self.cpprof("-top", profile, DEBUGINFOD_URLS=server.url,
                              DEBUGINFOD_CACHE_PATH=str(self.scratch / "empty"))
        self.assertEqual((missing.returncode, missing.stderr), (0, ""))
        self.assertIn(f"/buildid/{build_id}/debuginfo", server.requests)

        server.files[f"/buildid/{build_id}/debuginfo"] = debug
        fetched = {"DEBUGINFOD_URLS": server.url,
                   "DEBUGINFOD_CACHE_PATH": str(self.scratch / "client")}
        self.assert_inlined(profile, **fetched)

        # The program itself is on another machine.
        server.files[f"/buildid/{build_id}/executable"] = program.read_bytes()
        program.unlink()
        self.assert_inlined(profile, **fetched)

        # What is not the file asked for is not taken.
        other = self.build("-g", "-DOTHER", "-O2", name="other")
        server.files[f"/buildid/{build_id}/debuginfo"] = other.read_bytes()
        server.files[f"/buildid/{build_id}/executable"] = other.read_bytes()
        wrong = self.cpprof("-top", profile, DEBUGINFOD_URLS=server.url,
                            DEBUGINFOD_CACHE_PATH=str(self.scratch / "wrong"))
        self.assertNotIn("outer", wrong.stdout)

    def test_an_unreachable_server_is_told_once(self):
        program = self.build("-g")
        subprocess.run(["strip", "-s", program], check=True)
        profile = self.profile(program, self.build_id)
        server = DebugInfoServer()
        url = server.url
        server.stop()
        result = self.cpprof("-top", profile, DEBUGINFOD_URLS=url)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("debuginfod is not asked"), 1, result.stderr)
        self.assertIn(url, result.stderr)

    def test_the_cache_changes_nothing_but_time(self):
        program = self.build("-g")
        cache = self.scratch / "cache"
        with_cache = {"CPPROF_SYMBOL_CACHE": str(cache)}
        for path in (os.environ["PATH"], str(self.tools("addr2line", "nm")), "/nonexistent"):
            for demangle in ("default", "full", "templates", "none"):
                shutil.rmtree(cache, ignore_errors=True)
                options = ["-raw", f"-symbolize=local:demangle={demangle}"]
                few = self.profile(program, self.build_id)
                plain = self.cpprof(*options, few, PATH=path).stdout
                first = self.cpprof(*options, few, PATH=path, **with_cache).stdout
                files = list(cache.iterdir())
                self.assertEqual(len(files), 1)
                again = self.cpprof(*options, few, PATH=path, **with_cache).stdout
                self.assertEqual([first, again], [plain, plain])
                # More addresses than are known.
                more = self.profile(program, self.build_id, range(8))
                self.assertEqual(self.cpprof(*options, more, PATH=path, **with_cache).stdout,
                                 self.cpprof(*options, more, PATH=path).stdout)
                # A damaged file is written anew.
                files[0].write_bytes(b"damage" + files[0].read_bytes()[6:])
                damaged = self.cpprof(*options, more, PATH=path, **with_cache)
                self.assertEqual(damaged.stderr, "")
                self.assertEqual(damaged.stdout, self.cpprof(*options, more, PATH=path).stdout)
                self.assertNotEqual(files[0].read_bytes()[:6], b"damage")

    def test_the_cache_notices_debug_information_that_comes_later(self):
        program = self.build("-g")
        subprocess.run("objcopy --only-keep-debug program program.debug && strip -s program && "
                       "objcopy --add-gnu-debuglink=program.debug program && mkdir away && "
                       "mv program.debug away", shell=True, check=True, cwd=self.scratch)
        profile = self.profile(program, self.build_id)
        with_cache = {"CPPROF_SYMBOL_CACHE": str(self.scratch / "cache")}
        self.assertNotIn("outer", self.cpprof("-top", profile, **with_cache).stdout)
        (self.scratch / "away/program.debug").rename(self.scratch / "program.debug")
        self.assert_inlined(profile, **with_cache)

    def test_advice_for_people_only(self):
        program = self.build("-g")
        subprocess.run(["strip", "-s", program], check=True)
        profile = self.profile(program, self.build_id)
        self.assertEqual(self.cpprof("-top", profile).stderr, "")
        said = self.on_terminal("-top", profile)
        self.assertIn("No names for 100% of the frames: program (no debug symbols: install them or "
                      "set DEBUGINFOD_URLS)", said)
        self.assertNotIn("No names", self.on_terminal("-top", "-symbolize=none", profile))

    def tools(self, *names):
        """A directory with only these programs."""
        folder = self.scratch / "tools"
        folder.mkdir(exist_ok=True)
        for name in names:
            if not (folder / name).exists():
                (folder / name).symlink_to(shutil.which(name))
        return folder

    def on_terminal(self, *arguments):
        """What is said on standard error when that is a terminal."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen([CPPROF, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=theirs, env=self.environment)
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the other end has been closed
            while select.select([ours], [], [], 60)[0]:
                part = os.read(ours, 4096)
                if not part:
                    break
                said += part
        self.assertEqual(process.wait(60), 0)
        return said.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
