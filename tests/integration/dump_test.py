# SPDX-License-Identifier: Apache-2.0
"""Dumps on request: names, permissions, numbering, what is kept, and directories that refuse."""

import ctypes
import errno
import functools
import os
import pathlib
import signal
import stat
import struct
import subprocess
import unittest
import unittest.mock

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


def build(directory, source):
    """A program of a test's own."""
    program = directory / "program"
    subprocess.run(["gcc", "-O1", "-pthread", "-x", "c", "-", "-o", program], check=True,
                   input="#define _GNU_SOURCE\n" + source, text=True)
    return program


class EndsWhileItIsWritten(harness.TestCase):
    SOURCE = """
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void* recur(int depth, unsigned way) {
  if (depth == 0) return malloc(64 + way % 100);
  void* block = way & 1 ? recur(depth - 1, way >> 1) : recur(depth - 1, way >> 1);
  __asm__ volatile("" : "+r"(block));
  return block;
}
int main(void) {
  for (unsigned i = 0; i < 30000; i++) recur(16, i * 2654435761u);
  kill(getpid(), SIGUSR1);
  usleep(20000);
  return 0;
}
"""

    def test_nothing_is_left(self):
        program = build(self.scratch, self.SOURCE)
        for _ in range(3):
            self.run_program(program, environment=self.agent(HEAP_RATE=1), check=True)
            self.assertEqual([path for path in self.dumps.iterdir() if path.name[0] == "."], [])

    def test_what_others_left_is_removed(self):
        """As they do on file systems where a file must have a name while it is written."""
        ended = subprocess.Popen(["true"])
        ended.wait()
        self.dumps.mkdir(mode=0o700)
        theirs = self.dumps / f".some.program.{ended.pid}.0000.heap.pb.gz.1cbfe0b2313.tmp"
        alive = self.dumps / f".some.program.{os.getpid()}.0000.heap.pb.gz.1cbfe0b2313.tmp"
        other = self.dumps / f".some.program.{ended.pid}.notes.tmp"
        for path in (theirs, alive, other):
            path.touch()
        with self.conversation() as talk:
            harness.signal_and_wait(self, talk.pid)
            harness.wait_until(lambda: not theirs.exists(), "its removal")
        self.assertTrue(alive.exists() and other.exists())


class MainThreadHasEnded(harness.TestCase):
    SOURCE = """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((noinline)) static void* allocate_block(size_t size) {
  void* block = malloc(size);
  __asm__ volatile("" : "+r"(block));
  return block;
}
static void* work(void* unused) {
  char byte;
  allocate_block(50021);
  while (read(0, &byte, 1) > 0) {
  }
  return unused;
}
int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  pthread_exit(NULL);
}
"""

    def test_mappings_are_known(self):
        program = build(self.scratch, self.SOURCE)
        process = subprocess.Popen([program], env=self.agent(HEAP_RATE=1), stdin=subprocess.PIPE)
        try:
            state = pathlib.Path(f"/proc/{process.pid}/stat")
            harness.wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "Z",
                               "the end of the main thread")
            path = harness.signal_and_wait(self, process.pid)
        finally:
            process.stdin.close()
            process.wait(harness.DEADLINE_SECONDS)
        self.assertTrue(path.name.startswith("program."), path.name)
        profile = self.read(path)
        self.assertEqual(profile.mappings[0].file, str(program))
        self.assertIn("libc.so", "".join(mapping.file for mapping in profile.mappings))
        self.assertEqual(profile.total("alloc_space", "allocate_block"), 50021)


