#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""shards.py MMULATOR: a search split among processes (-j), among reports
(--shard, merge) or in the ways of docs/sharding.md says what it says in one."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MMULATOR = os.path.abspath(sys.argv.pop(1))
ROOT = os.getcwd()
SMALL = "scenarios/switch/clear-then-set.scn"
LONG = ["check", "scenarios/pt-reclaim/two-frames.scn", "--variant", "fixed",
        "--policy", "explore", "--bound", "3", "--executions", "4000000000"]
SEARCHES = [
    "--policy explore --bound 1",
    "--policy explore --executions 600",
    "--policy explore --bound 1 --executions 100",
    "--policy pct --seed 9 --executions 300",
    "--policy random --executions 300",
]

# Stand-ins that start what the real ones would, one after the other.
STARTERS = {
    "mpirun": r"""#!/bin/sh
n=$2; shift 2; r=0
while [ $r -lt $n ]; do
    OMPI_COMM_WORLD_RANK=$r OMPI_COMM_WORLD_SIZE=$n PMI_RANK=$r PMI_SIZE=$n "$@" || exit 1
    r=$((r + 1))
done
""",
    "sbatch": r"""#!/bin/sh
test "$1 $2 $3" = "--wait --array=1-4 --wrap" || exit 1
for i in 1 2 3 4; do
    SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_COUNT=4 sh -c "$4" || exit 1
done
""",
    "parallel": r"""#!/bin/sh
line=${*%% :::*}; args=${*##*::: }
for i in $args; do
    sh -c "$(echo "$line" | sed "s/{}/$i/g")" || exit 1
done
""",
}


def run(*args, cwd=ROOT):
    return subprocess.run([MMULATOR, *args], check=False, cwd=cwd,
                          capture_output=True, text=True)


def objects(text):
    """The lines of a JSON report without the time they took."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        del line["seconds"]
    return lines


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mmulator-shards-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def check(self, *args):
        """Status and report of a search of both variants."""
        done = run("check", SMALL, "--format", "json", *args)
        self.assertEqual(done.stderr, "")
        return done.returncode, objects(done.stdout)

    def write_shards(self, n, *args):
        names = [self.path(f"{i}.json") for i in range(1, n + 1)]
        for i, name in enumerate(names, 1):
            done = run("check", SMALL, *args, "--shard", f"{i}/{n}",
                       "--output", name)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "", ""))
        return names


class Shared(Case):
    def test_processes_find_what_one_finds(self):
        for search in SEARCHES + ["--runs 50"]:
            one = self.check(*search.split(), "-j", "1")
            self.assertEqual(one, self.check(*search.split(), "-j", "3"),
                             search)

    def test_shards_find_what_one_finds(self):
        for search in SEARCHES:
            one = self.check(*search.split())
            names = self.write_shards(4, *search.split())
            done = run("merge", "--format", "json", *reversed(names))
            self.assertEqual(one, (done.returncode, objects(done.stdout)),
                             search)

    def test_shards_may_be_made_by_processes(self):
        search = ["--policy", "explore", "--bound", "1"]
        one = self.check(*search)
        names = self.write_shards(2, *search, "-j", "3")
        done = run("merge", "--format", "json", *names)
        self.assertEqual(one, (done.returncode, objects(done.stdout)))

    def test_one_variant_is_split_as_well(self):
        search = ["--variant", "fixed", "--policy", "random", "--seed", "4",
                  "--executions", "200", "--option", "pcid=off"]
        one = self.check(*search)
        done = run("merge", "--format", "json", *self.write_shards(3, *search))
        self.assertEqual(one, (done.returncode, objects(done.stdout)))

    def test_killed_threads_are_counted_the_same(self):
        kills = self.path("kills.scn")
        with open(kills, "w", encoding="utf-8") as file:
            file.write("""scenario "k"
