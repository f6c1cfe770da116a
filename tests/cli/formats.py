#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""formats.py MMULATOR: what `check --format` prints is what others read: KTAP
by the kernel's parser and a strict one, JUnit by Jenkins' schema, SARIF by its
schema. Each report is also damaged in the ways a mistake of ours would damage
it, and the reader has to notice."""
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", ".."))
VENDOR = os.path.join(TOP, "tests", "vendor")
sys.path[:0] = [HERE, VENDOR]
import jsonschema  # noqa: E402
import kunit_parser  # noqa: E402
import ktap  # noqa: E402

MMULATOR = os.path.abspath(sys.argv.pop(1))
# A name that every format has to escape in its own way: quotes, markup, a
# directive of KTAP, a control character, a byte that is not UTF-8.
HOSTILE = b'a "b" <c>&d # SKIP \x01\xff%.scn'


class Reports:
    """The reports about some scenarios that pass, fail and are skipped."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mmulator-formats-")
        for name in ("pass", "fail"):
            os.mkdir(os.path.join(self.folder, name))
        self.copy("scenarios/pt-reclaim/size-mix.scn", b"pass/size-mix.scn")
        self.copy("tests/scenarios/fail/condition.scn", b"fail/condition.scn")
        self.copy("tests/scenarios/fail/clean-expected.scn",
                  b"fail/" + HOSTILE)
        self.text = {name: self.run(name)
                     for name in ("json", "ktap", "junit", "sarif")}
        self.json = [json.loads(line)
                     for line in self.text["json"].splitlines()]

    def copy(self, source, target):
        shutil.copy(os.path.join(TOP, source),
                    os.path.join(os.fsencode(self.folder), target))

    def run(self, name, *more, status=1):
        command = [MMULATOR, "check", "--engine", "direct", "--runs", "3",
                   "--format", name, *more, "pass", "fail"]
        done = subprocess.run(command, cwd=self.folder, check=False,
                              capture_output=True)
        if done.returncode != status or done.stderr:
            raise RuntimeError(f"{command}: {done}")
        return done.stdout.decode("utf-8")  # raises if it is not


REPORTS = None


def setUpModule():
    global REPORTS  # pylint: disable=global-statement
    REPORTS = Reports()


def tearDownModule():
    shutil.rmtree(REPORTS.folder)


def counts():
    """Variants, and those that differ, as --format json has them."""
    return len(REPORTS.json), sum(not r["ok"] for r in REPORTS.json)


def chain():
    """What led to the one hazard there is, as --format json has it."""
    told, = (t for line in REPORTS.json for t in line.get("told", ())
             if t["hazard"] == "postcondition")
    return told["why"]


def shows_chain(text):
    """Each link stands in a line of its own: step, who, the first words."""
    lines = [line.split() for line in text.splitlines()]
    return all(
        [str(link["step"]), f"CPU{link['cpu']}", f"({link['agent']})",
         *link["what"].split()[:2]] in [line[:5] for line in lines]
        for link in chain())


class Json(unittest.TestCase):
    def test_what_differs_has_its_chain(self):
        kinds = [link["kind"] for link in chain()]
        self.assertIn("filled", kinds)
        self.assertIn("changed", kinds)
        self.assertIn("used", kinds)
        steps = [link["step"] for link in chain()]
        self.assertEqual(steps, sorted(steps))
        for line in REPORTS.json:
            self.assertEqual("told" in line, not line["ok"])

    def test_a_line_for_each_variant(self):
        self.assertEqual(counts(), (8, 2))
        for line in REPORTS.json:
            self.assertIsInstance(line["seconds"], (int, float))


