# SPDX-License-Identifier: Apache-2.0
"""Dumps on request: names, permissions, numbering, what is kept, and directories that refuse."""

import os
import pathlib
import signal
import stat
import subprocess
import unittest

import harness


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class DumpsBySignal(harness.TestCase):
    def test_names_numbers_and_permissions(self):
        with self.conversation() as talk:
            for number in range(3):
                path = harness.signal_and_wait(self, talk.pid)
                self.assertEqual(path.name, f"waiter.{talk.pid}.{number:04}.heap.pb.gz")
                self.assertEqual(mode(path), 0o600)
            self.assertEqual(mode(self.dumps), 0o700)
            self.assertEqual(talk.end("exit 9")[0], 9)
        self.assertEqual(len(list(self.dumps.iterdir())), 3)

    def test_umask_of_the_program_does_not_matter(self):
        before = os.umask(0)
        try:
            with self.conversation() as talk:
                path = harness.signal_and_wait(self, talk.pid)
                self.assertEqual((mode(path), mode(self.dumps)), (0o600, 0o700))
        finally:
            os.umask(before)

    def test_namespaces_after_a_dump(self):
        """The kernel refuses a new user namespace while the helper is there."""
        bare = harness.Conversation(harness.bare_environment())
        try:
            expected = bare.ask("unshare")
        finally:
            bare.end("exit 0")
        with self.conversation() as talk:
            harness.signal_and_wait(self, talk.pid)
            self.assertEqual(talk.ask("unshare"), expected)
            harness.signal_and_wait(self, talk.pid)

    def test_several_kinds(self):
        with self.conversation(SIGNAL_PROFILES="heap,allocs") as talk:
            os.kill(talk.pid, signal.SIGUSR1)
            self.wait_for_dumps(kind="heap")
            self.wait_for_dumps(kind="allocs")

    def test_another_signal(self):
        with self.conversation(SIGNAL="RTMIN+3") as talk:
            harness.signal_and_wait(self, talk.pid, signal.SIGRTMIN + 3)

    def test_no_signal(self):
        """With SIGNAL=none the signal is the program's again, and its default action ends it."""
        with self.conversation(SIGNAL="none") as talk:
            talk.ask("pid")
            os.kill(talk.pid, signal.SIGUSR1)
            self.assertEqual(talk.end()[0], -signal.SIGUSR1)
        self.assertEqual(self.dump_files(), [])

    def test_handler_of_the_program_still_runs(self):
        with self.conversation() as talk:
            talk.ask("handler")
            harness.signal_and_wait(self, talk.pid)
            harness.signal_and_wait(self, talk.pid)
            self.assertEqual(talk.ask("calls"), "2")

    def test_only_the_newest_are_kept(self):
        with self.conversation(KEEP=3) as talk:
            for number in range(6):
                os.kill(talk.pid, signal.SIGUSR1)
                harness.wait_until(lambda: self.dump_files(pid=talk.pid) and self.dump_files(
                    pid=talk.pid)[-1].name.endswith(f"{number:04}.heap.pb.gz"), f"dump {number}")
            files = harness.wait_until(
                lambda: len(self.dump_files()) == 3 and self.dump_files(), "three files")
            self.assertEqual([int(path.name.split(".")[2]) for path in files], [3, 4, 5])

    def test_files_of_other_processes_are_not_touched(self):
        self.dumps.mkdir(mode=0o700)
        others = [self.dumps / f"waiter.99999999.000{number}.heap.pb.gz" for number in range(5)]
        for path in others:
            path.touch()
        with self.conversation(KEEP=1) as talk:
            harness.signal_and_wait(self, talk.pid)
        for path in others:
            self.assertTrue(path.exists())

    def test_interval(self):
        with self.conversation(INTERVAL="100ms", HEAP_RATE=1) as talk:
            self.assertEqual(talk.ask("allocate 50021"), "allocated")
            self.wait_for_dumps(3, kind="heap")
            last = self.read(self.dump_files(kind="heap")[-1])
            self.assertEqual(last.total("inuse_space", "allocate_block"), 50021)

    def test_directory_pattern(self):
        with self.conversation(DIR=self.scratch / "of-%e-%p-%u") as talk:
            directory = self.scratch / f"of-waiter-{talk.pid}-{os.getuid()}"
            os.kill(talk.pid, signal.SIGUSR1)
            harness.wait_until(lambda: self.dump_files(directory=directory), "a dump")

    def test_closed_descriptors_and_changed_directory(self):
        with self.conversation() as talk:
            talk.ask("close")
            talk.ask("chdir-root")
            harness.signal_and_wait(self, talk.pid)

    def test_signal_comes_in_while_threads_wait(self):
        with self.conversation() as talk:
            talk.ask("threads 20")
            harness.signal_and_wait(self, talk.pid)
            self.assertEqual(talk.ask("pid"), str(talk.pid))

    def test_many_signals_at_once_are_all_survived(self):
        with self.conversation() as talk:
            for _ in range(200):
                os.kill(talk.pid, signal.SIGUSR1)
            self.wait_for_dumps(1)
            self.assertEqual(talk.ask("pid"), str(talk.pid))
            for path in self.dump_files():
                self.read(path)


