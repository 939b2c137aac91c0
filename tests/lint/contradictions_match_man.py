#!/usr/bin/env python3
"""contradictions_match_man.py SOURCE PAGE - the brackets of the options in PAGE are SOURCE's tables.

In SOURCE (contradictions.cc):                In PAGE, in the description of -u and of --tls:
  {"udp", "tls", "TLS requires a stream"},      .Bq requires Fl x No or Fl y Ns No ; not with Fl -tls
  {"broadcast", "udp"},                         .Bq not with Fl u
A combination that only one of them has is a difference: one line each, exit status 1.
"""

import re
import sys


def tables_of(source):
    """The pairs that do not work together, in both orders, and those of which one requires the other."""
    tables = re.findall(r"^constexpr \w+ \w+\[\] = {$(.*?)^};$", source, re.M | re.S)
    text = re.sub(r"\s+", " ", "".join(tables))
    quoted = r'"([a-z0-9-]+)"'
    pairs = re.findall(rf'{{{quoted}, {quoted}, "[^"]* [^"]*"}}', text)
    needs = re.findall(r'{"([a-z0-9-]+)"((?:, "[a-z0-9-]+")+)}', text)
    return (
        {order for a, b in pairs for order in ((a, b), (b, a))},
        {(option, needed) for option, any_of in needs for needed in re.findall(quoted, any_of)},
    )


def brackets_of(page):
    """The same from the page's .Bq lines; clauses with conditions, as for -zu, are left out."""
    section = page.partition("\n.Sh OPTIONS\n")[2].partition("\n.Sh ")[0].replace("\\\n", "")
    items = re.findall(r"^\.It Fl ([^\n]*)\n(.*?)(?=^\.It |^\.El)", section, re.M | re.S)
    long_names, clauses = {}, []
    for tag, body in items:
        names = [name.split()[0].lstrip("-") for name in tag.removesuffix(" Ar").split(" , ")]
        long_names.update({name: names[-1] for name in names})
        for bracket in re.findall(r"^\.Bq (.*)$", body, re.M):
            clauses += [(names[-1], clause) for clause in bracket.split(" Ns No ; ")]
    found = {"not with": set(), "requires": set()}
    for option, clause in clauses:
        kind, _, others = clause.partition(" Fl ")
        for other in re.split(r" , | No (?:or|and) Fl ", others):
            name = other.lstrip("-")
            if kind in found and name in long_names:
                found[kind].add((option, long_names[name]))
    return found["not with"], found["requires"]


def main():
    source, page = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    differences = 0
    for what, in_source, in_page in zip(("not with", "requires"), tables_of(source), brackets_of(page)):
        if not in_source:
            sys.exit(f"{sys.argv[1]}: no table found: {what}")
        for option, other in sorted(in_source ^ in_page):
            where = "the source" if (option, other) in in_source else "the page"
            print(f"--{option} {what} --{other}: in {where} only")
            differences += 1
    sys.exit(1 if differences else 0)


main()
