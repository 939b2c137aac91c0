#!/usr/bin/env python3
"""page_test.py PROGRAM STATUSD PAGE... - the configurations of PROGRAM that the manual pages show work.

Each is a literal block that begins with a comment, its file's name.  haproxy and nginx serve two
statusd with theirs, of which only the addresses are replaced; promtool checks those of Prometheus.
Exits 77 where PROGRAM is not installed."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from proxies import Daemon, Haproxy, Nginx, get, wait_until

FILES = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf", "promtool": "prometheus.yml"}
SHOWN = ("127.0.0.1:8080", "127.0.0.1:8081")


def blocks_of(page, name):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    blocks = re.findall(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", text, re.M)
    return [block for block in blocks if block.startswith(f"# {name}\n")]


class ShownHaproxy(Haproxy):
    text = ""

    def configure(self, servers, check):
        text = self.text.replace("bind :80\n", f"bind unix@{self.front}\n")
        for shown, address in zip(SHOWN, servers):
            text = text.replace(shown + "\n", f"{address}\n")
        self.write("haproxy.cfg", f"global\n  stats socket {self.directory}/admin\n{text}")

    def healthy(self):
        return None


class ShownNginx(Nginx):
    text = ""

    def configure(self, servers, check):
        temporary = "".join(f"{name}_temp_path {name};" for name in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = self.text.replace("listen 80;", f"listen unix:{self.front};")
        text = text.replace("http {\n", f"http {{ access_log off; {temporary}\n")
        for shown, address in zip(SHOWN, servers):
            text = text.replace(f"server {shown};", f"server {address};")
        self.write("nginx.conf", f"daemon off; pid nginx.pid; error_log stderr;\n{text}")


def serves_two(proxy, statusd, text):
    proxy.text = text
    with tempfile.TemporaryDirectory() as directory:
        daemons = [Daemon(statusd), Daemon(statusd)]
        front = proxy(directory, [daemon.address for daemon in daemons])
        try:
            wait_until("an answer", lambda: get(front.front, "/") == 200)
            daemons[0].stop()
            wait_until("an answer of the other", lambda: get(front.front, "/") == 200)
        finally:
            front.stop()
            for daemon in daemons:
                daemon.stop()


def checked_by_promtool(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(text)
        file.flush()
        subprocess.run(["promtool", "check", "config", file.name], check=True)


def main():
    program, statusd, *pages = sys.argv[1:]
    blocks = [block for page in pages for block in blocks_of(page, FILES[program])]
    if not blocks:
        print(f"no page shows {FILES[program]}")
        return 1
    if not (shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")):
        print(f"skipped: {program} is not installed")
        return 77
    for block in blocks:
        if program == "promtool":
            checked_by_promtool(block)
        else:
            serves_two(ShownHaproxy if program == "haproxy" else ShownNginx, statusd, block)
    print(f"{len(blocks)} configurations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
