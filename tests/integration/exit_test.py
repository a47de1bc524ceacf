# SPDX-License-Identifier: Apache-2.0
"""Profiles written when a process ends, whatever way it ends, and by its children."""

import os
import pathlib
import signal
import unittest

import harness


class Exits(harness.TestCase):
    def end_with(self, command, status, **options):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1, **options) as talk:
            talk.ask("allocate 60013")
            self.assertEqual(talk.end(command)[0], status)
            return talk.pid

    def check_dump(self, pid):
        files = self.dump_files(kind="heap", pid=pid)
        self.assertEqual(len(files), 1)
        self.assertEqual(self.read(files[0]).total("inuse_space", "allocate_block"), 60013)
        self.assertEqual([path.name for path in self.dumps.iterdir() if path not in files], [])

    def test_exit(self):
        self.check_dump(self.end_with("exit 3", 3))

    def test_return_from_main(self):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            talk.ask("allocate 60013")
            talk.process.stdin.close()
            talk.process.stdin = None
            self.assertEqual(talk.end()[0], 0)
        self.check_dump(talk.pid)

    def test_direct_exit(self):
        self.check_dump(self.end_with("_exit 4", 4))

    def test_abort(self):
        self.check_dump(self.end_with("abort", -signal.SIGABRT))

    def end_by(self, number, *commands):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            for command in ("allocate 60013", *commands):
                talk.ask(command)
            os.kill(talk.pid, number)
            self.assertEqual(talk.end(), (-number, b"", b""))
        self.check_dump(talk.pid)

    def test_termination(self):
        self.end_by(signal.SIGTERM)

    def test_interrupt(self):
        self.end_by(signal.SIGINT)

    def test_hangup(self):
        self.end_by(signal.SIGHUP)

    def test_signal_in_a_program_with_threads(self):
        self.end_by(signal.SIGTERM, "threads 3")

    def test_signal_while_the_program_computes(self):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            talk.ask("allocate 60013")
            talk.send("burn 1000000")
            os.kill(talk.pid, signal.SIGTERM)
            self.assertEqual(talk.end(), (-signal.SIGTERM, b"", b""))
        self.check_dump(talk.pid)

    def test_signal_while_the_only_thread_waits_for_a_condition(self):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            talk.ask("allocate 60013")
            talk.ask("condition")
            stat = pathlib.Path(f"/proc/{talk.pid}/stat")
            harness.wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S",
                               "the program to wait")
            os.kill(talk.pid, signal.SIGTERM)
            self.assertEqual(talk.end(), (-signal.SIGTERM, b"", b""))
        self.check_dump(talk.pid)

    def test_two_signals_write_once(self):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            talk.ask("allocate 60013")
            os.kill(talk.pid, signal.SIGTERM)
            os.kill(talk.pid, signal.SIGTERM)
            self.assertEqual(talk.end()[0], -signal.SIGTERM)
        self.check_dump(talk.pid)

    def test_with_threads_that_still_run(self):
        with self.conversation(EXIT_PROFILES="heap", HEAP_RATE=1) as talk:
            talk.ask("threads 10")
            talk.ask("allocate 60013")
            self.assertEqual(talk.end("exit 0")[0], 0)
        self.check_dump(talk.pid)

    def test_unwritable_directory_changes_nothing(self):
        self.dumps.write_text("no directory")
        with self.conversation(EXIT_PROFILES="heap") as talk:
            self.assertEqual(talk.end("exit 3"), (3, b"", b""))

    def test_files_named_as_by_go_test(self):
        cpu, memory = self.scratch / "cpu.pb.gz", self.scratch / "mem.pb.gz"
        with self.conversation(CPUPROFILE=cpu, MEMPROFILE=memory, HEAP_RATE=1) as talk:
            talk.ask("burn 300")
            talk.ask("allocate 60013")
            talk.end("exit 0")
        self.assertEqual(self.read(memory).total("inuse_space", "allocate_block"), 60013)
        profile = self.read(cpu)
        self.assertEqual(profile.sample_types, [("samples", "count"), ("cpu", "nanoseconds")])
        self.assertGreater(profile.total("cpu", "burn_cpu"), 200_000_000)

    def test_relative_file_and_output_directory(self):
        with self.conversation(MEMPROFILE="mem.pb.gz", OUTPUTDIR=self.scratch) as talk:
            talk.ask("chdir-root")
            talk.end("exit 0")
        self.assertTrue((self.scratch / "mem.pb.gz").exists())


class Children(harness.TestCase):
    def test_a_child_has_files_of_its_own(self):
        with self.conversation(HEAP_RATE=1) as talk:
            talk.ask("allocate 60013")
            harness.signal_and_wait(self, talk.pid)
            child = int(talk.ask("fork"))
            self.assertEqual(talk.ask("allocate 70001"), "allocated")  # the child obeys
            path = harness.signal_and_wait(self, child)
            self.assertEqual(path.name, f"waiter.{child}.0000.heap.pb.gz")
            # The heap a child is born with is in its profile too.
            self.assertEqual(self.read(path).total("inuse_space", "allocate_block"), 130014)
            self.assertEqual(talk.ask("exit 5"), "child ended 1280")
            parent = self.read(harness.signal_and_wait(self, talk.pid))
            self.assertEqual(parent.total("inuse_space", "allocate_block"), 60013)

    def test_exit_profiles_of_a_family(self):
        with self.conversation(HEAP_RATE=1, EXIT_PROFILES="heap") as talk:
            child = int(talk.ask("fork"))
            grandchild = int(talk.ask("fork"))
            talk.ask("allocate 70001")
            talk.ask("exit 1")   # answered by the child
            talk.ask("_exit 2")  # answered by the parent
            self.assertEqual(talk.end("exit 3")[0], 3)
        for pid, size in ((talk.pid, 0), (child, 0), (grandchild, 70001)):
            files = self.dump_files(pid=pid)
            self.assertEqual(len(files), 1, pid)
            self.assertEqual(self.read(files[0]).total("inuse_space", "allocate_block"), size)

    def test_a_childs_profile_does_not_overwrite_its_parents(self):
        memory = self.scratch / "mem.pb.gz"
        with self.conversation(MEMPROFILE=memory, HEAP_RATE=1) as talk:
            talk.ask("fork")
            talk.ask("allocate 70001")
            talk.ask("exit 0")
            talk.ask("allocate 60013")
            talk.end("exit 0")
        self.assertEqual(self.read(memory).total("inuse_space", "allocate_block"), 60013)

    def test_forking_with_threads_under_load_ends(self):
        for _ in range(3):
            found = self.run_program(harness.PROGRAMS / "processes", environment=self.agent(
                HEAP_RATE="16k", CPU_RATE=1000, CPUPROFILE=self.scratch / "cpu.pb.gz"))
            self.assertEqual(found.returncode, 5)

    def test_shell_and_its_commands_each_write(self):
        self.run_program("bash", "-c", "/bin/true; ls / | cat; exit 0", check=True,
                         environment=self.agent(EXIT_PROFILES="heap"))
        names = {harness.FILE_NAME.fullmatch(path.name)["exe"] for path in self.dump_files()}
        self.assertLessEqual({"bash", "true", "ls", "cat"}, names)


if __name__ == "__main__":
    unittest.main()