class BadDirectories(harness.TestCase):
    """The program goes on, the log (elsewhere) says once what is wrong, and later dumps work."""

    def attempt(self, make_bad, make_good, expected_text):
        log = self.scratch / "log"
        make_bad()
        with self.conversation(LOG=log) as talk:
            os.kill(talk.pid, signal.SIGUSR1)
            harness.wait_until(lambda: log.exists() and log.read_text().count("\n") >= 1, "a line")
            self.assertEqual(talk.ask("pid"), str(talk.pid))
            text = log.read_text()
            self.assertIn(expected_text, text)
            self.assertIn(str(self.dumps), text)
            self.assertEqual(text.count("\n"), 1, text)
            if make_good is not None:
                make_good()
                harness.signal_and_wait(self, talk.pid)
            status, output, errors = talk.end("exit 0")
            self.assertEqual((status, output, errors), (0, b"", b""))
        return log.read_text()

    def test_parent_is_missing(self):
        self.dumps = self.scratch / "missing" / "dumps"
        self.attempt(lambda: None, lambda: self.dumps.parent.mkdir(), "No such file or directory")

    def test_symbolic_link(self):
        target = self.scratch / "target"
        target.mkdir(mode=0o700)
        self.attempt(lambda: self.dumps.symlink_to(target), lambda: self.dumps.unlink(), "symbolic")
        self.assertEqual(list(target.iterdir()), [])

    def test_file_in_its_place(self):
        self.attempt(lambda: self.dumps.write_text("x"), lambda: self.dumps.unlink(), "director")

    def test_writable_for_others(self):
        def make_bad():
            self.dumps.mkdir()
            self.dumps.chmod(0o777)
        self.attempt(make_bad, lambda: self.dumps.chmod(0o700), "writ")
        self.assertEqual(len(self.dump_files()), 1)

    @unittest.skipIf(os.getuid() != 0, "only root can give a directory away")
    def test_of_another_user(self):
        def make_bad():
            self.dumps.mkdir(mode=0o700)
            os.chown(self.dumps, 12345, 12345)
        self.attempt(make_bad, lambda: os.chown(self.dumps, 0, 0), "belongs to user 12345")

    @unittest.skipIf(os.getuid() != 0, "only root can mount")
    def test_full_disk(self):
        self.dumps.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs",
                                  self.dumps], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.dumps)])
        filler = self.dumps / "filler"

        def fill():
            with open(filler, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
        self.attempt(fill, filler.unlink, "No space left on device")
        self.assertEqual([path for path in self.dumps.iterdir() if path.name[0] == "."], [])
        self.assertEqual(len(self.dump_files()), 1)

    def test_file_size_limit(self):
        """RLIMIT_FSIZE must cost the dump, not the program."""
        script = 'ulimit -f 0; exec "$0"'
        process = subprocess.Popen(["bash", "-c", script, harness.PROGRAMS / "waiter"],
                                   env=self.agent(LOG="off"), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        try:
            process.stdin.write(b"pid\n")
            process.stdin.flush()
            self.assertEqual(process.stdout.readline().decode(), f"{process.pid}\n")
            os.kill(process.pid, signal.SIGUSR1)
            harness.wait_until(self.dumps.exists, "the directory")
            process.stdin.write(b"burn 50\nexit 4\n")
            process.stdin.close()
            self.assertEqual(process.wait(harness.DEADLINE_SECONDS), 4)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        self.assertEqual(list(self.dumps.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
