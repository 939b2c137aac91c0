#!/usr/bin/env python3
"""rolling_restart.py --bin DIR [--requests N] - two statusd behind haproxy are restarted in turn, again
and again, while N requests (50000) are made: each is answered with 200.  Exits 77 without haproxy."""
import argparse
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "proxy"))
from proxies import Daemon, Haproxy, UnixConnection, wait_until  # pylint: disable=C0413

WORKERS = 8


class Load:
    """Requests on kept connections; what is not 200 is counted and remembered."""

    def __init__(self, front, requests):
        self.front, self.left, self.lock = front, requests, threading.Lock()
        self.lost = []
        self.threads = [threading.Thread(target=self.work) for _ in range(WORKERS)]

    def take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def work(self):
        connection = UnixConnection(self.front)
        while self.take():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.lost.append(response.status)
            except OSError as error:
                self.lost.append(str(error))
                connection.close()
        connection.close()

    def running(self):
        return any(thread.is_alive() for thread in self.threads)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--requests", default=50_000, type=int)
    options = parser.parse_args()
    binary, requests = options.bin / "statusd", options.requests
    if not Haproxy.installed():
        print("skipped: haproxy is not installed")
        return 77
    lame_duck = ["--lame-duck", "1s"]
    daemons = [Daemon(binary, *lame_duck) for _ in range(2)]
    with tempfile.TemporaryDirectory() as directory:
        proxy = Haproxy(directory, [daemon.address for daemon in daemons], check="GET /readyz")
        wait_until("both to be up", proxy.healthy)
        load = Load(proxy.front, requests)
        for thread in load.threads:
            thread.start()
        restarts = 0
        while load.running() or restarts < 2:
            i = restarts % 2
            assert daemons[i].stop() == 0
            daemons[i] = Daemon(binary, *lame_duck, port=daemons[i].port)
            wait_until("it to be up again", proxy.healthy)
            restarts += 1
        for thread in load.threads:
            thread.join()
        proxy.stop()
    for daemon in daemons:
        daemon.stop()
    print(f"{requests} requests, {restarts} restarts, {len(load.lost)} lost {load.lost[:5]}")
    return 1 if load.lost else 0


if __name__ == "__main__":
    sys.exit(main())
