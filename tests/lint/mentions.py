#!/usr/bin/env python3
"""mentions.py ROOT - each tool of CMakeLists.txt is where HACKING.md says that a tool has to be.

Prints what is missing, a line for each place, as it has to be written there; exits 1 if there is
any.
"""

import pathlib
import re
import sys


def tools_of(cmake):
    """[name, section, port or None]"""
    return re.findall(r"^wireutils_add_tool\((\w+) (\d)(?: PORT (\d+))?", cmake, re.M)


def plain(text):
    """A page without macros, on one line."""
    return " ".join(re.sub(r"^\.\w+ ", "", text, flags=re.M).replace(" 8 ,", ",").split())


def missing(root, name, section, port):
    """(where, what) for each place that lacks the tool."""
    for file in (f"tools/{name}/{name}.cc", f"man/{name}.{section}"):
        if not (root / file).exists():
            yield file, "the file"
    if not list(root.glob(f"tests/e2e/{name}*_test.cc")):
        yield f"tests/e2e/{name}_test.cc", "the file"
    read = lambda file: (root / file).read_text(encoding="utf-8")
    readme, page = read("README.md"), read("man/wireutils.7")
    if f"**{name}**" not in readme.partition("\n## ")[0]:
        yield "README.md", f"**{name}** in the first sentence"
    if not re.search(rf"^\*\*{name}\*\*|^## {name}\b", readme, re.M):
        yield "README.md", f"a paragraph that begins with **{name}**"
    if f"`{name}`" not in read("CHANGELOG.md"):
        yield "CHANGELOG.md", f"`{name}`"
    if f"\n.It Xr {name} {section}\n" not in page:
        yield "man/wireutils.7", f"`.It Xr {name} {section}` in DESCRIPTION"
    if not re.search(rf"^\.Xr {name} {section}\b", page.partition(".Sh SEE ALSO")[2], re.M):
        yield "man/wireutils.7", f"`.Xr {name} {section}` in SEE ALSO"
    if port:
        if f"{name}: {port}" not in " ".join(readme.split()):
            yield "README.md", f"'{name}: {port}' in the list of ports"
        pages = [plain(path.read_text(encoding="utf-8")) for path in root.glob("man/wireutils*.7")]
        if not any(re.search(rf"\b{port} for {name}\b", text) for text in pages):
            yield "man/wireutils*.7", f"'{port} for {name}' in the list of ports"


def main():
    root = pathlib.Path(sys.argv[1])
    tools = tools_of((root / "CMakeLists.txt").read_text(encoding="utf-8"))
    found = [f"{name}: missing in {where}: {what}"
             for name, section, port in tools for where, what in missing(root, name, section, port)]
    print("\n".join(found or [f"{len(tools)} tools are mentioned everywhere"]))
    return bool(found) or not tools


sys.exit(main())
