#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py MMULATOR: check shows how far it is on a terminal, in one line
that is drawn over and gone in the end; in a pipe and with -q it shows nothing."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unittest

MMULATOR = sys.argv.pop(1)
WIDTH = 50
CLEAR = "\r\033[K"
LONG = ["check", "--engine", "direct", "--runs", "1500",
        "scenarios/pt-reclaim/size-mix.scn"]


def run_on_terminal(*arguments):
    """What comes to stderr when that is a terminal; stdout is a pipe."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, WIDTH, 0, 0))
    with subprocess.Popen([MMULATOR, *arguments], stdout=subprocess.PIPE,
                          stderr=slave, text=True) as process:
        os.close(slave)
        shown = b""
        try:
            while block := os.read(master, 4096):
                shown += block
        except OSError:
            pass  # the other side is closed
        out = process.stdout.read()
    os.close(master)
    return process.returncode, out, shown.decode()


class Progress(unittest.TestCase):
    def test_a_terminal_shows_one_line_again_and_again(self):
        status, out, shown = run_on_terminal(*LONG)
        self.assertEqual(status, 0)
        self.assertIn("size-mix", out)
        self.assertNotIn("\n", shown)
        self.assertTrue(shown.startswith(CLEAR))
        self.assertTrue(shown.endswith(CLEAR), repr(shown[-40:]))
        drawn = [d for d in shown.split(CLEAR) if d]
        self.assertGreater(len(drawn), 1)
        for line in drawn:
            self.assertLess(len(line), WIDTH)
            self.assertRegex(line, r"\([1-6] of 6\)$")
        self.assertTrue(any(re.search(r"fixed\w*: \d+/1501 ", line)
                            for line in drawn), drawn)

    def test_quiet_shows_nothing(self):
        status, out, shown = run_on_terminal(*LONG, "-q")
        self.assertEqual((status, out, shown), (0, "", ""))

    def test_a_pipe_shows_nothing(self):
        done = subprocess.run([MMULATOR, *LONG], capture_output=True,
                              check=True)
        self.assertEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main()