def read_with_kunit(text):
    """The kernel's parser prints what it thinks; we want what it found."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        kunit_parser.stdout = kunit_parser.stdout.__class__(said)
        test = kunit_parser.parse_run_tests(text.splitlines())
    return test


class Ktap(unittest.TestCase):
    def refuse(self, damaged, *, by_kunit=True):
        self.assertNotEqual(damaged, REPORTS.text["ktap"])
        with self.assertRaises(ktap.KtapError):
            ktap.parse(damaged)
        if by_kunit:
            self.assertGreater(read_with_kunit(damaged).counts.errors, 0)

    def test_the_kernel_reads_the_same_results(self):
        test = read_with_kunit(REPORTS.text["ktap"])
        total, wrong = counts()
        self.assertEqual(test.counts.errors, 0)
        self.assertEqual(test.counts.failed, wrong)
        self.assertEqual(test.counts.passed, total - wrong)
        self.assertEqual(test.counts.crashed, 0)
        self.assertEqual([t.name for t in test.subtests], ["pass", "fail"])

    def test_a_folder_is_one_suite(self):
        text = REPORTS.run("ktap", "fail/condition.scn")
        self.assertEqual([(suite.name, len(suite.below))
                          for suite in ktap.parse(text)],
                         [("fail", 3), ("pass", 1)])
        self.assertEqual(read_with_kunit(text).counts.errors, 0)

    def test_a_strict_parser_reads_the_same_results(self):
        suites = ktap.parse(REPORTS.text["ktap"])
        leaves = [leaf for suite in suites for leaf in suite.leaves()]
        self.assertEqual([leaf.ok for leaf in leaves],
                         [r["ok"] for r in REPORTS.json])
        self.assertEqual([leaf.name for leaf in leaves],
                         [r["variant"] for r in REPORTS.json])
        self.assertEqual({len(suite.below) for suite in suites}, {1, 2})

    def test_a_failure_shows_its_columns(self):
        for suite in ktap.parse(REPORTS.text["ktap"]):
            for leaf in suite.leaves():
                said = "\n".join(line or "" for line in leaf.diagnostics)
                shown = re.search(r"^CPU\d \(.*CPU\d \(", said, re.M)
                self.assertEqual(bool(shown), "postcondition" in said)
                self.assertEqual(leaf.ok, "DIFFERS" not in said)
                self.assertEqual(shows_chain(said), bool(shown))

    def test_variants_not_chosen_are_skipped(self):
        text = REPORTS.run("ktap", "--variant", "fixed", status=0)
        leaves = [t for suite in ktap.parse(text) for t in suite.leaves()]
        skipped = [t for t in leaves if t.directive == "SKIP"]
        self.assertEqual((len(leaves), len(skipped)), (8, 7))
        read = read_with_kunit(text)
        self.assertEqual((read.counts.passed, read.counts.skipped), (1, 7))
        self.assertEqual(read.counts.errors, 0)

    def test_a_missing_plan_is_noticed(self):
        self.refuse(re.sub(r"^1\.\.\d\n", "", REPORTS.text["ktap"], 1, re.M),
                    by_kunit=False)
        self.refuse(re.sub(r"^ +1\.\.\d\n", "", REPORTS.text["ktap"], 1, re.M),
                    by_kunit=False)

    def test_a_wrong_plan_is_noticed(self):
        self.refuse(re.sub(r"^1\.\.2$", "1..3", REPORTS.text["ktap"], 1, re.M))

    def test_a_missing_result_is_noticed(self):
        self.refuse(re.sub(r"^ +ok 3 fixed\n", "", REPORTS.text["ktap"], 1,
                           re.M))
        self.refuse(re.sub(r"^ok 1 pass\n", "", REPORTS.text["ktap"], 1, re.M),
                    by_kunit=False)

    def test_a_wrong_number_is_noticed(self):
        self.refuse(re.sub(r"ok 3 fixed", "ok 1 fixed", REPORTS.text["ktap"]))

    def test_a_name_is_no_directive(self):
        names = [t.name for s in ktap.parse(REPORTS.text["ktap"])
                 for t in s.below]
        self.assertIn('a "b" <c>&d _ SKIP _\ufffd%.scn', names)
        self.refuse(REPORTS.text["ktap"].replace("_ SKIP _", "#SKIP"),
                    by_kunit=False)

    def test_wrong_indentation_is_noticed(self):
        self.refuse(REPORTS.text["ktap"].replace("\n    ok 2", "\n  ok 2", 1),
                    by_kunit=False)


def validate_junit(text):
    """What xmllint has against it; empty: nothing."""
    done = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema",
         os.path.join(VENDOR, "jenkins-junit.xsd"), "-"],
        input=text.encode("utf-8"), check=False, capture_output=True)
    return "" if done.returncode == 0 else done.stderr.decode("utf-8")


class Junit(unittest.TestCase):
    def refuse(self, damaged):
        self.assertNotEqual(damaged, REPORTS.text["junit"])
        self.assertTrue(validate_junit(damaged))

    def test_the_schema_of_jenkins_accepts_it(self):
        self.assertEqual(validate_junit(REPORTS.text["junit"]), "")
        skipping = REPORTS.run("junit", "--variant", "fixed", status=0)
        self.assertEqual(validate_junit(skipping), "")
        self.assertEqual(len(list(ET.fromstring(skipping).iter("skipped"))), 7)

    def test_the_results_are_those_of_json(self):
        root = ET.fromstring(REPORTS.text["junit"])
        cases = list(root.iter("testcase"))
        self.assertEqual([c.get("name") for c in cases],
                         [r["variant"] for r in REPORTS.json])
        self.assertEqual([c.find("failure") is None for c in cases],
                         [r["ok"] for r in REPORTS.json])
        for case, line in zip(cases, REPORTS.json):
            self.assertAlmostEqual(float(case.get("time")), line["seconds"],
                                   delta=5)

    def test_the_counts_are_those_of_the_cases(self):
        root = ET.fromstring(REPORTS.text["junit"])
        for group in (root, *root.iter("testsuite")):
            cases = list(group.iter("testcase"))
            wrong = [c for c in cases if c.find("failure") is not None]
            self.assertEqual(int(group.get("tests")), len(cases))
            self.assertEqual(int(group.get("failures")), len(wrong))
            total = sum(float(c.get("time")) for c in cases)
            self.assertAlmostEqual(float(group.get("time")), total, delta=0.01)

    def test_names_come_back(self):
        root = ET.fromstring(REPORTS.text["junit"])
        names = [s.get("name") for s in root.iter("testsuite")]
        self.assertIn('fail/a "b" <c>&d # SKIP \ufffd\ufffd%.scn', names)

    def test_the_columns_come_back(self):
        failure = ET.fromstring(REPORTS.text["junit"]).find(".//failure")
        self.assertRegex(failure.text, r"(?m)^CPU\d \(.*\) +CPU\d \(")
        self.assertIn("tlb fill 4K -> frame", failure.text)

    def test_a_failure_shows_its_chain(self):
        for failure in ET.fromstring(REPORTS.text["junit"]).iter("failure"):
            self.assertEqual(shows_chain(failure.text),
                             failure.get("type") == "hazard")

    def test_a_missing_escape_is_noticed(self):
        text = REPORTS.text["junit"]
        self.refuse(text.replace("&lt;", "<", 1))
        self.refuse(text.replace("&amp;", "&", 1))
        self.refuse(text.replace("&quot;", '"', 1))
        self.refuse(text.replace("\ufffd", "\x01", 1))
        self.refuse(text.replace("\ufffd", "&#1;", 1))

    def test_a_missing_element_or_attribute_is_noticed(self):
        text = REPORTS.text["junit"]
        self.refuse(text.replace("</testsuite>", "", 1))
        self.refuse(re.sub(r' tests="\d"', "", text))
        self.refuse(text.replace("<testcase name", "<testcase title", 1))
        self.refuse(text.replace("<system-out>", "<output>").replace(
            "</system-out>", "</output>"))


def sarif_validator():
    path = os.path.join(VENDOR, "sarif-2.1.0-rtm.5.json")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    return jsonschema.Draft4Validator(schema)


class Sarif(unittest.TestCase):
    def setUp(self):
        self.log = json.loads(REPORTS.text["sarif"])
        self.results = self.log["runs"][0]["results"]
        self.rules = self.log["runs"][0]["tool"]["driver"]["rules"]

    def test_the_published_schema_accepts_it(self):
        errors = list(sarif_validator().iter_errors(self.log))
        self.assertEqual([e.message for e in errors], [])
        self.assertEqual(self.log["version"], "2.1.0")

    def test_a_result_for_each_variant_that_differs(self):
        self.assertEqual(len(self.results), counts()[1])
        self.assertEqual({r["ruleId"] for r in self.results},
                         {"postcondition", "expectation"})
        for result in self.results:
            rule = self.rules[result["ruleIndex"]]
            self.assertEqual(rule["id"], result["ruleId"])
            self.assertTrue(rule["shortDescription"]["text"])

    def test_the_rules_are_the_oracles(self):
        done = subprocess.run([MMULATOR, "list"], check=True, text=True,
                              capture_output=True)
        part = done.stdout
        for rule in self.rules[:-1]:
            self.assertRegex(part, rf"(?m)^ +{rule['id']} ")

    def read_location(self, location):
        """The line of the file that a location names."""
        physical = location["physicalLocation"]
        uri = physical["artifactLocation"]["uri"]
        self.assertRegex(uri, r"\A[A-Za-z0-9._~/%-]+\Z")
        path = urllib.parse.unquote_to_bytes(uri)
        with open(os.path.join(os.fsencode(REPORTS.folder), path), "rb") as f:
            return f.read().decode().split("\n")[
                physical["region"]["startLine"] - 1]

    def test_locations_are_lines_of_the_files(self):
        for result in self.results:
            line = self.read_location(result["locations"][0])
            variant = result["properties"]["variant"]
            self.assertRegex(line, rf"variant {variant}\b|^scenario")
        for artifact in self.log["runs"][0]["artifacts"]:
            uri = artifact["location"]["uri"]
            self.assertTrue(os.path.exists(os.path.join(
                os.fsencode(REPORTS.folder),
                urllib.parse.unquote_to_bytes(uri))))

    def flows(self):
        """The thread flows of the hazard's result."""
        result, = (r for r in self.results if r["ruleId"] == "postcondition")
        flow, = result["codeFlows"]
        return flow["threadFlows"]

    def test_a_hazard_has_a_thread_flow_for_each_cpu(self):
        self.assertEqual(sorted(f["id"] for f in self.flows()),
                         ["CPU0", "CPU1"])
        for result in self.results:
            self.assertEqual("codeFlows" in result,
                             result["ruleId"] == "postcondition")

    def test_the_thread_flows_interleave_as_the_columns_do(self):
        steps = [(s["executionOrder"], f["id"], s["nestingLevel"],
                  s["location"]["message"]["text"])
                 for f in self.flows() for s in f["locations"]]
        for flow in self.flows():
            orders = [s["executionOrder"] for s in flow["locations"]]
            self.assertEqual(orders, sorted(orders))
        texts = [2 * depth * " " + text
                 for _, _, depth, text in sorted(steps)]
        failure = ET.fromstring(REPORTS.text["junit"]).find(".//failure").text
        columns, = (block for block in failure.split("\n\n")
                    if block.startswith("CPU"))
        head, *lines = columns.split("\n")
        column = head.index("CPU", 1)
        shown = [line if line[:column].strip() else line[column:]
                 for line in lines]
        self.assertEqual(texts, shown)

    def test_the_chain_is_that_of_json(self):
        for result in self.results:
            links = result.get("relatedLocations", [])
            if result["ruleId"] != "postcondition":
                self.assertEqual(links, [])
                continue
            self.assertEqual([link["id"] for link in links],
                             list(range(1, len(links) + 1)))
            self.assertEqual(
                [(link["properties"]["step"], link["properties"]["kind"],
                  link["message"]["text"]) for link in links],
                [(why["step"], why["kind"],
                  f"step {why['step']}, CPU{why['cpu']} ({why['agent']}): "
                  f"{why['what']}") for why in chain()])
            for link in links:
                self.assertRegex(self.read_location(link),
                                 r"^(thread|variant)")

    def test_steps_stand_at_the_thread_that_makes_them(self):
        for flow in self.flows():
            for step in flow["locations"]:
                line = self.read_location(step["location"])
                self.assertRegex(line, r"^(thread|variant)")
        load, = (s for f in self.flows() for s in f["locations"]
                 if s["location"]["message"]["text"].startswith("load"))
        self.assertRegex(self.read_location(load["location"]),
                         "^thread second")

    def refuse(self, change):
        damaged = json.loads(REPORTS.text["sarif"])
        change(damaged["runs"][0])
        self.assertTrue(list(sarif_validator().iter_errors(damaged)))

    def test_what_the_schema_forbids_is_noticed(self):
        self.refuse(lambda run: run["results"][0].pop("message"))
        self.refuse(lambda run: run["results"][0].update(level="fatal"))
        self.refuse(lambda run: run["results"][0].update(notes="mine"))
        self.refuse(lambda run: run["tool"]["driver"].pop("name"))
        self.refuse(lambda run: run["tool"]["driver"]["rules"][0].pop("id"))
        self.refuse(lambda run: run["results"][1].pop("message"))
        self.refuse(lambda run: next(
            r for r in run["results"] if "codeFlows" in r)["codeFlows"][0][
                "threadFlows"][0].update(locations=[]))
        self.refuse(lambda run: next(
            r for r in run["results"] if "relatedLocations" in r)[
                "relatedLocations"][0].update(id="first"))
        self.refuse(lambda run: run["results"][0]["locations"][0][
            "physicalLocation"]["region"].update(startLine=0))


if __name__ == "__main__":
    unittest.main()
