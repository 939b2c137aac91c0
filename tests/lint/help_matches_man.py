#!/usr/bin/env python3
"""help_matches_man.py BINARY PAGE [SHARED] - the options of `BINARY --help` are those of PAGE's OPTIONS.

An option that only one of them has, that takes an argument in only one of them, or that has
another short letter or long name in the other, is a difference: one line each, exit status 1.
What cannot be read as an option is a difference too, so that a change of form is not overlooked.

With SHARED, a page of options that several tools have: PAGE's part `.Ss Shared options` lists the long
names of those that BINARY has, in lines `.Fl -drain , -help`, and they are read in SHARED's OPTIONS.

In --help:                         In the page, as tags of the lists in OPTIONS:
  -w, --timeout T   text           .It Fl w , -timeout Ar T
  -l, --listen      text           .It Fl l , -listen
      --drain T     text           .It Fl -drain Ar T
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    names: tuple  # as typed: ("-w", "--timeout")
    takes_argument: bool


SHORT = r"-[A-Za-z0-9]"
LONG = r"--[a-z0-9][a-z0-9-]+"
HELP_LINE = re.compile(
    rf"(?:  (?P<short>{SHORT})(?:, (?P<long>{LONG}))?|      (?P<long_only>{LONG}))"
    rf"(?P<argument> [^ ]+)?(?:  .*)?"
)


def options_of_help(text):
    """Returns the options, and the lines that look like one and are none."""
    options, unreadable = [], []
    for line in text.splitlines():
        # A description that goes on in the next line begins in the column of the text.
        if not re.match(r" {0,8}-", line):
            continue
        match = HELP_LINE.fullmatch(line)
        if not match:
            unreadable.append(line.strip())
            continue
        names = (match["short"], match["long"] or match["long_only"])
        options.append(Option(tuple(n for n in names if n), match["argument"] is not None))
    return options, unreadable


def shared_of_page(text):
    """The long names that a page's part `.Ss Shared options` lists."""
    part = text.partition("\n.Ss Shared options\n")[2]
    part = re.split(r"^\.S[hs] ", part, maxsplit=1, flags=re.M)[0]
    lists = re.findall(r"^\.Fl (.*)$", part, re.M)
    return ["-" + word for line in lists for word in line.split() if word.startswith("-")]


def options_of_page(text):
    """The options of a page: the tags that begin with Fl in the section OPTIONS."""
    options, unreadable = [], []
    section = None
    for line in text.splitlines():
        if line.startswith(".Sh "):
            section = line[4:].strip()
        if section != "OPTIONS" or not re.match(r"\.It\s+Fl\b", line):
            continue
        tag = re.fullmatch(r"\.It Fl (?P<names>[^ ]+(?: , [^ ]+)*)(?P<argument> Ar .+)?", line)
        names = tuple("-" + n for n in tag["names"].split(" , ")) if tag else ()
        if not names or not all(re.fullmatch(f"{SHORT}|{LONG}", n) for n in names):
            unreadable.append(line)
            continue
        options.append(Option(names, tag["argument"] is not None))
    return options, unreadable


def by_name(options, where, differences):
    table = {}
    for option in options:
        for name in option.names:
            if name in table:
                differences.append(f"{name}: twice in {where}")
            table[name] = option
    return table


def with_shared(page, page_text, shared_text, differences):
    """The page's own options and those that it lists as shared."""
    options, unreadable = page
    shared, more_unreadable = options_of_page(shared_text)
    table = by_name(shared, "the shared page", differences)
    listed = shared_of_page(page_text)
    differences += [f"{name}: not in the shared page" for name in listed if name not in table]
    shared = [table[name] for name in listed if name in table]
    return options + shared, unreadable + more_unreadable


def differences_between(help_text, page_text, shared_text=None):
    differences = []
    tables = []
    page = options_of_page(page_text)
    if shared_text is not None:
        page = with_shared(page, page_text, shared_text, differences)
    for where, (options, unreadable) in (
        ("--help", options_of_help(help_text)),
        ("the page", page),
    ):
        differences += [f"{where}: cannot be read as an option: {line}" for line in unreadable]
        if not options:
            differences.append(f"{where}: no options found")
        tables.append(by_name(options, where, differences))
    in_help, in_page = tables
    for name in sorted({**in_help, **in_page}, key=lambda n: (n.lstrip("-").lower(), n)):
        if name not in in_page:
            differences.append(f"{name}: in --help, not in the page")
        elif name not in in_help:
            differences.append(f"{name}: in the page, not in --help")
        elif in_help[name].takes_argument != in_page[name].takes_argument:
            takes = "--help" if in_help[name].takes_argument else "the page"
            differences.append(f"{name}: takes an argument in {takes} only")
        elif set(in_help[name].names) != set(in_page[name].names):
            differences.append(
                f"{name}: {', '.join(in_help[name].names)} in --help,"
                f" {', '.join(in_page[name].names)} in the page"
            )
    return differences


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: help_matches_man.py BINARY PAGE [SHARED]")
    binary, page, *shared = sys.argv[1:]
    run = subprocess.run(
        [os.path.abspath(binary), "--help"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    texts = []
    for path in (page, *shared):
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    differences = differences_between(run.stdout, *texts)
    if run.returncode != 0 or run.stderr:
        differences.insert(0, f"--help: status {run.returncode}, on stderr: {run.stderr.strip()!r}")
    for line in differences:
        print(f"{os.path.basename(page)}: {line}")
    sys.exit(1 if differences else 0)


main()
