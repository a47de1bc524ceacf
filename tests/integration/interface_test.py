# SPDX-License-Identifier: Apache-2.0
"""The interface for programs: with the agent, without it, and from an installed tree."""

import errno
import os
import pathlib
import shutil
import subprocess
import unittest

import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]
NO_AGENT = -errno.ENOSYS


class Interface(harness.TestCase):
    def answers(self, program, *arguments, **environment):
        result = self.run_program(program, *arguments, **environment)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return [tuple(line.rsplit(" ", 1)) for line in result.stdout.decode().splitlines()]

    def numbers(self, answers):
        """The answers by question, as a list each."""
        found = {}
        for question, answer in answers:
            found.setdefault(question, []).append(int(answer))
        return found


class WithAgent(Interface):
    def test_every_call_in_c(self):
        cpu, heap = self.scratch / "cpu.pb.gz", self.scratch / "heap.pb.gz"
        answers = self.answers(harness.PROGRAMS / "interface", cpu, heap,
                               environment=self.agent())
        name = answers.pop(answers.index(("name", "app/things")))
        self.assertEqual(name, ("name", "app/things"))
        self.assertEqual(self.numbers(answers), {
            "present": [1], "cpu_start": [0], "cpu_start again": [-errno.EBUSY],
            "cpu_stop": [0], "cpu_stop again": [-errno.EINVAL], "create": [0],
            "create again": [-errno.EEXIST], "same": [1], "create heap": [-errno.EPERM],
            "create nothing": [-errno.EINVAL], "add": [0, 0, 0], "add again": [-errno.EEXIST],
            "remove": [0], "remove again": [-errno.ENOENT], "count": [2], "dump": [0],
            "lookup": [1], "lookup nothing": [0], "lookup cpu": [0], "list": [1],
            "add to heap": [-errno.EPERM], "dump to": [0], "dump to nowhere": [-errno.EIO],
            "labels push": [0, 0], "labels before": [0], "labels list": [2, 1],
            "labels order": [1], "labels back": [0], "labels with": [0], "labels same": [1],
            "labels bad": [-errno.EINVAL, -errno.EINVAL, -errno.E2BIG, -errno.EINVAL],
            "labels none": [0, 0], "refused": [-errno.EIO], "text": [0], "is text": [1], "heap rate": [524288, 4096],
            "mutex fraction": [1, 7], "block rate": [1000000, 1000]})
        self.assertGreater(self.read(cpu).total("cpu", "burn_cpu"), 100_000_000)
        self.assertEqual(self.read(heap).sample_types[-1], ("inuse_space", "bytes"))
        things = self.read(next(self.dumps.glob("interface.*.app_things.pb.gz")))
        self.assertEqual(things.sample_types, [("app/things", "count")])
        self.assertEqual(things.total("app/things", "open_thing"), 2)

    def test_every_class_in_cpp(self):
        cpu = self.scratch / "cpu.pb.gz"
        answers = self.answers(harness.PROGRAMS / "interface_cpp", cpu, environment=self.agent())
        self.assertEqual(answers, [
            ("present", "1"), ("second", str(errno.EBUSY)), ("stop", "0"),
            ("stop again", str(errno.EINVAL)), ("connections", "2"), ("connections", "1"),
            ("text", "0"), ("begins connections", "profile"), ("connections", "0"),
            ("caught by the", "writer"), ("profiles", "1"), ("rate", "1000000")])
        self.assertGreater(self.read(cpu).total("cpu"), 0)

    def test_rates_hold_from_call_to_call(self):
        result = self.run_program(
            harness.PROGRAMS / "rates",
            environment=self.agent(HEAP_RATE=0, MUTEX_FRACTION=0, BLOCK_RATE=0,
                                   EXIT_PROFILES="allocs,mutex,block"))
        self.assertEqual(result.stdout, b"0 0 0\n1 1 1\n")
        for kind, column, where in (("allocs", "alloc_space", "allocate"),
                                    ("mutex", "delay", "hold"), ("block", "delay", "wait")):
            profile = self.read(self.dump_files(kind=kind)[0])
            self.assertGreaterEqual(profile.total(column, where + "_meanwhile"), 100_000)
            for phase in ("before", "after"):
                self.assertEqual(profile.total(column, f"{where}_{phase}"), 0, (kind, phase))

    def test_where_the_agent_is_not_active(self):
        answers = self.answers(harness.PROGRAMS / "interface", os.devnull, os.devnull,
                               environment=self.agent(ONLY="another"))
        self.assertEqual(dict(answers)["present"], "0")
        self.assertEqual(dict(answers)["cpu_start"], str(NO_AGENT))


