# SPDX-License-Identifier: Apache-2.0
"""Runs one fuzz target for a number of seconds on seeds made here.

    run_fuzzer.py PROGRAM TARGET SECONDS

A failing input is printed in base64, so that a log is enough to reproduce it. The inputs tried are
the same in every run of one build; FUZZ_SEED in the environment, a number, gives others (0: by the
clock).
"""

import base64
import gzip
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile


def varint(value):
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes(encoded) + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def profile_proto():
    """A small profile with one of everything."""
    strings = [b"", b"cpu", b"nanoseconds", b"main", b"main.cc", b"/bin/program", b"abcdef", b"key"]
    parts = [field(1, field(1, 1) + field(2, 2)),
             field(2, field(1, varint(1) + varint(2)) + field(2, varint(7)) +
                   field(3, field(1, 7) + field(3, 42)) + field(3, field(1, 7) + field(2, 3))),
             field(2, field(1, 2) + field(2, -7)),
             field(3, field(1, 1) + field(2, 0x1000) + field(3, 0x2000) + field(5, 5) + field(6, 6)),
             field(4, field(1, 1) + field(2, 1) + field(3, 0x1234) +
                   field(4, field(1, 1) + field(2, 12)) + field(4, field(1, 2) + field(2, 3))),
             field(4, field(1, 2) + field(2, 1) + field(3, 0x1300)),
             field(5, field(1, 1) + field(2, 3) + field(3, 3) + field(4, 4) + field(5, 1)),
             field(5, field(1, 2) + field(2, 3)),
             *(field(6, text) for text in strings),
             field(7, 3), field(8, 3), field(9, 1700000000), field(10, 10), field(11, field(1, 1)),
             field(12, 100), field(13, 3), field(14, 1)]
    return b"".join(parts)


MAPS = b"""MAPPED_LIBRARIES:
00400000-00500000 r-xp 00000000 08:01 1234 /bin/program
7f0000000000-7f0000100000 r-xp 00001000 08:01 99 /lib/libc.so.6
"""
LEGACY = [
    b"heap profile: 2: 300 [3: 500] @ heap_v2/524288\n1: 100 [1: 100] @ 0x400123 0x400456\n"
    b"1: 200 [2: 400] @ 0x400124\n" + MAPS,
    b"heap profile: 1: 10 [1: 10] @ heapprofile\n1: 10 [1: 10] @ 0x400123\n" + MAPS,
    b"goroutine profile: total 3\n2 @ 0x400123 0x400456\n#\t0x400123\tmain+0x3\t/a.go:1\n1 @ 0x400500\n",
    b"--- contention:\ncycles/second=1000000000\nsampling period=5\n700 3 @ 0x400123 0x400456\n" + MAPS,
    b"--- threadz 1 ---\n\n--- Thread 7f00 (name: main/12) stack: ---\n  0x400123 0x400456\n"
    b"--- Thread 7f01 (name: w/13) stack: ---\n  [same as previous thread]\n" + MAPS,
    b"--- heapz 1 ---\nformat = java\nresolution = bytes\n  8 4 @ 0x400123\n\n"
    b"  0x400123 com.example.Main.run (Main.java:7)\n",
    struct.pack("<8Q", 0, 3, 0, 10000, 0, 2, 2, 0x400123) + struct.pack("<4Q", 0x400456, 0, 1, 0) +
    MAPS,
]

STACKS = [
    b"# comment\nmain;work;operator new(unsigned long) 600\nmain 3\nmain;;x -1\n",
    b"redis-server  4711/4712  [001]  105.250000:     250000 cycles:u: \n"
    b"\t    55d0c0ffee12 dictFind+0x42 (/usr/bin/redis-server)\n"
    b"\t    55d0c0ffee99 inner(int) (inlined)\n"
    b"\t    55d0c0ffee99 process(char*)+0x99 (/usr/bin/x (deleted))\n file.c:12\n\n",
    b"     sleep  77 12.5:  cycles:  7f00 nanosleep+0x3 (/lib/libc.so.6)\n",
]
LISTINGS = [
    b"\nx:     file format elf64-x86-64\n\n\nDisassembly of section .text:\n\n0000000000000010 <f(int)>:\n"
    b"f(int)():\n/src/work.cc:12 (discriminator 3)\n  10:\tpush   %rbp\n  11:\tret    \n\t...\n",
    b"0000000000000010 <main>:\n; main():\n; /src/work.c:7\n      10: movl\t$1, %eax\n",
]


HTTP = [
    b"GET /debug/pprof/heap?debug=1&seconds=0.5 HTTP/1.1\r\nHost: localhost:6060\r\n\r\n",
    b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: [::1]:1\r\nContent-Length: 5\r\n\r\n0x123"
    b"GET http://127.0.0.1/%41?a=%zz HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nOrigin: null\r\n"
    b"Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
]


