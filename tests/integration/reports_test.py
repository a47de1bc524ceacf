# SPDX-License-Identifier: Apache-2.0
"""What programs read of cpprof: its exit status, JSON, CSV and folded stacks."""

import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

CPPROF = os.environ["CPPROF"]
OLD = "main;work;hash 400\nmain;idle 300\n"
NEW = "main;work;hash 600\nmain;work;f(int, \"x\") 100\nmain;idle 300\n"


class Reports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cpprof-reports.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.old = self.file("old.folded", OLD)
        self.new = self.file("new.folded", NEW)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def cpprof(self, *arguments, status=0):
        run = subprocess.run([CPPROF, *arguments], capture_output=True, cwd=self.folder)
        self.assertEqual(run.returncode, status, run.stderr)
        return run.stdout.decode(), run.stderr.decode()

    def test_limits_decide_the_exit_status(self):
        self.assertEqual(self.cpprof("-fail_over", "flat=60%", self.new), ("", ""))
        output, errors = self.cpprof("-fail_over", "flat=50%", self.new, status=3)
        self.assertEqual(output, "")
        self.assertEqual(errors, "cpprof: over the limit: hash: flat 60.00% (600 of 1000), "
                                 "limit flat=50%\n")
        # With a report, which is written as ever.
        report, _ = self.cpprof("-top", self.new)
        output, errors = self.cpprof("-top", "-fail_over", "cum=50%", self.new, status=3)
        self.assertEqual(output, report)
        self.assertEqual([line.split(":")[2].strip() for line in errors.splitlines()],
                         ["main", "work", "hash"])

    def test_growth_against_a_base(self):
        base = "-diff_base=" + self.old
        _, errors = self.cpprof("-fail_over", "growth=60%", base, self.new, status=3)
        self.assertEqual(errors.splitlines(), [
            "cpprof: over the limit: work: growth 75.00% (from 400 to 700), limit growth=60%",
            "cpprof: over the limit: f(int, \"x\"): growth from nothing to 100, limit growth=60%"])
        self.cpprof("-fail_over", "growth=80%", "-fail_only", "^work$", base, self.new)
        self.cpprof("-fail_over", "flat=200", "-base=" + self.old, self.new)
        self.cpprof("-fail_over", "flat=199", "-base=" + self.old, self.new, status=3)

    def test_mistakes_are_no_verdict(self):
        for arguments in (["-fail_over", "", self.new], ["-fail_over", "fat=3%", self.new],
                          ["-fail_over", "flat=3MB", self.new], ["-fail_over", "flat=3%", "absent"]):
            output, errors = self.cpprof(*arguments, status=2)
            self.assertEqual(output, "")
            self.assertNotEqual(errors, "")
        # Nothing was looked at: not wrong, but worth a line.
        self.assertEqual(self.cpprof("-fail_over", "flat=3%", "-fail_only", "absent", self.new)[1],
                         "-fail_over: there is no function to limit\n")

    def test_json_and_csv_agree_with_each_other(self):
        report = json.loads(self.cpprof("-top", "-json", self.new)[0])
        self.assertEqual(report["total"], 1000)
        self.assertEqual((report["sample_type"], report["unit"]), ("samples", "count"))
        rows = list(csv.DictReader(io.StringIO(self.cpprof("-csv", self.new)[0], newline="")))
        self.assertEqual([(row["name"], int(row["flat"]), int(row["cum"])) for row in rows],
                         [(node["name"], node["flat"], node["cum"]) for node in report["nodes"]])
        self.assertIn("f(int, \"x\")", [row["name"] for row in rows])
        tree = json.loads(self.cpprof("-tree", "-json", self.new)[0])
        work = next(node for node in tree["nodes"] if node["name"] == "work")
        self.assertEqual([(call["name"], call["value"]) for call in work["callees"]],
                         [("hash", 600), ("f(int, \"x\")", 100)])

    def test_folded_stacks_come_back_as_they_went(self):
        self.assertEqual(sorted(self.cpprof("-folded", self.new)[0].splitlines()),
                         sorted(NEW.splitlines()))

    def test_a_damaged_source_is_one_line(self):
        for text in ("main;work 1\nmain;work\n", "a 1 1.0: 5 cycles: \n\t1 f (x)\nnonsense\n"):
            output, errors = self.cpprof("-top", self.file("bad", text), status=2)
            self.assertEqual(output, "")
            self.assertRegex(errors.splitlines()[0], r"bad: parsing profile: .*: line [23]: ")


if __name__ == "__main__":
    unittest.main()
