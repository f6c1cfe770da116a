# SPDX-License-Identifier: GPL-2.0-or-later
"""The comments that public functions must have.

A function that a public header declares has a kernel-doc comment of its own
right before it:

	/**
	 * name - what it does.
	 * @len: each parameter, with units and range; or @len in the text
	 *
	 * Context: what must be held.
	 * Return: of every function that returns something; errors too.
	 */

The first parameter needs no word if it points to a struct: it is the object
that the function belongs to.  Functions that differ in one word only share a
comment that says so:

	/** family: name, other_name - what they have in common. */

and follow it in that order.  They must take as many parameters each, and all
or none must return something.
"""
import re

# A comment, a string, a brace, a semicolon, a preprocessor line, other text.
TOKEN = re.compile(r"""
    (?P<doc>/\*\*(?!/).*?\*/) | (?P<comment>/\*.*?\*/) |
    (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*') |
    (?P<directive>^[ \t]*\#(?:[^\n\\]|\\\n|\\.)*$) |
    (?P<open>\{) | (?P<close>\}) | (?P<end>;) | (?P<text>[^\s{};"'/#]+|[\s]+|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

PROTOTYPE = re.compile(r"^(?P<result>[\w\s*]+?[\s*])(?P<name>\w+)\s*"
                       r"\((?P<params>.*)\)$", re.DOTALL)
ATTRIBUTE = re.compile(r"G_GNUC_\w+(?:\s*\([^()]*\))?|"
                       r"__attribute__\s*\(\(.*?\)\)")

# Words before a result's type that are none of it.
QUALIFIERS = ("extern", "must_check", "static", "inline", "noreturn",
              "always_inline", "G_GNUC_NORETURN", "_Noreturn")


class Function:
    """A declaration without a body: where it is and what it looks like."""

    def __init__(self, line, match, doc):
        self.line = line
        self.name = match["name"]
        words = [w for w in match["result"].replace("*", " * ").split()
                 if w not in QUALIFIERS]
        self.result = " ".join(words)
        self.static = "static" in match["result"].split()
        self.params = list(split_params(match["params"]))
        self.doc = doc

    def shape(self):
        return self.result != "void", len(self.params)


def split_params(text):
    """(type, name) of each parameter; the name of a function's pointer."""
    depth, start = 0, 0
    text = " ".join(text.split())
    parts = []
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    for part in (p.strip() for p in parts):
        if part in ("void", "", "..."):
            continue
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", part)
        name = (pointer or re.search(r"(\w+)\s*(?:\[[^\]]*\])*$", part))[1]
        yield part, name


def prototype(text):
    """A function's declaration taken apart, or None: something else."""
    match = PROTOTYPE.match(ATTRIBUTE.sub("", text).strip())
    if not match or text.lstrip().startswith("typedef"):
        return None
    depth = 0
    for c in match["params"]:
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return None  # the brackets are not those of parameters
    return match


def declarations(text):
    """Functions declared at the outermost level, with the comment before."""
    depth, pending, doc, line = 0, "", None, 1
    start = 1
    for token in TOKEN.finditer(text):
        kind, value = token.lastgroup, token[0]
        if kind == "open":
            # extern "C" and the like do not occur.
            depth += 1
        elif kind == "close":
            depth -= 1
            if not depth and "(" in pending:
                pending, doc = "", None  # a body ended
        elif depth:
            pass
        elif kind == "doc":
            doc, pending = value, ""
        elif kind in ("comment", "directive"):
            if not pending.strip() and kind == "comment":
                doc = None
        elif kind == "end":
            match = prototype(pending)
            if match:
                yield Function(start, match, doc)
            pending, doc = "", None
        else:
            if not pending.strip():
                pending, start = "", line
            pending += value
        line += value.count("\n")


def names_of(doc):
    """The functions that a comment is about, and whether it is a family's."""
    head = re.match(r"/\*\*[\s*]*(family:\s*)?([\w\s,*]+?)\s+-\s", doc)
    if not head:
        return [], False
    names = re.sub(r"[\s*]+", " ", head[2]).split(",")
    return [name.strip() for name in names], bool(head[1])


def described(doc):
    return set(re.findall(r"@(\w+)", doc))


def check_text(function):
    """What is missing in a function's comment, or too much."""
    doc, names = function.doc, [name for _, name in function.params]
    known = described(doc)
    needed = list(names)
    if function.params and re.match(r"(const )?struct \w+ \*\w+$",
                                    function.params[0][0]):
        needed = needed[1:]
    for name in needed:
        if name not in known:
            yield f"says nothing of @{name}"
    for name in sorted(known - set(names)):
        yield f"speaks of @{name}, which is no parameter"
    if function.result != "void" and not re.search(r"\bReturns?:", doc):
        yield "has no Return:"


def check_header(text):
    """(line, message) of everything in a public header that is not as above."""
    family, first = [], None
    for function in declarations(text):
        if function.static:
            continue
        if family and function.doc is None:
            expected, family = family[0], family[1:]
            if function.name != expected:
                yield function.line, f"{expected}() should be here: it is " \
                    "next in its family's comment"
                family = []
            elif function.shape() != first.shape():
                yield function.line, f"{function.name}() is no family of " \
                    f"{first.name}(): parameters or result differ"
            continue
        if family:
            yield function.line, f"{family[0]}() is missing: its family's " \
                "comment names it"
        family, first = [], function
        if function.doc is None:
            yield function.line, f"{function.name}() has no comment of its own"
            continue
        names, shared = names_of(function.doc)
        if shared and len(names) > 1:
            family = names[1:]
        elif len(names) > 1:
            yield function.line, f"{function.name}() shares a comment that " \
                "is no family's"
            continue
        if not names or names[0] != function.name:
            yield function.line, f"the comment before {function.name}() " \
                f"begins with {', '.join(names) or 'no name'}"
            continue
        for message in check_text(function):
            yield function.line, f"the comment of {function.name}() {message}"
    if family:
        yield 0, f"{family[0]}() is missing: its family's comment names it"