class WithoutAgent(Interface):
    def test_every_call_says_so(self):
        answers = self.answers(harness.PROGRAMS / "interface", os.devnull, os.devnull,
                               environment=harness.bare_environment())
        answers.pop(answers.index(("name", "")))
        for question, numbers in self.numbers(answers).items():
            expected = {"same": 1, "labels same": 0}.get(question, None)
            for number in numbers:
                self.assertIn(number, (NO_AGENT, 0) if expected is None else (expected,), question)
        self.assertEqual(self.numbers(answers)["cpu_start"], [NO_AGENT])
        answers = self.answers(harness.PROGRAMS / "interface_cpp", os.devnull,
                               environment=harness.bare_environment())
        self.assertIn(("present", "0"), answers)
        self.assertIn(("stop", str(errno.EINVAL)), answers)


@unittest.skipUnless("PPROFAGENT_BUILD" in os.environ, "no build to install from")
class Installed(Interface):
    """What somebody else builds against: only the installed tree."""

    def setUp(self):
        super().setUp()
        self.prefix = self.scratch / "prefix"
        self.command("cmake", "--install", os.environ["PPROFAGENT_BUILD"], "--prefix",
                     self.prefix)
        self.library = next(self.prefix.rglob("libpprofagent.so"))

    def command(self, *words, **arguments):
        result = self.run_program(*words, **arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout.decode()

    def works(self, program):
        cpu = self.scratch / "cpu.pb.gz"
        arguments = [cpu] if program.name.endswith("cpp") else [cpu, os.devnull]
        for preload, present in ((str(self.library), "1"), ("", "0")):
            environment = self.agent(preload=preload)
            self.assertEqual(dict(self.answers(program, *arguments, environment=environment))
                             ["present"], present)

    def test_by_cmake(self):
        source = self.scratch / "source"
        source.mkdir()
        for name in ("interface.c", "interface_cpp.cc"):
            shutil.copy(SOURCE / "tests/programs" / name, source)
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(user LANGUAGES C CXX)\n"
            "find_package(pprofagent 0.1 REQUIRED)\n"
            "foreach(name interface.c interface_cpp.cc)\n"
            "  cmake_path(GET name STEM stem)\n"
            "  add_executable(${stem} ${name})\n"
            "  target_link_libraries(${stem} PRIVATE pprofagent::pprofagent)\n"
            "endforeach()\n"
            "set_target_properties(interface PROPERTIES C_STANDARD 99)\n"
            "set_target_properties(interface_cpp PROPERTIES CXX_STANDARD 20)\n")
        self.command("cmake", "-G", "Ninja", "-S", source, "-B", self.scratch / "build",
                     f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.command("cmake", "--build", self.scratch / "build")
        self.works(self.scratch / "build/interface")
        self.works(self.scratch / "build/interface_cpp")

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_by_pkg_config(self):
        directory = next(self.prefix.rglob("pprofagent.pc")).parent
        # Where it was put is not where it was configured for.
        flags = self.command("pkg-config", "--cflags",
                             "pprofagent",
                             environment={**os.environ, "PKG_CONFIG_PATH": str(directory)}).split()
        # A program that is not position independent cannot use weak references.
        self.command("cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-no-pie",
                     "-fno-pie", *flags, SOURCE / "tests/programs/interface.c", "-o",
                     self.scratch / "interface")
        self.works(self.scratch / "interface")


if __name__ == "__main__":
    unittest.main()
