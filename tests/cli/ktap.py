# SPDX-License-Identifier: GPL-2.0-or-later
"""A strict parser of KTAP version 1, written from Linux v6.12
Documentation/dev-tools/ktap.rst. What that page recommends is required here
(plans, diagnostics right before their result), and there are no unknown lines:
a report that passes can be read by parsers of any leniency."""
import re
from dataclasses import dataclass, field

RESULT = re.compile(r"(ok|not ok) (\d+)(?: ([^#\n]+?))?(?: # (.*))?")
DIRECTIVE = re.compile(r"(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b ?(.*)")


class KtapError(Exception):
    """The text is not KTAP, and where."""


@dataclass
class Test:
    name: str
    ok: bool
    directive: str = ""
    diagnostics: list = field(default_factory=list)
    below: list = field(default_factory=list)

    def leaves(self):
        """The tests without tests below them."""
        if not self.below:
            return [self]
        return [leaf for test in self.below for leaf in test.leaves()]


class Lines:
    """The lines of a text, taken one by one."""

    def __init__(self, text):
        if not text.endswith("\n"):
            raise KtapError("the last line does not end")
        self.lines = text[:-1].split("\n")
        self.at = 0

    def peek(self, depth):
        """The next line without its indentation; None if it is of another
        level, or there is none."""
        if self.at == len(self.lines):
            return None
        line = self.lines[self.at]
        content = line.lstrip(" ")
        # Blanks behind the # of a diagnostic are its own.
        return content if len(line) - len(content) == 2 * depth else None

    def take(self, depth, pattern, what):
        line = self.peek(depth)
        match = re.fullmatch(pattern, line) if line is not None else None
        if not match:
            raise self.error(f"expected {what}")
        self.at += 1
        return match

    def error(self, message):
        shown = self.lines[self.at] if self.at < len(self.lines) else "the end"
        return KtapError(f"line {self.at + 1}: {message}: {shown!r}")


def take_test(lines, depth, number):
    below = []
    if lines.peek(depth + 1) == "KTAP version 1":
        below = take_block(lines, depth + 1)
    diagnostics = []
    while (lines.peek(depth) or "").startswith("#"):
        diagnostics.append(lines.take(depth, r"#(?: (.*))?", "diagnostics")[1])
    match = lines.take(depth, RESULT, f"the result of test {number}")
    if int(match[2]) != number:
        lines.at -= 1
        raise lines.error(f"expected the result of test {number}")
    test = Test(match[3] or "", match[1] == "ok", "", diagnostics, below)
    directive = DIRECTIVE.match(match[4] or "")
    if directive:
        test.directive = directive[1]
    if below and test.ok != all(t.ok for t in below):
        lines.at -= 1
        raise lines.error("does not agree with what is below it")
    return test


def take_block(lines, depth):
    """A version line, a plan, and as many tests as it says."""
    lines.take(depth, "KTAP version 1", "a version line")
    plan = lines.take(depth, r"1\.\.([1-9]\d*)", "a plan")
    return [take_test(lines, depth, i + 1) for i in range(int(plan[1]))]


def parse(text):
    """The tests of the top level. KtapError if something is not as it ought
    to be."""
    lines = Lines(text)
    tests = take_block(lines, 0)
    if lines.at != len(lines.lines):
        raise lines.error("expected the end")
    return tests
