#!/usr/bin/env python3
"""dialect.py ROOT - the rules of HACKING.md that no compiler checks, over common/, tools/ and tests/.

Prints `file:line: rule` for each breach; exits 1 if there is one.  What g++ 12 miscompiles was found
by trying: conditions, `?:`, aggregates and lambdas made inside a co_await expression.
"""
import pathlib
import re
import sys

LINE_MAX, FUNCTION_MAX, FILE_MAX = 100, 60, 400

# (pattern, rule), each tried on every statement that has a co_await and is no header of another.
AWAITS = [
    (r"(&&|\|\|)[^;]*\bco_await\b|\bco_await\b[^;(]*(&&|\|\|)", "co_await beside && or ||"),
    (r"\?[^:;]*\bco_await\b|\bco_await\b[^;()]*\?[^;]*:(?!:)", "co_await beside ?:"),
    (r"\bauto\s*&?\s*\[[^\]]*\]\s*=\s*co_await\b", "structured binding of a co_await"),
    (r"\bco_await\b[^;]*[(,]\s*\[", "a lambda made inside a co_await expression: name it first"),
    (r"\bco_await\b[^;]*[(,]\s*\{", "a braced argument inside a co_await expression: name it first"),
    (r"\bco_await\b[^;]*\b[A-Z]\w*\{[^}]", "an aggregate made inside a co_await expression: name it"),
    (r"(\w\(|,)\s*co_await\b", "co_await as an argument: name the result first"),
]
HEADER = re.compile(r"(?:else\s+)?\b(if|while|for|switch)\s*(?:constexpr\s*)?\(")
WHILE_AUTO = re.compile(r"^\s*auto\s+\w+\s*=\s*co_await\b")
CAPTURES = re.compile(r"\[[^\]]+\]\s*(\([^)]*\))?\s*(mutable\s*)?->\s*(net::)?Task\b[^{]*\{[^}]*co_")
INCLUDE = re.compile(r'#\s*include\s*[<"]([^>"]+)[>"]')


def without_literals_and_comments(text):
    """The same text, with the insides of strings, characters and comments blanked."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group()) if m.group()[0] == "/" else '""'
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?s:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                  blank, text, flags=re.S)


BLOCK = re.compile(r"(\)|\belse|\bdo|\bconst|\boverride|\bnoexcept|->\s*[\w:<>]+)\s*$")


def statements(code):
    """(line number, statement on one line) for each piece between ; { and }, `for` headers whole."""
    start, depth = 0, 0
    for i, c in enumerate(code):
        depth += (c == "(") - (c == ")")
        if (c == ";" and depth <= 0) or c == "}" or (c == "{" and BLOCK.search(code[start:i])):
            piece = code[start:i]
            line = code.count("\n", 0, start + len(piece) - len(piece.lstrip())) + 1
            yield line, " ".join(piece.split())
            start, depth = i + 1, 0


def split_header(statement):
    """(keyword, condition, rest) of `if (condition) rest` and the like; (None, "", statement)."""
    header = HEADER.match(statement)
    if not header:
        return None, "", statement
    depth = 1
    for end in range(header.end(), len(statement)):
        depth += (statement[end] == "(") - (statement[end] == ")")
        if depth == 0:
            return header.group(1), statement[header.end():end], statement[end + 1:].lstrip()
    return None, "", statement


def await_breaches(code):
    for line, statement in statements(code):
        if "co_await" not in statement:
            continue
        rest = statement
        while True:
            keyword, condition, rest = split_header(rest)
            if not keyword:
                break
            if "co_await" in condition and not (keyword == "while" and WHILE_AUTO.match(condition)):
                yield line, f"co_await in the header of {keyword}: name the result first"
        for pattern, rule in AWAITS:
            if re.search(pattern, rest):
                yield line, rule
                break


def function_breaches(lines):
    """Functions at namespace or class level: from a line that opens a brace to its closing one."""
    start = None
    for number, line in enumerate(lines, 1):
        opens = re.match(r"^( {0,2})\S.*\)[^;]*\{$", line)
        if start is None and opens and not re.match(r"^\s*(namespace|class|struct|enum)\b", line):
            start, indent = number, opens.group(1)
        elif start is not None and line == indent + "}":
            if number - start + 1 > FUNCTION_MAX:
                yield start, f"a function of {number - start + 1} lines (at most {FUNCTION_MAX})"
            start = None


# Who may include whom: a folder's files, and what of this project they include besides their own
# folder.  The first pattern that matches a file counts.  cli/ takes plain types and parsers from net/, no loop;
# net/ logs and knows the statuses, and a server adds its options to a Cli.
PLAIN = r"common/net/(address|check|duration|fd|result)\.h"
ARROWS = [
    (r"common/cli/", PLAIN),
    (r"common/net/(server|endpoint)\.", r"common/cli/"),
    (r"common/net/", r"common/cli/(exit_status|log)\.h"),
    (r"common/http/", r"common/(cli|net)/"),
    (r"tools/netcat/channel/", r"common/(cli|net)/"),
    (r"tools/netcat/tls/", r"common/(cli|net)/|tools/netcat/channel/"),
    (r"tools/(?P<tool>\w+)/", r"(common|tools/(?P=tool))/"),
    (r"tests/", r"(common|tools|tests)/"),
]


def arrow_breach(path, name):
    """The rule that is broken if the file at `path` includes `name`, or nothing."""
    folder = path.parent.as_posix() + "/"
    if name.startswith(folder):
        return None
    for files, allowed in ARROWS:
        found = re.match(files, path.as_posix())
        if found:
            allowed = allowed.replace("(?P=tool)", found.groupdict().get("tool", ""))
            return None if re.match(allowed, name) else f"{folder} must not include {name}"
    return None


def include_breaches(path, lines):
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        name = found.group(1)
        if name in ("uv.h", "llhttp.h") and path.parts[0] == "tools":
            yield number, f"only common/ includes {name}"
        is_table = path.as_posix() == "tools/netcat/tls/openssl.h"
        if name.startswith("openssl/") and path.parts[0] != "tests" and not is_table:
            yield number, "only tools/netcat/tls/openssl.h includes OpenSSL's headers"
        if name.startswith(("common/", "tools/", "tests/")):
            breach = arrow_breach(path, name)
            if breach:
                yield number, breach


def breaches(path, text):
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield number, f"longer than {LINE_MAX} columns"
    if len(lines) - 1 > FILE_MAX:
        yield len(lines), f"a file of {len(lines) - 1} lines (at most {FILE_MAX})"
    code = without_literals_and_comments(text)
    yield from await_breaches(code)
    yield from function_breaches(code.split("\n"))
    yield from include_breaches(path, lines)
    for found in CAPTURES.finditer(code):
        line = code.count("\n", 0, found.start()) + 1
        yield line, "a coroutine lambda with captures: they die at its first wait"


def main():
    root = pathlib.Path(sys.argv[1])
    failed = False
    for folder in ("common", "tools", "tests"):
        for path in sorted(root.joinpath(folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            for line, rule in breaches(path.relative_to(root), path.read_text()):
                print(f"{path.relative_to(root)}:{line}: {rule}")
                failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
