#!/usr/bin/env python3
"""plain_words.py ROOT - fails if a manual page, a message or a --help text uses one of a few phrases
that readers stumble over.

Checks the pages in man/, except arguments of .Cm, and the string literals of more than one word in
tools/ and common/: a single word is a value, as "nobody" is in netcat's JSON.  One line for each
finding, exit status 1.
"""

import pathlib
import re
import sys

FORBIDDEN = {
    r"wants": "requires",
    r"(?<!there )is\s+no": "is not a valid",
    r"nobody": "no client, no process, no one",
    r"somebody": "a client, another process",
}
STRING = re.compile(
    r'R"(?P<mark>\w*)\((?P<raw>.*?)\)(?P=mark)"|"(?P<text>(?:[^"\\\n]|\\.)*)"'
    r"|'(?:[^'\\\n]|\\.)+'|//[^\n]*|/\*.*?\*/",
    re.S,
)


def messages_in(source):
    """The string literals of more than one word."""
    for match in STRING.finditer(source):
        text = match["raw"] or match["text"] or ""
        if " " in text.strip():
            yield text


def text_of(page):
    """The page without its comments and literal values."""
    return re.sub(r'^\.(?:\\"|Cm\b).*$', "", page, flags=re.M)


def findings_in(path):
    content = path.read_text(encoding="utf-8")
    for text in [text_of(content)] if path.parent.name == "man" else messages_in(content):
        for phrase, instead in FORBIDDEN.items():
            for match in re.finditer(rf"\b{phrase}\b", text, re.I):
                around = " ".join(text[max(0, match.start() - 40) : match.end() + 40].split())
                yield f"{path}: '{' '.join(match[0].split())}' (write: {instead}): {around}"


def main():
    root = pathlib.Path(sys.argv[1])
    sources = [
        path
        for folder in ("tools", "common")
        for path in (root / folder).rglob("*")
        if path.suffix in (".cc", ".h")
    ]
    files = sorted([*root.glob("man/*.[1-8]"), *sources])
    if len(files) < 100:
        sys.exit(f"plain_words: only {len(files)} files under {root}")
    findings = [finding for path in files for finding in findings_in(path)]
    print(*findings, sep="\n")
    sys.exit(1 if findings else 0)


main()
