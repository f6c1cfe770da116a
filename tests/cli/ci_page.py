#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ci_page.py MMULATOR: the jobs of docs/ci.md are YAML of the form their
services want, and their commands are there: the mmulator commands run (one
scenario stands for all of them), the others exist."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

MMULATOR = os.path.abspath(sys.argv.pop(1))
PAGE = "docs/ci.md"
BINARY = "build/release/cli/mmulator"
SMALL = "scenarios/pt-reclaim/size-mix.scn"


def load(number):
    with open(PAGE, encoding="utf-8") as page:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", page.read(), re.M | re.S)
    # YAML 1.1 has `on` for true.
    return yaml.load(blocks[number], Loader=yaml.BaseLoader)


def commands_of(script):
    return [shlex.split(line) for line in script.strip().split("\n")]


class Page(unittest.TestCase):
    def run_command(self, words, folder):
        """Run @words of a job; outputs go to @folder."""
        program, *rest = words
        if program == "apt-get":
            return
        if program == "cmake":
            with open("CMakePresets.json", encoding="utf-8") as presets:
                self.assertIn(f'"{rest[-1]}"', presets.read())
            return
        if program != BINARY:
            self.assertTrue(os.access(program, os.X_OK), program)
            return
        rest = [SMALL if word == "scenarios" else word for word in rest]
        at = rest.index("--output") + 1
        rest[at] = os.path.join(folder, rest[at])
        done = subprocess.run([MMULATOR, *rest, "--executions", "5"]
                              if "explore" in rest else
                              [MMULATOR, *rest, "--runs", "2"],
                              check=False, capture_output=True, text=True)
        # So short a search may not find what it looks for.
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertTrue(os.path.getsize(rest[at]))

    def run_all(self, scripts):
        folder = tempfile.mkdtemp(prefix="mmulator-ci-")
        try:
            for script in scripts:
                for words in commands_of(script):
                    self.run_command(words, folder)
            return set(os.listdir(folder))
        finally:
            shutil.rmtree(folder)

    def test_the_github_job(self):
        workflow = load(0)
        self.assertEqual(set(workflow), {"name", "on", "permissions", "jobs"})
        steps = workflow["jobs"]["check"]["steps"]
        for step in steps:
            self.assertEqual(len({"uses", "run"} & set(step)), 1, step)
            self.assertRegex(step.get("uses", "a/b@v1"), r"^[\w/-]+@v\d+$")
        written = self.run_all(s["run"] for s in steps if "run" in s)
        uploads = [s["with"]["sarif_file"] for s in steps
                   if "upload-sarif" in s.get("uses", "")]
        self.assertEqual(len(uploads), 1)
        self.assertLessEqual(set(uploads), written)

    def test_the_gitlab_job(self):
        job = load(1)["races"]
        written = self.run_all(job["before_script"] + job["script"])
        self.assertIn(job["artifacts"]["reports"]["junit"], written)
        self.assertEqual(set(job["artifacts"]["paths"]), written)


if __name__ == "__main__":
    unittest.main()
