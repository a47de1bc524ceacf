# SPDX-License-Identifier: Apache-2.0
"""Programs do under the agent what they do without it: same output, same errors, same status."""

import os
import pathlib
import signal
import subprocess
import unittest

import harness

JEMALLOC = pathlib.Path("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2")


class Transparency(harness.TestCase):
    """Each test runs a command bare and then under the agent in several ways."""

    def variants(self):
        yield "no options", self.agent()
        yield "every allocation and wait", self.agent(HEAP_RATE=1, BLOCK_RATE="1ns",
                                                      BLOCK_KINDS="all")
        yield "CPU profile at 1000 Hz", self.agent(CPU_RATE=1000, HEAP_RATE="64k",
                                                   CPUPROFILE=self.scratch / "cpu.pb.gz")
        if JEMALLOC.exists():
            yield "before jemalloc", self.agent(preload=f"{harness.LIBRARY}:{JEMALLOC}")
            yield "after jemalloc", self.agent(preload=f"{JEMALLOC}:{harness.LIBRARY}")

    def lock_variants(self):
        yield "no options", self.agent()
        yield "every wait", self.agent(BLOCK_RATE="1ns", BLOCK_KINDS="all",
                                       EXIT_PROFILES="block,mutex,contention")
        yield "no locks", self.agent(BLOCK_RATE=0, MUTEX_FRACTION=0)
        if JEMALLOC.exists():
            yield "before jemalloc", self.agent(preload=f"{harness.LIBRARY}:{JEMALLOC}")

    def check(self, *command, only=None, variants=None, **arguments):
        bare = self.run_program(*command, environment=harness.bare_environment(), **arguments)
        for name, environment in variants or self.variants():
            if only and name not in only:
                continue
            with self.subTest(variant=name):
                found = self.run_program(*command, environment=environment, **arguments)
                self.assertEqual(found.returncode, bare.returncode)
                self.assertEqual(found.stdout.decode(), bare.stdout.decode())
                self.assertEqual(found.stderr.decode(), bare.stderr.decode())
        return bare

    # --- Programs of the system ---------------------------------------------------

    def test_ls(self):
        self.assertEqual(self.check("ls", "-la", "/usr/bin").returncode, 0)

    def test_ls_failing(self):
        self.assertEqual(self.check("ls", "/nonexistent").returncode, 2)

    def test_bash_with_forks_and_pipes(self):
        script = r"""
          shopt -s lastpipe; declare -A seen; total=0
          for i in {1..40}; do x=$(echo "$i" | tr 0-9 a-j); seen[$x]=$i; (( total += i )); done
          seq 1000 | sort -r | head -n 5 | while read -r line; do echo "$line"; done
          ( exit 3 ) || echo "subshell $?"; sleep 0 & wait $!; echo "job $?"
          trap 'echo trapped' USR1; kill -USR1 $$; trap - USR1
          echo "${#seen[@]} $total" >&2; cat <(echo substitution); exec bash -c 'exit 17'"""
        self.assertEqual(self.check("bash", "-c", script).returncode, 17)

    def test_python3(self):
        program = r"""
import collections, hashlib, json, os, subprocess, sys, threading, zlib
threads = [threading.Thread(target=lambda: zlib.compress(os.urandom(100000))) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
words = collections.Counter(str(i % 97) for i in range(50000))
print(json.dumps(sorted(words.items())[:5]), hashlib.sha256(repr(words).encode()).hexdigest())
print(subprocess.check_output(['echo', 'child']), file=sys.stderr)
pid = os.fork()
if pid == 0:
    os._exit(sum(range(10)) % 256)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); sys.exit(3)"""
        self.assertEqual(self.check("/usr/bin/python3", "-c", program).returncode, 3)

    def test_gcc_compiling(self):
        source = self.scratch / "program.c"
        source.write_text("#include <stdio.h>\nint main(void) { int x; puts(\"hello\"); return 4; }\n")
        self.check("gcc", "-Wall", "-O2", "-o", "program", source.name)
        self.assertEqual(self.check("gcc", "-S", "-O2", "-o", "-", source.name).returncode, 0)
        self.assertEqual(self.check("./program").returncode, 4)

    def test_git_log(self):
        repository = self.scratch / "repository"
        git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
        environment = {**harness.bare_environment(), "GIT_CONFIG_GLOBAL": "/dev/null",
                       "GIT_AUTHOR_DATE": "1700000000 +0000",
                       "GIT_COMMITTER_DATE": "1700000000 +0000"}
        subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True, env=environment)
        for number in range(5):
            (repository / "file").write_text("line\n" * number)
            subprocess.run([*git, "add", "."], cwd=repository, check=True, env=environment)
            subprocess.run([*git, "commit", "-q", "-m", f"Commit {number}"], cwd=repository,
                           check=True, env=environment)
        found = self.check("git", "log", "--stat", "-p", cwd=repository)
        self.assertIn(b"Commit 4", found.stdout)

    def test_redis_server_version_and_bad_option(self):
        self.check("redis-server", "--version")
        self.check("redis-server", "--no-such-option", "x", "--port", "0")

    def test_process_killed_by_its_own_signal(self):
        self.assertEqual(self.check("bash", "-c", "kill -TERM $$").returncode, -signal.SIGTERM)
        self.assertEqual(self.check("bash", "-c", "kill -SEGV $$").returncode, -signal.SIGSEGV)

    # --- Our own programs -----------------------------------------------------------

    def check_own(self, name, *arguments, **keywords):
        return self.check(harness.PROGRAMS / name, *arguments, **keywords)

    def test_allocations(self):
        self.check_own("allocations")

    def test_allocation_results(self):
        # What an allocator answers to impossible requests is its own affair: with jemalloc the
        # comparison would be of jemalloc and glibc.
        self.check_own("allocation_results",
                       only=["no options", "every allocation and wait",
                             "CPU profile at 1000 Hz"])

    def test_coroutines(self):
        self.check_own("coroutines")

    def test_descriptors(self):
        self.check_own("descriptors")
        self.check_own("descriptors", "daemon")

    def test_descriptors_with_nothing_open(self):
        # The shell closes 0 and 2, and puts the output where it belongs.
        self.check("bash", "-c", 'exec "$0" <&- 2>&-', harness.PROGRAMS / "descriptors")

    def test_exceptions(self):
        self.assertEqual(self.check_own("exceptions").returncode, 0)

    def test_uncaught_exception_of_a_thread(self):
        self.assertEqual(self.check_own("exceptions", "uncaught").returncode, -signal.SIGABRT)

    def test_jumps(self):
        self.check_own("jumps")

    def test_lifetimes(self):
        self.check_own("lifetimes")

    def test_loader(self):
        self.check_own("loader", harness.PROGRAMS / "plugin.so")

    def test_locks(self):
        for program in ("lock_results", "cxx_locks", "old_condition"):
            with self.subTest(program=program):
                checked = self.check_own(program, variants=self.lock_variants())
                self.assertEqual(checked.returncode, 0)

    def test_processes(self):
        self.assertEqual(self.check_own("processes").returncode, 5)

    def test_signals(self):
        self.check_own("signals")

    def cpu_variants(self):
        """Where the agent has real-time signals of its own, and sends many of them."""
        for engine in "timer", "perf":
            yield f"CPU profile by {engine}", self.agent(
                CPUPROFILE=self.scratch / "cpu.pb.gz", CPU_RATE=1000, CPU_ENGINE=engine)
        yield "everything", self.agent(
            CPUPROFILE=self.scratch / "cpu.pb.gz", CPU_RATE=4000, INTERVAL="50ms",
            EXIT_PROFILES="goroutine", HTTP=f"unix:{self.scratch}/%p.sock")

    def test_waiting_for_signals(self):
        self.check_own("signal_waits", variants=self.cpu_variants())
        self.check_own("signal_waits", only=["no options"])

    def test_calls_that_signals_end(self):
        for mode in "work", "handled":
            self.check_own("interrupted_calls", mode, variants=self.cpu_variants())
        self.check_own("interrupted_calls", "handled", only=["no options"])

    def test_calls_while_dumps_are_asked_for(self):
        """By a signal for which the program has no handler: bare it would end."""
        found = self.run_program(harness.PROGRAMS / "interrupted_calls", "signalled", check=True,
                                 environment=self.agent())
        self.assertEqual(found.stdout, b"0 calls ended early\n")
        self.assertNotEqual(self.dump_files(), [])

    def test_small_alternate_stacks(self):
        for size in 4096, 7680, 16384:
            self.check_own("alternate_stack", size, variants=self.cpu_variants())

    def test_thread_with_a_thread_pointer_of_its_own(self):
        for pointer in "own", "null":
            self.check_own("foreign_thread", pointer, variants=self.cpu_variants())
        bare = self.check_own("foreign_thread", "ended", variants=[
            ("files at the end", self.agent(EXIT_PROFILES="heap"))])
        self.assertEqual(bare.returncode, -signal.SIGTERM)
        self.assertNotEqual(self.dump_files(), [])

    def test_thread_ends(self):
        self.check_own("thread_ends")

    def test_threads(self):
        self.check_own("threads")

    # --- What must not be left behind -------------------------------------------------

    def test_no_configuration_leaves_nothing(self):
        """With no option but the directory, a program that gets no signal makes no file."""
        self.run_program("ls", "/", environment=self.agent())
        self.run_program(harness.PROGRAMS / "threads", environment=self.agent())
        self.assertEqual(list(self.dumps.glob("*")), [])

    def test_environment_of_children_is_unchanged(self):
        environment = self.agent(HEAP_RATE=4096)
        found = self.run_program("bash", "-c", "env -0", environment=environment)
        seen = dict(entry.split("=", 1) for entry in found.stdout.decode().split("\0") if entry)
        for name in ("_", "SHLVL", "PWD", "OLDPWD"):
            seen.pop(name, None)
            environment.pop(name, None)
        self.assertEqual(seen, environment)

    def test_statically_linked_and_foreign_programs_are_left_alone(self):
        program = self.scratch / "static.c"
        program.write_text("#include <stdio.h>\nint main(void) { puts(\"static\"); return 0; }\n")
        subprocess.run(["gcc", "-static", "-o", self.scratch / "static", program], check=True)
        self.check("./static")

    def test_memory_and_start_do_not_depend_on_descriptor_limits(self):
        found = self.check("bash", "-c", "ulimit -n 4; exec ls /", only=["no options"])
        self.assertEqual(found.returncode, 0)


if __name__ == "__main__":
    unittest.main()
