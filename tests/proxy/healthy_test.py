#!/usr/bin/env python3
"""healthy_test.py PROXY DAEMON - DAEMON, the path of one of ours, is healthy to PROXY with its default
check, and answers through it.  Exits 77 where PROXY is not installed."""
import pathlib
import sys
import tempfile

from proxies import PATIENCE, PROXIES, Daemon, get, wait_until

ASKED = {"statusd": "/", "passwordd": "/password?count=1", "counterd": "/inc?name=x"}


def main():
    proxy, binary = PROXIES[sys.argv[1]], pathlib.Path(sys.argv[2])
    if not proxy.installed():
        print(f"skipped: {proxy.command} is not installed")
        return 77
    target = ASKED[binary.name]
    with tempfile.TemporaryDirectory() as directory:
        daemon = Daemon(binary)
        front = proxy(directory, [daemon.address])
        try:
            wait_until(f"an answer to GET {target}", lambda: get(front.front, target) == 200)
            if front.healthy() is not None:
                wait_until(f"{proxy.command} to report it healthy", front.healthy)
        except TimeoutError as late:
            print(f"{late}: not within {PATIENCE} s")
            print((pathlib.Path(directory) / "log").read_text())
            return 1
        finally:
            front.stop()
            daemon.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
