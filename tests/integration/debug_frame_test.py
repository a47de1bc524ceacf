# SPDX-License-Identifier: Apache-2.0
"""Programs whose frames are described in .debug_frame only, which is not loaded."""

import random
import re
import subprocess
import unittest

import harness

PROGRAM = harness.PROGRAMS / "untabled"
LIBRARY = harness.PROGRAMS / "untabled_library.so"


class WithoutTables(harness.TestCase):
    def sections(self, path):
        text = subprocess.run(["readelf", "--wide", "--sections", path], check=True,
                              capture_output=True, text=True).stdout
        return {name: (int(offset, 16), int(size, 16)) for name, offset, size in
                re.findall(r"\] (\.\S+)\s+\S+\s+[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", text)}

    def test_stacks_are_whole_from_the_first(self):
        self.run_program(PROGRAM, check=True,
                         environment=self.agent(HEAP_RATE=1, CPU_RATE=1000,
                                                EXIT_PROFILES="allocs,cpu"))
        allocations = self.read(self.dump_files(kind="allocs")[0])
        self.assertEqual(allocations.total("alloc_objects", "untabled_leaf"), 100)
        cpu = self.read(self.dump_files(kind="cpu")[0])
        self.assertGreater(cpu.total("cpu", "untabled_burns"), 0)
        for profile in (allocations, cpu):
            for sample in profile.samples:
                functions = sample.functions()
                if functions[0].startswith("untabled_"):
                    self.assertEqual(functions[-1], "_start", functions)
                    self.assertIn("main", functions)
            self.assertEqual([line for line in profile.comments if line.startswith("cut")], [])
        self.assertEqual(self.log_lines(), [])

    def test_libraries_are_read_when_they_are_met(self):
        process = subprocess.Popen(
            [PROGRAM, LIBRARY], stdin=subprocess.PIPE, cwd=self.scratch,
            env=self.agent(HEAP_RATE=1, EXIT_PROFILES="allocs", LOG_LEVEL="info"))
        self.addCleanup(process.kill)
        harness.wait_until(lambda: any(f"{LIBRARY.name}: .debug_frame describes" in line
                                       for line in self.log_lines()), "the library to be read")
        process.communicate(b"go on\n", timeout=harness.DEADLINE_SECONDS)
        self.assertEqual(process.returncode, 0)
        profile = self.read(self.dump_files(kind="allocs")[0])
        second = [sample.functions() for sample in profile.samples
                  if sample.functions()[0] == "untabled_inner" and
                  sample.functions()[-1] == "_start"]
        self.assertEqual([stack[:2] for stack in second], [["untabled_inner", "untabled_allocate"]])
        self.assertIn("main", second[0])

    def test_damage_is_survived(self):
        good = PROGRAM.read_bytes()
        offset, size = self.sections(PROGRAM)[".debug_frame"]
        generator = random.Random(3)
        damaged = [good[:offset] + bytes(generator.randrange(256) for _ in range(size)) +
                   good[offset + size:] for _ in range(3)]
        for at in (0, 4, 8, size // 2, size - 4):
            damaged.append(good[:offset + at] + b"\xff\xff\xff\x7f" + good[offset + at + 4:])
        # The section is said to go on beyond the end of the file.
        damaged.append(good[:offset + size // 2])
        for number, content in enumerate(damaged):
            program = self.scratch / f"damaged{number}"
            program.write_bytes(content)
            program.chmod(0o755)
            with self.subTest(number):
                result = self.run_program(program, environment=self.agent(
                    HEAP_RATE=1, EXIT_PROFILES="allocs"))
                self.assertEqual((result.returncode, result.stdout, result.stderr),
                                 (0, b"done\n", b""))
                self.assertEqual(len(self.dump_files(kind="allocs")), number + 1)


if __name__ == "__main__":
    unittest.main()
