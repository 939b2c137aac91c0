#!/usr/bin/env python3
"""hardening_test.py LIBRARY BINARY... - are the binaries built to resist exploits?

Each must be position-independent, have all of its relocations read-only and a stack that is not
executable, and be compiled with stack protector and _FORTIFY_SOURCE.  A static binary has no names
left that tell of the last two.  The branch protection of LIBRARY's objects is checked instead of the
binaries': these lose the mark if a start file of the C library lacks it.
"""

import platform
import re
import subprocess
import sys

BRANCH_PROTECTION = {"x86_64": "IBT, SHSTK", "aarch64": "BTI"}


def readelf(*arguments):
    return subprocess.run(
        ["readelf", "-W", *arguments], check=True, capture_output=True, text=True
    ).stdout


def faults_of(binary):
    """What the binary lacks."""
    if "Type:                              DYN" not in readelf("-h", binary):
        yield "is not position-independent"
    segments = readelf("-l", binary)
    if "GNU_RELRO" not in segments:
        yield "has no GNU_RELRO segment"
    stack = re.search(r"GNU_STACK.* (R?W?E?) +0x", segments)
    if not stack or "E" in stack[1]:
        yield "has an executable stack"
    if not re.search(r"BIND_NOW|Flags:.*\bNOW\b", readelf("-d", binary)):
        yield "is bound lazily"
    if "INTERP" not in segments:
        return
    imported = readelf("--dyn-syms", binary)
    if " __stack_chk_fail@" not in imported:
        yield "has no stack protector"
    if not re.search(r" __(?!stack)\w+_chk@", imported):
        yield "has no _FORTIFY_SOURCE"


def unprotected(library, mark):
    """The objects of the library that lack the mark."""
    for member in readelf("-n", library).split("\nFile: ")[1:]:
        if mark not in member:
            yield member.splitlines()[0]


def main():
    library, *binaries = sys.argv[1:]
    failed = False
    for binary in binaries:
        for fault in faults_of(binary):
            print(f"{binary}: {fault}")
            failed = True
    mark = BRANCH_PROTECTION.get(platform.machine())
    for member in unprotected(library, mark) if mark else ():
        print(f"{member}: has no branch protection ({mark})")
        failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
