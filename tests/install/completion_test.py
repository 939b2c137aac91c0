#!/usr/bin/env python3
"""completion_test.py SHELL SCRIPTS BIN TOOL... - completes command lines in a real bash, zsh or fish.

SCRIPTS is the folder with the completion scripts, BIN that of the tools.  Exit status 77: no such
shell here.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
PATIENCE = 60  # seconds, for a shell to say anything at all

# What is typed, and the word that the TAB key makes of its last one; None: nothing to offer.
ROWS = [
    ("netcat --time", "--timeout"),
    ("netcat -U fil", "file one"),
    ("netcat localh", "localhost"),
    ("netcat -s localh", "localhost"),
    ("netcat -vs localh", "localhost"),
    ("netcat --source localh", "localhost"),
    ("netcat --output fil", "file one"),
    ("netcat --output=fil", "--output=file one"),
    ("netcat -p domai", "domain"),
    ("netcat -w fil", None),
    ("clockd --time-", "--time-zone"),
    ("clockd --listen localh", "localhost"),
    ("clockd --count fil", None),
    ("BIN/clockd --print", "--print-port"),
]


class Terminal:
    """A shell in a pseudo-terminal."""

    def __init__(self, argv, prepare):
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="vt100", COLUMNS="200", PS1="")
            os.execvp(argv[0], argv)
        self.send(prepare + "\nprintf 'REA%s\\n' DY\n")
        self.until(rb"READY\r?\n")

    def send(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        said = b""
        while not re.search(pattern, said):
            if not select.select([self.fd], [], [], PATIENCE)[0]:
                sys.exit(f"the shell hangs, having said {said!r}")
            said += os.read(self.fd, 65536)
        return said

    def last_word(self, line):
        """What TAB makes of the line; it is not run but printed, a word a line."""
        home, end = "\x01", "\x05"
        self.send(f"{line}\t{home}printf '<%s>\\n' {end} ; printf 'EN%s\\n' D\n")
        said = self.until(rb"END\r?\n").decode()
        words = re.findall(r"^<(.*)>\r$", said, re.MULTILINE)
        return words[-1]

    def close(self):
        os.close(self.fd)
        os.waitpid(self.child, 0)


def check_in_terminal(shell, rows):
    for line, expected in rows:
        before = line.split(" ")[-1]
        yield line, expected or before, shell.last_word(line)
    shell.close()


def check_fish(scripts, tools, rows):
    os.mkdir("links")
    for tool in tools:
        os.symlink(f"{scripts}/wireutils.fish", f"links/{tool}.fish")
    for line, expected in rows:
        script = f"set -p fish_complete_path $PWD/links; complete -C '{line}'"
        run = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True)
        offered = [row.split("\t")[0] for row in run.stdout.splitlines()]
        yield line, expected, expected if expected in offered else offered or None


def check_every_option(script, directory, tools):
    """bash offers exactly what --help lists."""
    for tool in tools:
        path = f"{directory}/{tool}"
        run = subprocess.run([path, "--help"], stdout=subprocess.PIPE, text=True, check=True)
        listed = re.findall(r"^  +(?:(-\S), )?(--\S+)", run.stdout, re.MULTILINE)
        completed = subprocess.run(
            ["bash", "-c", f"source '{script}'; COMP_WORDS=('{path}' -) COMP_CWORD=1;"
             " _wireutils; printf '%s\\n' \"${COMPREPLY[@]}\""],
            capture_output=True, text=True)
        yield (f"{tool} -", sorted(n for names in listed for n in names if n),
               sorted(completed.stdout.split()))


def main():
    shell, scripts, directory, *tools = sys.argv[1:]
    if shutil.which(shell) is None:
        print(f"{shell} is not installed")
        sys.exit(77)
    os.environ["PATH"] = directory + ":" + os.environ["PATH"]
    rows = [(line.replace("BIN", directory), expected) for line, expected in ROWS]
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        open("file one", "w").close()
        os.environ["HOME"] = empty
        if shell == "bash":
            script = f"{scripts}/wireutils.bash"
            checks = list(check_every_option(script, directory, tools))
            terminal = Terminal(["bash", "--norc", "-i"], f"source '{script}'")
            checks += check_in_terminal(terminal, rows)
        elif shell == "zsh":
            terminal = Terminal(["zsh", "-f", "-i"],
                                f"fpath=('{scripts}' $fpath); autoload -Uz compinit; compinit -uD")
            checks = list(check_in_terminal(terminal, rows))
        else:
            checks = list(check_fish(scripts, tools, rows))
    wrong = [row for row in checks if row[1] != row[2]]
    for line, expected, found in wrong:
        print(f"{shell}: {line!r}: expected {expected!r}, found {found!r}")
    sys.exit(bool(wrong) or not checks)


main()
