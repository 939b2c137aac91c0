#!/usr/bin/env python3
"""abandon_handshakes: TLS handshakes begun and abandoned leave nothing behind in netcat.

  abandon_handshakes.py --bin DIR [--handshakes 10000] [--jobs 12] [--seed N]

Clients of `netcat -l -k --tls` leave at every point of the handshake, by closing or by resetting,
some of them in the middle of a message or after bytes that are not TLS.  After that netcat has the
descriptors that it had before, its memory has not grown since the first fifth of them, and it serves
a client.  Prints a line of figures; exits 1 if that does not hold.
"""

import argparse
import random
import socket
import ssl
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from leftovers import PATIENCE, descriptors, memory, wait_for

GROWTH_MAX = 1024  # KiB: some 130 bytes for each handshake


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def leave(connection, chance):
    if chance.random() < 0.5:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def abandon(port, context, seed):
    """One client, which goes as far as its luck."""
    chance = random.Random(seed)
    connection = socket.create_connection(('127.0.0.1', port), PATIENCE)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname='some.name')
    stage = chance.choice(['silent', 'other', 'hello', 'answer', 'finish'])
    try:
        if stage == 'other':
            connection.sendall(chance.choice([b'GET / HTTP/1.0\r\n\r\n', chance.randbytes(300)]))
        if stage in ('hello', 'answer', 'finish'):
            step(session)
            hello = outgoing.read()
            end = chance.randrange(1, len(hello)) if stage == 'hello' else len(hello)
            connection.sendall(hello[:end])
        if stage in ('answer', 'finish'):
            incoming.write(connection.recv(65536))
        if stage == 'finish':
            step(session)
            last = outgoing.read()
            connection.sendall(last[:chance.randrange(len(last))] if last else b'')
    except ConnectionError:
        pass  # netcat has refused it already
    leave(connection, chance)


def step(session):
    try:
        session.do_handshake()
    except ssl.SSLError:
        pass  # it requires an answer


def serves(netcat, port, context):
    with socket.create_connection(('127.0.0.1', port), PATIENCE) as plain:
        with context.wrap_socket(plain) as connection:
            connection.sendall(b'hello\n')
            return netcat.stdout.readline() == b'hello\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--bin', required=True)
    parser.add_argument('--handshakes', type=int, default=10000)
    parser.add_argument('--jobs', type=int, default=12)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    if subprocess.run([options.bin + '/netcat', '--tls', '-z', '--tls-verify=no', 'localhost', '1'],
                      capture_output=True).returncode == 2:
        print('abandon_handshakes: this netcat has no TLS')
        return 77
    netcat = subprocess.Popen([options.bin + '/netcat', '-l', '-k', '--tls', '--json', '-n',
                               '127.0.0.1', '0'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    port = int(netcat.stderr.readline().decode().split('"port":')[1].split('}')[0])
    context = client_context()
    with netcat, ThreadPoolExecutor(options.jobs + 1) as pool:
        try:
            pool.submit(netcat.stderr.read)  # the events, which are not of interest
            before = descriptors(netcat.pid)
            if not serves(netcat, port, context):
                raise SystemExit('abandon_handshakes: not served at the beginning')
            start = time.monotonic()
            warm = options.handshakes // 5
            run = lambda i: abandon(port, context, options.seed + i)
            list(pool.map(run, range(warm)))
            wait_for('no descriptor left', lambda: descriptors(netcat.pid) <= before)
            first = memory(netcat.pid)
            list(pool.map(run, range(warm, options.handshakes)))
            wait_for('no descriptor left', lambda: descriptors(netcat.pid) <= before)
            growth = memory(netcat.pid) - first
            good = serves(netcat, port, context) and growth <= GROWTH_MAX
            wait_for('no descriptor left', lambda: descriptors(netcat.pid) <= before)
            print(f'abandon_handshakes: {options.handshakes} in {time.monotonic() - start:.0f} s, '
                  f'{descriptors(netcat.pid)} descriptors ({before} before), '
                  f'{first + growth} KiB ({first} after the first {warm}), seed {options.seed}: '
                  + ('good' if good else 'BROKEN'))
            return 0 if good else 1
        finally:
            netcat.kill()


if __name__ == '__main__':
    sys.exit(main())