machine { cpus 2 }
process A { map heap 0x40000000 4K rw }
thread a of A on cpu 0 { store heap 1; store heap 2 }
thread b of A on cpu 1 { munmap heap 4K }
""")
        for search in SEARCHES[:1] + SEARCHES[3:] + ["--runs 100"]:
            args = ["check", kills, "--format", "json", *search.split()]
            one = run(*args)
            self.assertIn('"signal":"SIGSEGV"', one.stdout)
            self.assertEqual(objects(one.stdout),
                             objects(run(*args, "-j", "3").stdout))
            text = run(*args[:2], *args[4:]).stdout
            killed = re.search(r"in (\d+) runs?: CPU0 \(a\) was", text)
            self.assertIsNotNone(killed, text)
            self.assertIn(killed.group(0),
                          run(*args[:2], *args[4:], "-j", "2").stdout)

    def test_a_cap_is_exact(self):
        search = ["--variant", "vulnerable", "--policy", "explore", "--bound",
                  "1"]
        needed = self.check(*search)[1][0]["executions"]
        for cap, outcome in (needed, "hazard"), (needed - 1, "clean"):
            for jobs in "1", "3":
                line = self.check(*search, "--executions", str(cap),
                                  "-j", jobs)[1][0]
                self.assertEqual((line["executions"], line["outcome"]),
                                 (cap, outcome))

    def test_a_whole_folder_gives_the_same_table(self):
        args = ["check", "scenarios/late-flush", "scenarios/huge", "--engine",
                "direct", "--runs", "30", "--format", "json"]
        one, many = run(*args), run(*args, "-j", "3")
        self.assertEqual(many.returncode, one.returncode)
        self.assertEqual(objects(many.stdout), objects(one.stdout))

    def test_what_cannot_run_is_said_once(self):
        bad = self.path("bad.scn")
        with open(os.path.join(ROOT, SMALL), encoding="utf-8") as text:
            changed = re.sub(r"profile [\w-]+", "profile no-such",
                             text.read())
        with open(bad, "w", encoding="utf-8") as file:
            file.write(changed)
        one, many = run("check", bad), run("check", bad, "-j", "3")
        self.assertEqual(one.returncode, 2)
        self.assertEqual((many.returncode, many.stderr),
                         (one.returncode, one.stderr))


class Budgets(Case):
    def test_a_run_is_repeated_by_its_seed_and_number(self):
        for policy in "random", "pct":
            done = run("check", SMALL, "--variant", "vulnerable", "--policy",
                       policy, "--seed", "3", "--format", "json")
            line = json.loads(done.stdout)
            words = line["again"].split()
            self.assertEqual(words[0], "mmulator")
            self.assertEqual(int(words[words.index("--run") + 1]) + 1,
                             line["executions"])
            once = json.loads(run(*words[1:], "--format", "json").stdout)
            self.assertEqual(once["hazards"], line["hazards"])
            # The run before shows nothing.
            words[words.index("--run") + 1] = str(line["executions"] - 2)
            before = json.loads(run(*words[1:], "--format", "json").stdout)
            self.assertEqual(before["hazards"], [])

    def test_the_report_says_what_ended_it(self):
        for policy in "random", "pct":
            search = ["check", SMALL, "--variant", "fixed", "--policy", policy]
            capped = run(*search, "--executions", "70", "--seed", "8")
            self.assertIn("cap on executions, seed 8 ", capped.stdout)
            start = time.monotonic()
            timed = run(*search, "--seconds", "0.2")
            self.assertIn("cap on seconds, seed 1 ", timed.stdout)
            self.assertLess(time.monotonic() - start, 20)
        found = run("check", SMALL, "--variant", "vulnerable", "--policy",
                    "random")
        self.assertRegex(found.stdout, r"hazard found, seed 1, run \d+ ")

    def test_seconds_end_shared_work_too(self):
        done = run(*LONG[:-2], "--seconds", "0.3", "-j", "2")
        self.assertEqual(done.returncode, 0)
        self.assertIn("cap on seconds, bound ", done.stdout)


class Refused(Case):
    def refuse(self, args, message):
        done = run(*args)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_bad_numbers(self):
        search = ["check", SMALL, "--policy", "random"]
        for jobs in "0", "-1", "x", "257", "":
            self.refuse([*search, "-j", jobs], "--jobs")
        for shard in ("0/4", "5/4", "1", "1/", "/4", "a/b", "1/2/3", "-1/4",
                      "1/0", "1/65537", ""):
            self.refuse([*search, "--shard", shard], "expected I/N")

    def test_what_is_no_search(self):
        self.refuse(["check", SMALL, "--shard", "1/2"],
                    "--shard needs --policy explore, pct or random")
        self.refuse(["check", SMALL, "--seconds", "2"],
                    "--seconds needs --policy explore, pct or random")
        self.refuse(["check", SMALL, "--policy", "random", "--runs", "0"],
                    "--runs 0 leaves nothing to do")
        self.refuse(["check", SMALL, "--policy", "random", "--shard", "1/2",
                     "--format", "junit"], "mmulator merge takes --format")
        self.refuse(["run", SMALL, "-j", "2"], "-j")
        self.refuse(["merge"], "expected the reports of all shards")

    def test_reports_that_do_not_fit(self):
        names = self.write_shards(3, "--variant", "fixed", "--policy",
                                  "random", "--executions", "130")
        self.refuse(["merge", *names[:2]], "shard 3 of 3 is missing")
        self.refuse(["merge", *names, names[1]],
                    f"shard 2 is in {names[1]}:1 already")
        with open(names[2], encoding="utf-8") as file:
            good = file.read()
        for old, new, message in (
                ('"seed":"1"', '"seed":"2"', "of another search: seed is"),
                ('"shards":3', '"shards":4', "of another search: shards is"),
                ('"digest":"', '"digest":"0', "of another search: digest is"),
                ('"report":"shard"', '"report":"x"', "not a report that"),
                ('"part":2', '"part":"2"', '"part" of a part is missing'),
                ('"part":2', '"part":9', "parts of the search are in no"),
                ('"index":0', '"index":-1', '"index" of a part is'),
                ('"shard":3', '"shard":0', '"shard" is missing'),
                ('"runs":[', '"runs":[7,', '"runs" of a part is'),
                ("}", "", ":1: "), (good, "", "not a report that")):
            with open(names[2], "w", encoding="utf-8") as file:
                file.write(good.replace(old, new))
            with self.subTest(new=new):
                self.assertNotEqual(good, good.replace(old, new))
                self.refuse(["merge", *names], message)

    def test_a_scenario_that_changed(self):
        copy = self.path("copy.scn")
        shutil.copy(os.path.join(ROOT, SMALL), copy)
        report = self.path("report")
        run("check", copy, "--policy", "random", "--executions", "5",
            "--shard", "1/1", "--output", report)
        with open(copy, "a", encoding="utf-8") as file:
            file.write("# more\n")
        self.refuse(["merge", report], "not the scenario that the reports are")


class Processes(Case):
    def start(self, *args):
        command = [MMULATOR, *LONG, "-j", "2", *args]
        return subprocess.Popen(command, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=ROOT)

    def children(self, parent):
        """Wait for both workers."""
        for _ in range(400):
            found = []
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                        fields = stat.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(fields[1]) == parent and fields[0] != "Z":
                    found.append(int(pid))
            if len(found) == 2:
                return found
            time.sleep(0.05)
        return self.fail("no workers")

    def assert_gone(self, pids):
        for _ in range(400):
            if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
                return
            time.sleep(0.05)
        self.fail("workers are left")

    def test_a_worker_that_dies_is_an_internal_error(self):
        output = self.path("out")
        with self.start("--output", output) as process:
            pids = self.children(process.pid)
            os.kill(pids[0], signal.SIGKILL)
            out, err = process.communicate()
        self.assertEqual((process.returncode, out), (3, ""))
        self.assertIn("internal error", err)
        self.assertIn("    mmulator " + " ".join(LONG) + "\n", err)
        self.assertEqual(os.listdir(self.folder), [])
        self.assert_gone(pids)

    def test_an_interrupt_leaves_nothing(self):
        output = self.path("out")
        with self.start("--output", output) as process:
            pids = self.children(process.pid)
            process.send_signal(signal.SIGINT)
            process.communicate()
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(os.listdir(self.folder), [])
        self.assert_gone(pids)


class Page(Case):
    def test_the_ways_of_the_page_work(self):
        with open("docs/sharding.md", encoding="utf-8") as page:
            blocks = re.findall(r"^```sh\n(.*?)^```$", page.read(),
                                re.M | re.S)
        self.assertEqual(len(blocks), 4)
        for name, text in STARTERS.items():
            # The real one, where there is one that needs no cluster.
            if name == "parallel" and shutil.which(name):
                continue
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(self.path(name), 0o755)
        os.symlink(MMULATOR, self.path("mmulator"))
        os.symlink(os.path.join(ROOT, "scenarios"), self.path("scenarios"))
        environment = dict(os.environ, PATH=f"{self.folder}:"
                           f"{os.environ['PATH']}")
        one = run("check", SMALL, "--policy", "explore", "--bound", "1")
        for block in blocks:
            done = subprocess.run(["sh", "-ec", block], cwd=self.folder,
                                  env=environment, check=False,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            seconds = re.compile(r" [\d.]+  ok")
            self.assertEqual(seconds.sub("", done.stdout),
                             seconds.sub("", one.stdout))
            for name in os.listdir(self.folder):
                if name.endswith(".json"):
                    os.unlink(self.path(name))


if __name__ == "__main__":
    unittest.main()
