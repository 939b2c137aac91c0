#!/usr/bin/env python3
"""links_test.py ROOT - the links between the Markdown files and between the manual pages as HTML
lead somewhere, and README's table of exit statuses has those of the code."""

import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse


def broken_in(path, text, pattern):
    """The relative links of a file that lead to no file or to no place in one."""
    for link in re.findall(pattern, text):
        if re.match(r"\w+:", link):
            continue
        name, _, place = urllib.parse.unquote(link).partition("#")
        target = path.parent / name if name else path
        if not target.exists():
            yield f"{path}: {link}"
        elif place and f'id="{place}"' not in target.read_text(encoding="utf-8"):
            yield f"{path}: {link}: no such place"


def statuses_of(readme):
    section = readme.partition("| status | |")[2].partition("\n\n")[0]
    return sorted(int(number) for number in re.findall(r"\| (\d+) \|", section))


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = []
    for path in [*root.glob("*.md"), *root.glob("doc/*.md")]:
        wrong += broken_in(path, path.read_text(encoding="utf-8"), r"\]\(([^)#\s]+)\)")
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([root / "packaging" / "html.sh", directory], check=True, stdout=subprocess.DEVNULL)
        pages = sorted(pathlib.Path(directory).glob("*.html"))
        for path in pages:
            wrong += broken_in(path, path.read_text(encoding="utf-8"), r'href="([^"]+)"')
        wrong += [] if len(pages) > len(list(root.glob("man/*"))) else ["HTML: pages are missing"]
        home = (pathlib.Path(directory) / "netcat.1.html").read_text(encoding="utf-8")
        wrong += [] if 'href="wireutils.7.html"' in home else ["netcat.1.html: no link to wireutils.7"]
    header = (root / "common/cli/exit_status.h").read_text(encoding="utf-8")
    in_code = [int(number) for number in re.findall(r"^  k\w+ = (\d+),", header, re.M)]
    in_readme = statuses_of((root / "README.md").read_text(encoding="utf-8"))
    if in_code != in_readme or not in_code:
        wrong.append(f"README.md: exit statuses {in_readme}, in the code {in_code}")
    print("\n".join(wrong))
    return bool(wrong)


sys.exit(main())
