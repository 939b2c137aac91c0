#!/usr/bin/env python3
"""Does dialect.py find what it forbids, and pass what it allows?"""
import pathlib
import sys

sys.dont_write_bytecode = True
import dialect

FORBIDDEN = [
    "if (co_await op) return;",
    "if (!co_await op) { f(); }",
    "if (Error e = co_await op; e) co_return;",
    "while (co_await more()) {}",
    "while (!(co_await more())) {}",
    "for (; co_await more();) {}",
    "int v = c ? co_await a() : 1;",
    "bool b = ready && co_await more();",
    "auto [a, b] = co_await pair();",
    "co_await call([x] { f(x); });",
    "co_await call({1, 2});",
    "co_await call(Pair{1, 2});",
    "f(co_await a(), 1);",
    "switch (co_await a()) { case 1: break; }",
    "auto f = [x]() -> Task<> { co_await op; };",
]
ALLOWED = [
    "Error e = co_await op;",
    "if (!e) e = co_await conn.write(line);",
    "if (e) { Error f = co_await op; }",
    "while (auto line = co_await input.next(idle > zero ? idle : kForever)) f();",
    "while (busy) (void)co_await timer.wait(kForever);",
    "co_return co_await op;",
    "auto f = [&](Stream s) { return handle(std::move(s)); };",
    'Error e = co_await conn.write("if (co_await x) {");',
    "const auto n = co_await read(from, buffer);",
]


def found(code):
    function = f"Task<> f(int a) {{\n  for (;;) {{\n    {code}\n  }}\n}}\n"
    return list(dialect.breaches(pathlib.Path("tools/x.cc"), function))


wrong = [f"not found: {code}" for code in FORBIDDEN if not found(code)]
wrong += [f"found in: {code}: {found(code)}" for code in ALLOWED if found(code)]
long_function = "void f() {\n" + "  g();\n" * 60 + "}\n"
if not list(dialect.breaches(pathlib.Path("tools/x.cc"), long_function)):
    wrong.append("not found: a long function")

ARROWS = [
    ("common/cli/cli.h", "common/net/duration.h", True),
    ("common/cli/cli.h", "common/net/loop.h", False),
    ("common/net/loop.cc", "common/cli/log.h", True),
    ("common/net/loop.cc", "common/cli/cli.h", False),
    ("common/net/server.h", "common/cli/cli.h", True),
    ("common/net/stream.cc", "common/http/parser.h", False),
    ("common/http/server.cc", "common/net/stream.h", True),
    ("common/http/server.cc", "tools/statusd/page.h", False),
    ("tools/statusd/page.cc", "common/http/message.h", True),
    ("tools/statusd/page.cc", "tools/netcat/options.h", False),
    ("tools/netcat/relay/relay.cc", "tools/netcat/channel/channel.h", True),
    ("tools/netcat/tls/channel.h", "tools/netcat/channel/channel.h", True),
    ("tools/netcat/tls/engine.cc", "tools/netcat/report.h", False),
    ("tools/netcat/channel/socket.cc", "tools/netcat/relay/relay.h", False),
]
for path, include, allowed in ARROWS:
    breach = dialect.arrow_breach(pathlib.Path(path), include)
    if allowed != (breach is None):
        wrong.append(f"{path} includes {include}: {breach}")

for path, breaks in (("tools/netcat/tls/openssl.h", False), ("tools/netcat/tls/engine.cc", True)):
    breach = list(dialect.breaches(pathlib.Path(path), "#include <openssl/ssl.h>\n"))
    if breaks != bool(breach):
        wrong.append(f"{path} includes OpenSSL's headers: {breach}")

print("\n".join(wrong))
sys.exit(bool(wrong))
