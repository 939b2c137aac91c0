#!/usr/bin/env python3
"""figures_test.py README RESULT - each figure that README quotes is one of the last measurement's."""

import re
import sys


def main():
    readme, result = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    section = readme.partition("\n## Numbers\n")[2].partition("\n## ")[0]
    quoted = re.findall(r"\b\d[\d.,]*\d? (?:B|KiB|s|ms|µs)\b|\b\d{4}-\d\d-\d\d\b", section)
    stale = [figure for figure in quoted if figure not in result]
    print(f"{len(quoted)} figures, not measured: {stale}")
    return 1 if stale or not quoted else 0


sys.exit(main())
