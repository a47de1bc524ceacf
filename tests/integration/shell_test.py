# SPDX-License-Identifier: Apache-2.0
"""The shell of cpprof at a terminal, typed at through a pseudo terminal."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import termios
import time
import unittest

import profile_writer

CPPROF = os.environ["CPPROF"]
DEADLINE_SECONDS = float(os.environ.get("PPROFAGENT_TEST_DEADLINE", 60))
PROMPT = "(pprof) "
CTRL_C, CTRL_D, CTRL_R, CTRL_Z, TAB, UP = "\x03", "\x04", "\x12", "\x1a", "\t", "\x1b[A"

STACKS = [(["alpha_leaf", "main"], [5, 5000]), (["beta_leaf", "main"], [3, 3000]),
          (["gamma::run(int, char)", "main"], [2, 2000], {"user": "ann"})]

# A `dot` or a browser: says that it runs, then never ends.
STUCK = "#!/bin/sh\necho $$ > {mark}.new && mv {mark}.new {mark}\nexec sleep 100000\n"


class Session:
    """A command, mostly cpprof, on a terminal of its own."""

    def __init__(self, command, environment, directory):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # Whatever this test itself was started with.
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT,
                           signal.SIGTSTP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(directory)
            os.execvpe(command[0], list(command), environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = ""
        self.read_to = 0
        self.status = None

    def expect(self, text):
        """What came since the last call, up to and with `text`, without escape sequences."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while text not in self.seen[self.read_to:]:
            ready, _, _ = select.select([self.terminal], [], [],
                                        max(0, deadline - time.monotonic()))
            try:
                data = os.read(self.terminal, 65536) if ready else b""
            except OSError:  # closed at the other end
                data = b""
            if not data:
                raise AssertionError(f"{text!r} did not come after {self.seen[self.read_to:]!r}")
            self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", data.decode(errors="replace"))
        end = self.seen.index(text, self.read_to) + len(text)
        part, self.read_to = self.seen[self.read_to:end], end
        return part

    def type(self, text):
        os.write(self.terminal, text.encode())

    def ask(self, line):
        """The answer to a line, up to the next prompt."""
        self.type(line + "\n")
        self.expect("\r\n")
        return self.expect(PROMPT).replace("\r", "")

    def end(self):
        """The exit status."""
        if self.status is None:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while True:
                ready, _, _ = select.select([self.terminal], [], [], 0.01)
                try:
                    if ready:
                        os.read(self.terminal, 65536)
                except OSError:
                    pass
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > deadline:
                    raise AssertionError("cpprof does not end")
            self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


class ShellTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="cpprof-test."))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.profile = self.scratch / "cpu.pb.gz"
        self.profile.write_bytes(profile_writer.profile(STACKS))
        self.tools = self.scratch / "bin"
        self.tools.mkdir()
        self.state = self.scratch / "state"
        self.environment = {"PATH": f"{self.tools}:/usr/bin:/bin", "HOME": str(self.scratch),
                            "TERM": "xterm", "TZ": "UTC", "LANG": "C.UTF-8",
                            "XDG_STATE_HOME": str(self.state), "TMPDIR": str(self.scratch)}

    def session(self, *command, **environment):
        session = Session(command or [CPPROF, str(self.profile)],
                          {**self.environment, **environment}, self.scratch)
        self.addCleanup(session.close)
        session.expect(PROMPT)
        return session

    def tool(self, name, text):
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def wait_for(self, path):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not path.exists():
            self.assertLess(time.monotonic(), deadline, f"{path} does not appear")
            time.sleep(0.01)
        return path.read_text()

    def wait_until_gone(self, pid):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while pathlib.Path(f"/proc/{pid}/stat").exists():
            # Killed, but nobody has asked for its status.
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
            self.assertLess(time.monotonic(), deadline, f"{pid} does not end")
            time.sleep(0.01)

    def history(self):
        return self.state / "cpprof" / "history"

    # --- keys ---

    def test_reports_come_between_prompts_and_ctrl_d_leaves(self):
        session = self.session()
        answer = session.ask("top 2")
        self.assertIn("alpha_leaf", answer)
        self.assertNotIn("gamma", answer)
        session.type(CTRL_D)
        self.assertEqual(session.end(), 0)

    def test_quit_leaves(self):
        session = self.session()
        session.type("quit\n")
        self.assertEqual(session.end(), 0)

    def test_tab_completes(self):
        session = self.session(CPPROF, "-symbolize=none", str(self.profile))
        # The history says what was entered; the screen, only how it was drawn.
        for typed, entered in [("disa", "disasm"), ("top alp", "top alpha_leaf"),
                               ("top -beta", "top -beta_leaf"), ("nodec", "nodecount="),
                               ("granularity=fi" + TAB + "f", "granularity=filefunctions"),
                               ("sample_index=s", "sample_index=samples"),
                               ("trim=f", "trim=false"), ("mean_c", "mean_cpu"),
                               ("help pee", "help peek"), ("tagfocus=u", "tagfocus=user="),
                               ("focus=gamma", r"focus=gamma::run\(int,.char\)"),
                               ("top >copy.pb", "top >copy.pb.gz")]:
            (self.scratch / "copy.pb.gz").touch()
            session.ask(typed + TAB)
            self.assertEqual(self.history().read_text().splitlines()[-1], entered)

    def test_tab_lists_what_may_be_meant(self):
        session = self.session()
        session.type("top leaf" + TAB)
        answer = session.expect(PROMPT + "top leaf")
        self.assertIn("alpha_leaf  beta_leaf", answer)
        session.type(CTRL_C)
        session.expect(PROMPT)

    def test_ctrl_c_at_the_prompt_drops_the_line(self):
        session = self.session()
        session.type("top nonsense" + CTRL_C)
        session.expect("^C\r\n" + PROMPT)
        self.assertIn("main", session.ask("top"))

    def test_ctrl_c_stops_the_report_and_what_it_runs(self):
        mark = self.scratch / "mark"
        self.tool("dot", STUCK.format(mark=mark))
        session = self.session()
        for _ in range(2):
            session.type("svg >x.svg\n")
            dot = int(self.wait_for(mark))
            session.type(CTRL_C)
            session.expect("\r\n" + PROMPT)
            self.wait_until_gone(dot)
            mark.unlink()
        self.assertIn("alpha_leaf", session.ask("top"))
        self.assertFalse((self.scratch / "x.svg").exists())
        session.type(CTRL_D)
        self.assertEqual(session.end(), 0)

    def test_a_signal_to_the_shell_alone_stops_the_report(self):
        mark = self.scratch / "mark"
        self.tool("dot", STUCK.format(mark=mark))
        session = self.session()
        session.type("png\n")
        dot = int(self.wait_for(mark))
        os.kill(session.pid, signal.SIGINT)
        session.expect("\r\n" + PROMPT)
        os.kill(dot, signal.SIGKILL)
        self.assertIn("alpha_leaf", session.ask("top"))

    def test_ctrl_c_goes_to_the_pager(self):
        session = self.session()
        session.type("top | trap 'echo caught; exit' INT; echo ready; "
                     "while :; do sleep 0.01; done\n")
        session.expect("ready\r\n")
        session.type(CTRL_C)
        session.expect("caught\r\n")
        session.expect(PROMPT)
        self.assertIn("alpha_leaf", session.ask("top"))

    def test_terminating_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            session = self.session()
            session.type("to")
            session.expect("to")
            os.kill(session.pid, number)
            self.assertEqual(session.end(), -number)

    def test_stop_and_continue(self):
        session = self.session("bash", "--norc", "-mc",
                               f"{CPPROF} {self.profile}; echo status $?; stty -a; fg")
        session.type("top 1")
        session.expect("top 1")
        session.type(CTRL_Z)
        session.expect(f"status {128 + signal.SIGTSTP}")
        # A terminal in the state of any other: lines, echo.
        modes = session.expect(" echoke")
        self.assertIn(" icanon ", modes)
        self.assertIn(" echo ", modes)
        session.expect("top 1")
        session.type("\n")
        self.assertIn("alpha_leaf", session.expect(PROMPT))

    # --- lines ---

    def test_pipes_and_files(self):
        session = self.session()
        self.assertEqual(session.ask("top | grep -c leaf"), f"2\n{PROMPT}")
        self.assertEqual(session.ask("top|head -n1 | cut -c1-7"), f"Showing\n{PROMPT}")
        self.assertIn("alpha_leaf", session.ask("top main|zzz 2"))
        session.ask("top 1 >one.txt")
        session.ask("top 1 >> one.txt")
        self.assertEqual((self.scratch / "one.txt").read_text().count("alpha_leaf"), 2)
        session.ask("proto | cat > piped.pb.gz")
        self.assertEqual((self.scratch / "piped.pb.gz").read_bytes()[:2], b"\x1f\x8b")
        self.assertIn("not both", session.ask("top >x | cat"))
        self.assertIn("unexpected end of line after |", session.ask("top |"))

    def test_piped_lines_need_no_terminal(self):
        run = subprocess.run([CPPROF, self.profile], input="top | grep alpha\ntop >>a\ntop >>a\n",
                             cwd=self.scratch, env=self.environment, capture_output=True, text=True,
                             timeout=DEADLINE_SECONDS)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(len(run.stdout.splitlines()), 1)
        self.assertNotIn(PROMPT, run.stdout)
        self.assertEqual((self.scratch / "a").read_text().count("alpha_leaf"), 2)
        self.assertFalse(self.history().exists())

    # --- the system's shell ---

    def test_bash_completes_the_command_line(self):
        script = self.scratch / "completion"
        script.write_bytes(subprocess.run([CPPROF, "completion", "bash"], capture_output=True,
                                          check=True, timeout=DEADLINE_SECONDS).stdout)
        for words, expected in [(["-tre"], "-tree"), (["--nodec"], "--nodecount"),
                                (["-symbolize", "rem"], "remote"), (["-top", "thr"],
                                                                    "threads threadcreate"),
                                (["-output", "cp"], "cpu.pb.gz"), (["-top", "cpu."], "cpu.pb.gz")]:
            command = (f"compopt() {{ :; }}; . {script}; COMP_WORDS=(cpprof {' '.join(words)}); "
                       f"COMP_CWORD={len(words)}; _cpprof; echo ${{COMPREPLY[@]}}")
            run = subprocess.run(["bash", "-c", command], capture_output=True, text=True,
                                 cwd=self.scratch, timeout=DEADLINE_SECONDS)
            self.assertEqual((run.stdout, run.stderr), (expected + "\n", ""), words)

    # --- history ---

    def test_history_is_kept_and_private(self):
        session = self.session()
        session.ask("top 1")
        session.ask("tree alpha")
        session.type(CTRL_D)
        session.end()
        self.assertEqual(self.history().read_text(), "top 1\ntree alpha\n")
        self.assertEqual(stat.S_IMODE(self.history().stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.history().parent.stat().st_mode), 0o700)
        again = self.session()
        again.type(UP)
        again.expect("tree alpha")
        again.type(UP)
        again.expect("op 1")  # only what differs is drawn
        again.type("\n")
        self.assertIn("alpha_leaf", again.expect(PROMPT))

    def test_a_history_that_cannot_be_kept_is_no_matter(self):
        self.state.write_text("a file where the directory should be")
        session = self.session()
        self.assertNotIn("state", session.ask("top 1"))
        os.mkfifo(self.scratch / "fifo")
        (self.scratch / "other" / "cpprof").mkdir(parents=True)
        (self.scratch / "other" / "cpprof" / "history").symlink_to(self.scratch / "fifo")
        self.assertIn("alpha", self.session(XDG_STATE_HOME=str(self.scratch / "other")).ask("top"))

    # --- browsers ---

    def test_web_starts_the_browser_and_goes_on(self):
        shown = self.scratch / "shown"
        browser = self.tool("browser", f"#!/bin/sh\ncp $2 {shown}.new; echo $1 $2 > {shown}.name; "
                            f"mv {shown}.new {shown}\n")
        session = self.session(BROWSER=f"{browser} --new")
        session.ask("web alpha")
        self.assertIn("alpha_leaf", self.wait_for(shown))
        word, name = (self.scratch / "shown.name").read_text().split()
        self.assertEqual(word, "--new")
        self.assertTrue(pathlib.Path(name).exists())
        session.type(CTRL_D)
        self.assertEqual(session.end(), 0)
        self.assertFalse(pathlib.Path(name).exists())

    def test_a_viewer_that_is_interrupted_leaves_no_file(self):
        mark = self.scratch / "mark"
        browser = self.tool("browser", STUCK.format(mark=mark))
        session = Session([CPPROF, "-web", str(self.profile)],
                          {**self.environment, "BROWSER": str(browser)}, self.scratch)
        self.addCleanup(session.close)
        self.wait_for(mark)
        self.assertEqual(len(list(self.scratch.glob("pprof*.svg"))), 1)
        session.type(CTRL_C)
        session.end()
        self.assertEqual(list(self.scratch.glob("pprof*.svg")), [])

    def test_ctrl_c_does_not_reach_the_browser(self):
        mark = self.scratch / "mark"
        session = self.session(BROWSER=str(self.tool("browser", STUCK.format(mark=mark))))
        session.ask("web")
        browser = int(self.wait_for(mark))
        self.addCleanup(os.kill, browser, signal.SIGKILL)
        session.type(CTRL_C)
        session.expect(PROMPT)
        session.ask("top")
        self.assertNotEqual(os.getsid(browser), os.getsid(session.pid))


if __name__ == "__main__":
    unittest.main()
