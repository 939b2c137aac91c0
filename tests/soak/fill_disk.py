#!/usr/bin/env python3
"""fill_disk: the disk under counterd's FILE.db fills up and is freed, again and again.

  fill_disk.py --bin DIR [--rounds 100] [--clients 16] [--threads N]

In a namespace of its own, with a tmpfs of a megabyte, which is filled in the middle of each round.
What is counted must be what was acknowledged: 507 says that nothing was done. Before the end of each
round changes must be possible again. Prints a line of figures; exits 1 at the first round that breaks
the promise, 77 where there are no namespaces.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import kill_counterd
import kill_redis

SKIPPED = 77


class Client(kill_counterd.Client):
    """Goes on until it is told to stop."""

    stop = threading.Event()
    full = threading.Event()

    def increment(self, name):
        status = kill_redis.request(self.connection, f'POST /inc?name={name}')
        self.sent[name] += status == 200  # whatever else it is, it says that nothing was done
        self.acknowledged[name] += status == 200
        if status == 507:
            self.full.set()
            time.sleep(0.002)
        elif status != 200:
            self.refused = f'status {status}'
        if self.stop.is_set():
            raise ConnectionError


def fill(path, seconds):
    """Takes all room, also what a checkpoint of the log gives back."""
    end = time.monotonic() + seconds
    with open(path, 'wb', buffering=0) as file:
        while not Client.full.is_set() and time.monotonic() < end:
            try:
                file.write(b'\0' * 4096)
            except OSError:
                time.sleep(0.0001)


def works_again(port):
    end = time.monotonic() + kill_redis.PATIENCE
    while time.monotonic() < end:
        with socket.create_connection(('127.0.0.1', port), timeout=30) as connection:
            if kill_redis.request(connection, 'POST /inc?name=probe') == 200:
                return
        time.sleep(0.01)
    sys.exit('fill_disk: counterd does not recover')


def play_round(counterd, directory, count):
    Client.stop.clear()
    Client.full.clear()
    clients = [Client(counterd.port, [f'own{i}', 'shared']) for i in range(count)]
    threading.Event().wait(random.uniform(0.02, 0.1))
    fill(directory / 'filler', 2)
    (directory / 'filler').unlink()
    works_again(counterd.port)
    Client.stop.set()
    for client in clients:
        client.join()
    return clients


def play(options, directory):
    counterd = kill_counterd.Counterd(str(Path(options.bin) / 'counterd'),
                                      str(directory / 'counters.db'), options.threads)
    total, full = 0, 0
    for number in range(options.rounds):
        base = counterd.values()
        clients = play_round(counterd, directory, options.clients)
        wrong = kill_counterd.breach(counterd.values(), base, clients)
        if wrong:
            sys.exit(f'fill_disk: round {number}: {wrong}')
        total += sum(sum(client.acknowledged.values()) for client in clients)
        full += Client.full.is_set()
    counterd.end(signal.SIGTERM)
    if total == 0:
        sys.exit('fill_disk: nothing was acknowledged')
    print(f'{options.rounds} rounds, full in {full}, {total} increments acknowledged, none lost')


def main():
    options = kill_counterd.parse_options()
    if os.environ.get('FILL_DISK') != 'inside':
        if subprocess.run(['unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'],
                          check=False, stderr=subprocess.DEVNULL).returncode != 0:
            print('fill_disk: no mount in a namespace of one\'s own')
            sys.exit(SKIPPED)
        os.environ['FILL_DISK'] = 'inside'
        os.execvp('unshare', ['unshare', '-rm', sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory(prefix='counterd-') as directory:
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', directory], check=True)
        try:
            play(options, Path(directory))
        finally:
            subprocess.run(['umount', '-l', directory], check=True)


if __name__ == '__main__':
    main()
