#!/usr/bin/env python3
"""many_counters: a million counters are read by others and written by another process meanwhile.

  many_counters.py --bin DIR [--counters 1000000] [--longest MS] [--threads N]

counterd keeps them in FILE.db, in /dev/shm where there is room, so that no disk is measured. One
client increments a counter again and again, while others read /list, /metrics and /watch, and while
another process changes a counter in the file. Each increment is done, or refused with 503 and the
reason, and none waits longer than --longest (50 ms). Prints a line of figures; exits 1 otherwise.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import kill_counterd

PIECE = 1 << 16
WATCHED = 4096  # bytes of /watch, which has no end


def folder_in_memory(count):
    shared = '/dev/shm'
    large_enough = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 1000 * count
    return shared if large_enough else None


def make_counters(binary, database, count):
    listed = database.with_suffix('.json')
    counters = [{'name': f'counter/of/many/{i:08}', 'value': i} for i in range(1, count)]
    counters.append({'name': 'x', 'value': 0})
    listed.write_text(json.dumps(counters), encoding='ascii')
    subprocess.run([binary, '--store', database, '--import', listed, '--export'],
                   stdout=subprocess.DEVNULL, check=True)
    listed.unlink()


class Client(threading.Thread):
    """Increments x until it is told to stop; the longest wait in each phase."""

    def __init__(self, port):
        super().__init__()
        self.port, self.phase, self.longest = port, 'nothing else', {}
        self.done, self.refused, self.wrong = 0, 0, ''
        self.stop = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        while not self.stop.is_set() and not self.wrong:
            phase, begin = self.phase, time.monotonic()
            connection.request('POST', '/inc?name=x')
            answer = connection.getresponse()
            body = answer.read().decode()
            wait = time.monotonic() - begin
            self.longest[phase] = max(self.longest.get(phase, 0), wait)
            self.done += answer.status == 200
            self.refused += answer.status == 503
            if answer.status == 503 and 'another process has changed the file' in body:
                time.sleep(0.001)
            elif answer.status != 200:
                self.wrong = f'{answer.status} {body}'


def read(port, target, limit=None):
    """How many bytes it has, up to the limit."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    connection.request('GET', target)
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f'many_counters: {target}: {answer.status} {answer.read(200)!r}')
    size = 0
    while (limit is None or size < limit) and (piece := answer.read1(PIECE)):
        size += len(piece)
    connection.close()
    return size


def value(port, name):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    connection.request('GET', f'/get?name={name}')
    return int(connection.getresponse().read().decode().rpartition(': ')[2])


def change_behind(database, name):
    with sqlite3.connect(database, timeout=60) as other:
        other.execute('UPDATE counters SET value = -1 WHERE name = ?', (name,))
    other.close()


def play(counterd, client, database, count):
    name = f'counter/of/many/{count // 2:08}'
    for target, limit in (('/list', None), ('/metrics', None), ('/watch', WATCHED)):
        client.phase = target
        size = read(counterd.port, target, limit)
        if size < min((count - 1) * len(name), limit or sys.maxsize):
            sys.exit(f'many_counters: {target} has only {size} bytes')
    client.phase = 'a write by another process'
    change_behind(database, name)
    end = time.monotonic() + 60
    while value(counterd.port, name) != -1:
        if client.wrong or time.monotonic() > end:
            sys.exit(f'many_counters: the change by another process is not seen {client.wrong}')
        time.sleep(0.01)
    client.phase = 'nothing else'


def report(client, count, longest):
    waits = ', '.join(f'{phase} {wait * 1000:.1f}' for phase, wait in client.longest.items())
    print(f'{count} counters, {client.done} increments done, {client.refused} refused; '
          f'longest wait in ms: {waits}')
    if max(client.longest.values()) * 1000 > longest:
        sys.exit(f'many_counters: an increment has waited for more than {longest} ms')


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', required=True)
    parser.add_argument('--counters', type=int, default=1000000)
    parser.add_argument('--longest', type=float, default=50)
    parser.add_argument('--threads', type=int, default=2)
    return parser.parse_args()


def main():
    options = parse_options()
    binary = str(Path(options.bin) / 'counterd')
    folder = folder_in_memory(options.counters)
    with tempfile.TemporaryDirectory(prefix='counterd-', dir=folder) as directory:
        database = Path(directory) / 'counters.db'
        make_counters(binary, database, options.counters)
        counterd = kill_counterd.Counterd(binary, str(database), options.threads)
        client = Client(counterd.port)
        client.start()
        try:
            play(counterd, client, database, options.counters)
        finally:
            client.stop.set()
            client.join()
            found = value(counterd.port, 'x')
            counterd.end(signal.SIGTERM)
    if client.wrong or found != client.done:
        sys.exit(f'many_counters: {client.done} done, x is {found}; {client.wrong}')
    report(client, options.counters, options.longest)


if __name__ == '__main__':
    main()
