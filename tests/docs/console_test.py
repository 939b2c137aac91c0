#!/usr/bin/env python3
"""console_test.py BIN_DIR TRANSCRIPT [PAGE] - what a transcript shows is what happens.

TRANSCRIPT is README.md, of which the console blocks count (but those of the info string `console
no-run`), or a file PAGE.console.  It is one session, in a network of its own.  A line that begins
with `$ ` is typed, one with `& ` too, to run in the background; the lines below are compared with
what is printed.  Times of day may differ, and the line `...` stands for any lines; in a block of
the info string `console random` any letter or digit stands for any other.

With PAGE, each command under the manual page's TASKS and EXAMPLES must be in the transcript, word
for word.  There a line `- ` has one that is not run, with the reason in the comment (`# `) above it.
"""

import os
import re
import sys

from console import Console, namespace_works, normalized


def transcripts_of(path):
    """(text, whether it is random)"""
    if not os.path.exists(path):  # a page without EXAMPLES needs none
        return []
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if not path.endswith(".md"):
        return [(text, False)]
    blocks = re.findall(r"^```console( random)?\n(.*?)^```$", text, re.M | re.S)
    return [(block, bool(random)) for random, block in blocks]


def steps_of(text, random):
    """[command, expected output, whether it is random], and the commands that are not run."""
    steps, skipped = [], []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            steps.append([line[2:].strip(), "", random])
        elif line.startswith("& "):
            steps.append([line[2:].strip() + " &", "", random])
        elif line.startswith("- "):
            skipped.append(line[2:].strip())
        elif not line.startswith("# ") and line.strip():
            steps[-1][1] += line
    return steps, skipped


def examples_of(page):
    """The commands of a page's sections TASKS and EXAMPLES, as a reader sees them."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    sections = re.findall(r"^\.Sh (?:TASKS|EXAMPLES)\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S)
    commands = re.findall(r"^(?:\.Dl )?\$ (.*)$", "".join(sections), re.M)
    commands = [re.sub(r"\\\[u([0-9A-F]+)\]", lambda m: chr(int(m[1], 16)), c) for c in commands]
    return [c.replace("\\&", "").replace("\\e", "\\") for c in commands]


def matches(printed, expected, random):
    printed, expected = normalized(printed), normalized(expected)
    if random:
        printed, expected = (re.sub("[A-Za-z0-9]", "x", text) for text in (printed, expected))
    parts = expected.split("...\n")
    return re.fullmatch("(?s:.*)".join(map(re.escape, parts)), printed) is not None


def main():
    bin_dir, transcript, *pages = sys.argv[1:]
    steps, skipped, failures = [], [], 0
    for text, random in transcripts_of(transcript):
        more_steps, more_skipped = steps_of(text, random)
        steps += more_steps
        skipped += more_skipped
    for page in pages:
        known = {command for command, _, _ in steps} | set(skipped)
        for example in examples_of(page):
            if example not in known and example + " &" not in known:
                failures += 1
                print(f"{page}: not in {transcript}: {example}")
    if not namespace_works():
        print("skipped: no network namespace here")
        return 1 if failures else 77
    with Console(bin_dir) as console:
        for command, expected, random in steps:
            printed = console.run(command, lines=expected.replace("...\n", "").count("\n"))
            if not matches(printed, expected, random):
                failures += 1
                print(f"$ {command}\n--- expected:\n{expected}--- printed:\n{printed}")
    print(f"{len(steps)} commands, {failures} failures")
    return 1 if failures or not (steps or pages) else 0


if __name__ == "__main__":
    sys.exit(main())
