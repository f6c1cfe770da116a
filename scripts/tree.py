# SPDX-License-Identifier: GPL-2.0-or-later
"""What the checks know about the source tree: modules, files, C tokens.

As a command, `tree.py [c|header|script|markdown]` lists files.
"""
import argparse
import os
import re
import sys

# Who may include whom: docs/ARCHITECTURE.md. A module may include itself.
LAYERS = {
    "base": (),
    "tlb": ("base",),
    "pagetable": ("base",),
    "mmu": ("base", "pagetable", "tlb"),
    "emu": ("base", "mmu", "pagetable", "tlb"),
    "mm": ("base", "pagetable"),
    "oracle": ("base", "pagetable", "tlb"),
    "explore": ("base",),
    "syscalls": ("base", "mm", "emu"),
    "scenario": ("base", "tlb", "pagetable", "mmu", "emu", "mm", "oracle",
                 "explore", "syscalls"),
    "viz": ("base", "tlb", "pagetable", "mmu", "emu", "mm", "oracle",
            "explore", "syscalls", "scenario"),
    "lab": ("base", "tlb", "pagetable", "mmu", "emu", "mm", "oracle",
            "explore", "syscalls", "scenario", "viz"),
    "stepper": ("base", "tlb", "pagetable", "mmu", "emu", "mm", "oracle",
                "explore", "syscalls", "scenario", "viz"),
    "cli": ("base", "tlb", "pagetable", "mmu", "emu", "mm", "oracle",
            "explore", "syscalls", "scenario", "viz", "stepper"),
}
ENGINE = ("base", "pagetable", "tlb", "mmu", "emu", "mm", "oracle", "explore")

# Third-party headers, by how their names begin, and who may include them.
THIRD_PARTY = {
    "unicorn": ("emu",),
    "capstone": ("emu", "viz"),
    "libelf": ("syscalls",),
    "gelf": ("syscalls",),
    "json-glib": ("scenario", "viz", "cli"),
    "gio": ("scenario", "viz", "cli"),
    "editline": ("cli",),
    "histedit": ("cli",),
    "curses": ("cli",),
    "ncurses": ("cli",),
    "SDL": ("viz",),
    "check": (),
    "boost": (),
}

OTHER_FOLDERS = ("tests", "bench", "workloads", "examples")
VENDOR = "tests/vendor"  # the work of others, as it is


def parse_root(description):
    """The root folder to check: --root, by default this project's."""
    parser = argparse.ArgumentParser(description=description)
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    parser.add_argument("--root", default=os.path.normpath(default))
    return parser.parse_args().root


def walk(root, folders):
    """All files under the folders, sorted, relative to root."""
    for folder in folders:
        for where, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if not d.startswith("."))
            if os.path.relpath(where, root) == VENDOR:
                names = ["README.md"]
            for name in sorted(names):
                yield os.path.relpath(os.path.join(where, name), root)


def c_files(root, folders=tuple(LAYERS) + OTHER_FOLDERS):
    return [f for f in walk(root, folders) if f.endswith((".c", ".h"))]


def headers(root):
    return [f for f in c_files(root, tuple(LAYERS) + ("tests",))
            if f.endswith(".h")]


def scripts(root):
    """Scripts and build files: whatever has `#` comments and is ours."""
    found = [f for f in walk(root, ("scripts", "cmake", ".ci"))
             if "__pycache__" not in f and not f.endswith((".in", ".cfg", ".txt"))]
    for name in ("run", "test", "CMakeLists.txt"):
        if os.path.exists(os.path.join(root, name)):
            found.append(name)
    for f in walk(root, tuple(LAYERS) + OTHER_FOLDERS):
        if f.endswith(("CMakeLists.txt", ".cmake", ".py", ".sh", ".S")):
            found.append(f)
    return found


def markdown(root):
    found = [f for f in os.listdir(root) if f.endswith(".md")]
    more = walk(root, tuple(LAYERS) + OTHER_FOLDERS +
                ("docs", "scenarios", "profiles"))
    return sorted(found) + [f for f in more if f.endswith(".md")]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                   re.DOTALL)


def code_only(text):
    """C text with comments and literals blanked, lines kept."""
    def blank(match):
        return " " + "\n" * match.group().count("\n")
    return TOKEN.sub(blank, text)


def report(check, problems):
    """Print the problems, one per line, and exit with 1 if there are any."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{check}: {len(problems)} problem(s)", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    HERE = os.path.normpath(os.path.join(os.path.dirname(
        os.path.abspath(__file__)), ".."))
    KINDS = {"c": c_files, "header": headers, "script": scripts,
             "markdown": markdown}
    for line in KINDS[sys.argv[1]](HERE):
        print(line)
