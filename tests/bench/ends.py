#!/usr/bin/env python3
"""ends.py BIN_DIR - what each netcat does at the end of its input, as a Markdown table.

A late answer: a server that answers two seconds after the client's half-close.
An upload: 3 MB to a server that greets, chats back and reads slowly; how much of it arrives.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time

UPLOAD = 3_000_000
LATE = 2.0  # seconds
PATIENCE = 20


def answer_late(listener, result):
    conn, _ = listener.accept()
    with conn:
        conn.settimeout(PATIENCE)
        try:
            while conn.recv(65536):
                pass
            time.sleep(LATE)
            conn.sendall(b"late\n")
        except OSError:
            pass


def read_slowly(listener, result):
    conn, _ = listener.accept()
    with conn:
        conn.settimeout(PATIENCE)
        conn.sendall(b"hello\n")
        total = 0
        try:
            while data := conn.recv(65536):
                total += len(data)
                conn.sendall(b"got some\n")
                time.sleep(0.01)
        except OSError:
            pass
        result["bytes"] = total


def run(server, command, data):
    """Its output, its exit status (None: still there), and what the server says."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    result = {}
    thread = threading.Thread(target=server, args=(listener, result), daemon=True)
    thread.start()
    port = str(listener.getsockname()[1])
    argv = [word.replace("PORT", port) for word in command.split()]
    try:
        done = subprocess.run(argv, input=data, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        out, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        out, status = late.stdout or b"", None
    thread.join(PATIENCE)
    listener.close()
    return out, status, result


def main():
    ours = os.path.join(sys.argv[1], "netcat")
    receivers = [ours, "nc.openbsd", "nc.openbsd -N", "ncat", "socat - TCP:", "nc.traditional",
                 "nc.traditional -q 1"]
    uploaders = [ours + " --send-only", ours + " -q 0", "nc.openbsd -N", "nc.openbsd -q 0",
                 "ncat --send-only", "socat -u - TCP:", "nc.traditional -q 0"]

    def full(command):
        where = "127.0.0.1:PORT" if command.endswith("TCP:") else " 127.0.0.1 PORT"
        return command + where

    def name(command):
        return command.replace(ours, "netcat").replace(" TCP:", " TCP:...")

    print("| a late answer | printed | status |\n|---|---|---|")
    for command in receivers:
        if not shutil.which(command.split()[0]):
            continue
        out, status, _ = run(answer_late, full(command), b"question\n")
        said = "never ends" if status is None else status
        printed = "yes" if out == b"late\n" else "no"
        print(f"| `{name(command)}` | {printed} | {said} |")
    print("\n| an upload of 3 MB | arrived | status |\n|---|---|---|")
    for command in uploaders:
        if not shutil.which(command.split()[0]):
            continue
        _, status, result = run(read_slowly, full(command), bytes(UPLOAD))
        said = "never ends" if status is None else status
        print(f"| `{name(command)}` | {100 * result.get('bytes', 0) / UPLOAD:.0f} % | {said} |")


if __name__ == "__main__":
    main()