class MallocOfTheProgram(harness.TestCase):
    """In the executable, and made for one thread: nothing on the helper may call it."""

    SOURCE = """
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static char pool[64 << 20];
static size_t used;
static long owner;
static volatile int foreign;
static void enter(void) {
  long tid = syscall(SYS_gettid);
  if (owner == 0) owner = tid;
  if (tid != owner) foreign++;
}
void* malloc(size_t size) {
  enter();
  size_t* block = (size_t*)(pool + used);
  used += (size + 31) & ~(size_t)15;
  *block = size;
  return block + 2;
}
void free(void* block) {
  (void)block;
  enter();
}
void* calloc(size_t count, size_t size) { return memset(malloc(count * size), 0, count * size); }
void* realloc(void* block, size_t size) {
  void* larger = malloc(size);
  if (block) memcpy(larger, block, ((size_t*)block)[-2] < size ? ((size_t*)block)[-2] : size);
  return larger;
}
int main(void) {
  char byte;
  while (read(0, &byte, 1) > 0) free(malloc(10));
  dprintf(1, "%d\\n", foreign);
  return 0;
}
"""

    def test_is_left_alone(self):
        program = build(self.scratch, self.SOURCE)
        # A second thread of ours, for clients, would have its control block from there.
        process = subprocess.Popen([program], env=self.agent(INTERVAL="100ms", SOCKET="off"),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.wait_for_dumps(3)
        finally:
            output, _ = process.communicate(timeout=harness.DEADLINE_SECONDS)
        self.assertEqual(output, b"0\n")


# x86-64's numbers.
CLOSE_RANGE, UNSHARE = 436, 272


def refuse(*calls):
    """Makes the system calls fail, as kernels and sandboxes do that do not know them."""
    def instruction(code, jump_true, jump_false, value):
        return struct.pack("HBBI", code, jump_true, jump_false, value)
    load, jump_if_equal, answer = 0x20, 0x15, 0x06
    fail, allow = 0x00050000 | errno.ENOSYS, 0x7FFF0000
    code = instruction(load, 0, 0, 0)
    for call in calls:
        code += instruction(jump_if_equal, 0, 1, call) + instruction(answer, 0, 0, fail)
    code += instruction(answer, 0, 0, allow)
    filters = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(filters))
    set_no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    libc = ctypes.CDLL(None)
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) or libc.prctl(
            set_seccomp, filter_mode, ctypes.create_string_buffer(program, len(program)), 0, 0):
        raise OSError("no seccomp")


class DescriptorsOfTheProgram(harness.TestCase):
    def start(self, *refused, **options):
        popen = functools.partial(subprocess.Popen, preexec_fn=lambda: refuse(*refused))
        with unittest.mock.patch.object(subprocess, "Popen", popen):
            return harness.Conversation(self.agent(**options))

    def end(self, talk, *command):
        return talk.end(*command) if talk.process.poll() is None else None

    def watch(self, talk, condition):
        """Its descriptors while we wait."""
        seen = set()

        def look():
            seen.update(os.listdir(f"/proc/{talk.pid}/fd"))
            return condition()
        harness.wait_until(look, "dumps")
        return seen

    def test_close_range_refused(self):
        talk = self.start(CLOSE_RANGE, INTERVAL="100ms", HEAP_RATE=1, KEEP=100)
        try:
            talk.ask("holes 3000")
            seen = self.watch(talk, lambda: len(self.dump_files(kind="heap")) >= 5)
            self.assertEqual(seen, {"0", "1", "2"})
            harness.wait_until(lambda: list(self.dumps.glob("*.sock")), "its socket")
        finally:
            talk.end("exit 0")

    def test_nothing_is_opened_in_the_programs_table(self):
        talk = self.start(CLOSE_RANGE, UNSHARE, INTERVAL="100ms", HEAP_RATE=1, LOG="stderr",
                          HTTP=f"unix:{self.scratch}/socket", EXIT_PROFILES="heap")
        try:
            first = os.read(talk.process.stderr.fileno(), 4096).decode()
            self.assertIn("no descriptors of its own", first)
            os.kill(talk.pid, signal.SIGUSR1)
            for _ in range(20):
                talk.ask("burn 10")
                self.assertEqual(set(os.listdir(f"/proc/{talk.pid}/fd")), {"0", "1", "2"})
        finally:
            found = talk.end("exit 3")
        self.assertEqual((first.count("\n"), found), (1, (3, b"", b"")))
        self.assertFalse(self.dumps.exists())
        self.assertFalse((self.scratch / "socket").exists())


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
