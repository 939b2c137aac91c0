#!/usr/bin/env python3
"""churn: connections that come and go leave nothing behind in a daemon.

  churn.py --bin DIR [--connections 200000] [--jobs 4] [--seed N] [DAEMON...]

Clients of each daemon connect, some send half a request, a whole one or two, some read, and they
leave by closing, half-closing or resetting.  After that the daemon has the descriptors that it had
before, its memory has not grown since the first fifth of them, and it ends with status 0.  Prints a
line of figures for each daemon; exits 1 if that does not hold.
"""

import argparse
import random
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from leftovers import PATIENCE, descriptors, memory, wait_for

GROWTH_MAX = 1024  # KiB: some six bytes a connection
HTTP = [b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
        b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', b'not HTTP\r\n\r\n']
REQUESTS = {
    'clockd': [b'anything\n'],
    'reverbd': [b'hello\n', 'Привет\n'.encode(), b'x' * 5000 + b'\n'],
    'statusd': HTTP,
    'counterd': [*HTTP, b'POST /inc?name=c HTTP/1.1\r\nHost: x\r\n\r\n',
                 b'GET /watch HTTP/1.1\r\nHost: x\r\n\r\n', b'GET /list HTTP/1.1\r\nHost: x\r\n\r\n'],
    'passwordd': [*HTTP, b'GET /password?count=9 HTTP/1.1\r\nHost: x\r\n\r\n'],
}
OPTIONS = {'reverbd': ['--delay', '1ms']}


def visit(port, requests, chance):
    """One client."""
    with socket.create_connection(('127.0.0.1', port), PATIENCE) as connection:
        request = b''.join(chance.choices(requests, k=chance.choice([0, 1, 1, 2])))
        if chance.random() < 0.2:
            request = request[:chance.randrange(len(request) + 1)]
        try:
            connection.sendall(request)
            if chance.random() < 0.3:
                connection.shutdown(socket.SHUT_WR)
            # Of half a request there may be no answer.
            if request and chance.random() < 0.5:
                connection.settimeout(0.02)
                connection.recv(4096)
        except (ConnectionError, TimeoutError):
            pass
        if chance.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def churn(name, options):
    """Whether it held."""
    argv = [f'{options.bin}/{name}', '-q', '--print-port', *OPTIONS.get(name, []), '127.0.0.1:0']
    daemon = subprocess.Popen(argv, stdout=subprocess.PIPE)
    with daemon, ThreadPoolExecutor(options.jobs) as pool:
        try:
            port = int(daemon.stdout.readline())
            run = lambda i: visit(port, REQUESTS[name], random.Random(f'{options.seed} {i}'))
            start = time.monotonic()
            warm = options.connections // 5
            before = descriptors(daemon.pid)
            list(pool.map(run, range(warm)))
            wait_for(f'{name}: no descriptor left', lambda: descriptors(daemon.pid) <= before)
            first = memory(daemon.pid)
            list(pool.map(run, range(warm, options.connections)))
            wait_for(f'{name}: no descriptor left', lambda: descriptors(daemon.pid) <= before)
            last = memory(daemon.pid)
            daemon.terminate()
            good = daemon.wait(PATIENCE) == 0 and last - first <= GROWTH_MAX
        finally:
            daemon.kill()
    print(f'churn: {name}: {options.connections} in {time.monotonic() - start:.0f} s, {before} '
          f'descriptors before and after, {last} KiB ({first} after the first {warm}), seed '
          f'{options.seed}: {"good" if good else "BROKEN"}', flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--bin', required=True)
    parser.add_argument('--connections', type=int, default=200_000)
    parser.add_argument('--jobs', type=int, default=4)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('daemons', nargs='*', default=list(REQUESTS), metavar='DAEMON')
    options = parser.parse_args()
    return 0 if all([churn(name, options) for name in options.daemons]) else 1


if __name__ == '__main__':
    sys.exit(main())