def compiled_object(folder, name="seed", *options):
    """A small library with unwind tables and debug information."""
    source = folder / f"{name}.cc"
    source.write_text("struct S { ~S(); }; int f(int); inline int g(int x) { return f(x) + 1; }\n"
                      "int h(int x) { S s; return x ? g(x) + g(x - 1) : 0; }\n")
    library = folder / f"{name}.so"
    subprocess.run(["g++", "-shared", "-fPIC", "-g", *options, "-O1", "-nostdlib",
                    "-Wl,-z,noseparate-code", "-o", library, source], check=True)
    return library


def unwind_seed(library):
    text = subprocess.run(["readelf", "--wide", "--sections", library], check=True,
                          capture_output=True, text=True).stdout
    address = {name: int(value, 16) for name, value in
               re.findall(r"\] (\.\S+)\s+\S+\s+([0-9a-f]+)", text)}
    return struct.pack("<II", address[".eh_frame_hdr"], address[".text"]) + library.read_bytes()


def debug_frame_seed(folder, *options):
    """The section of a library that has no other unwind tables, behind an address in it."""
    library = folder / "untabled.so"
    source = folder / "untabled.c"
    source.write_text("int f(int); int g(int x) { return f(x) + 1; }\n"
                      "int h(int x, int n) { char b[n]; b[x] = f((long)b); return g(b[n - x]); }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-g", "-O1", "-nostdlib", "-fno-unwind-tables",
                    "-fno-asynchronous-unwind-tables", *options, "-o", library, source], check=True)
    text = subprocess.run(["readelf", "--wide", "--sections", library], check=True,
                          capture_output=True, text=True).stdout
    place = {name: [int(number, 16) for number in numbers] for name, *numbers in
             re.findall(r"\] (\.\S+)\s+\S+\s+([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", text)}
    _, offset, size = place[".debug_frame"]
    return struct.pack("<I", place[".text"][0]) + library.read_bytes()[offset:offset + size]


def seeds(target, folder):
    proto = profile_proto()
    environment = b"HEAP_RATE=512k\0CPU_RATE=100\0SIGNAL=RTMIN+3\0INTERVAL=10s\0ONLY=a*,b\0DIR=/tmp/%p"
    if target in ("agent_symbols", "object_file", "unwind_tables"):
        library = compiled_object(folder)
        stripped = folder / "stripped.so"
        subprocess.run(["strip", "-o", stripped, library], check=True)
        if target == "unwind_tables":
            return [unwind_seed(library), unwind_seed(stripped)]
        files = [library, stripped]
        for number, options in enumerate((["-gdwarf-4"], ["-gdwarf-5", "-gz=zlib"])):
            files.append(compiled_object(folder, f"variant{number}", *options))
        return [path.read_bytes() for path in files]
    if target == "debug_frame":
        return [debug_frame_seed(folder), debug_frame_seed(folder, "-gdwarf-5", "-gdwarf64")]
    return {
        "profile_proto": [proto, proto[:60]],
        "profile_file": [proto, gzip.compress(proto), *LEGACY, *STACKS, *map(gzip.compress, LEGACY)],
        "legacy_formats": LEGACY,
        "stacks": STACKS,
        "objdump_listing": LISTINGS,
        "gzip": [gzip.compress(proto), gzip.compress(b"a") + gzip.compress(b"b"), gzip.compress(b"")],
        "dump_name": [b"redis-server.1234.0007.heap.pb.gz", b"a.b.1.9999.cpu.pb.gz", b".x.pb.gz"],
        "agent_options": [environment],
        "http_request": HTTP,
        "local_client": [*HTTP, b"status\n\ndump heap mutex\r\nset HEAP_RATE=1", b" \n\thelp", b"x" * 9000],
    }[target]


def main():
    program, target, seconds = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="pprofagent-fuzz.") as name:
        folder = pathlib.Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds(target, folder)):
            (corpus / f"seed{number}").write_bytes(seed)
        found = subprocess.run(
            [program, f"-seed={os.environ.get('FUZZ_SEED', '1')}", f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000",
             "-max_len=65536", "-print_final_stats=1", f"-artifact_prefix={folder}/failure-", corpus],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        print("\n".join(found.stdout.splitlines()[-60:]))
        for path in folder.glob("failure-*"):
            print(f"{path.name}: {base64.b64encode(path.read_bytes()).decode()}")
        executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", found.stdout)
        if found.returncode == 0 and (executed is None or int(executed.group(1)) < 100):
            print(f"only {executed.group(1) if executed else 'no'} inputs were tried")
            return 1
        return found.returncode


if __name__ == "__main__":
    sys.exit(main())
