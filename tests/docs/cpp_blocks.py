#!/usr/bin/env python3
"""cpp_blocks.py FILE.md DIRECTORY - writes each C++ block that has a Cli to DIRECTORY/NAME.cc, NAME
being the Cli's."""

import pathlib
import re
import sys

text, directory = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"), pathlib.Path(sys.argv[2])
directory.mkdir(parents=True, exist_ok=True)
for block in re.findall(r"^```cpp\n(.*?)^```$", text, re.M | re.S):
    name = re.search(r'\bCli cli\("(\w+)"', block)
    if name:
        (directory / f"{name[1]}.cc").write_text(block, encoding="utf-8")
