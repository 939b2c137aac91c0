#!/usr/bin/env python3
"""netcat_ends: netcat's connections end abruptly, again and again, and no end is taken for another.

  netcat_ends.py --bin DIR [--rounds 100] [--jobs 8] [--seed N]

killed    a sender dies by a signal at some moment: its receiver never exits with status 0
greeted   a server greets and resets the connection at once: the greeting is printed, the status is 1
paused    a sender pauses at random: all of it arrives, status 0 on both sides

Runs several jobs at a time, which is the load. Prints a line of figures for each; exits 1 at the
first round that breaks the promise.
"""

import argparse
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATIENCE = 60  # seconds, for whatever must happen at last
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL]


class Broken(Exception):
    """The promise."""


class Netcat(subprocess.Popen):
    """A netcat with its standard output and error in pipes."""

    def __init__(self, binary, *options, stdin=subprocess.DEVNULL):
        super().__init__([binary, *options], stdin=stdin, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)

    def __exit__(self, *error):
        self.kill()
        super().__exit__(*error)

    def listening(self):
        """The port of netcat -l -v."""
        return self.stderr.readline().decode().split()[-1]

    def finished(self):
        """Status, output, messages."""
        output, messages = self.communicate(timeout=PATIENCE)
        return self.returncode, output, messages.decode()


def listener(binary):
    return Netcat(binary, '-l', '-v', '-n', '127.0.0.1', '0')


def killed(binary, chance):
    """True when the sender was connected by the time it died."""
    with listener(binary) as receiver:
        port = receiver.listening()
        feed = subprocess.Popen(['yes', 'half a file'], stdout=subprocess.PIPE)
        with feed, Netcat(binary, '127.0.0.1', port, stdin=feed.stdout) as sender:
            feed.stdout.close()
            # No output is read meanwhile: the receiver is in the middle of it, or full.
            if chance.random() < 0.5:
                receiver.stderr.readline()  # the connection has been made
            time.sleep(chance.uniform(0, 0.06))
            sender.send_signal(chance.choice(SIGNALS))
            sender.wait(PATIENCE)
            feed.kill()
        try:
            socket.create_connection(('127.0.0.1', int(port))).close()
            return False  # it was not: the receiver still listened
        except ConnectionRefusedError:
            pass
        status, output, messages = receiver.finished()
        if status != 1:
            raise Broken(f'status {status} after {len(output)} bytes: {messages}')
        return True


def greeted(binary, _):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = str(server.getsockname()[1])
        with Netcat(binary, '127.0.0.1', port, stdin=subprocess.PIPE) as client:
            server.settimeout(PATIENCE)
            connection = server.accept()[0]
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            connection.sendall(b'greeting\n')
            connection.close()
            status, output, messages = client.finished()
            if (status, output) != (1, b'greeting\n'):
                raise Broken(f'status {status}, {output!r}: {messages}')
    return True


def paused(binary, chance):
    pieces = [chance.randbytes(chance.randrange(1, 200_000)) for _ in range(4)]
    with listener(binary) as receiver:
        port = receiver.listening()
        with Netcat(binary, '127.0.0.1', port, stdin=subprocess.PIPE) as sender, \
                ThreadPoolExecutor(1) as reader:
            received = reader.submit(receiver.finished)
            for piece in pieces:
                time.sleep(chance.choice([0, 0, 0.1, 0.4, 0.7]))
                sender.stdin.write(piece)
                sender.stdin.flush()
            status = sender.finished()[0], received.result()[0]
            if status != (0, 0) or received.result()[1] != b''.join(pieces):
                raise Broken(f'status {status}, {len(received.result()[1])} bytes')
    return True


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--bin', type=Path, required=True)
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--jobs', type=int, default=8)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    binary = options.bin / 'netcat'
    for kind in (killed, greeted, paused):
        with ThreadPoolExecutor(options.jobs) as jobs:
            rounds = [jobs.submit(kind, binary, random.Random(f'{options.seed} {i}'))
                      for i in range(options.rounds)]
            try:
                done = sum(one.result() for one in rounds)
            except (Broken, subprocess.TimeoutExpired) as broken:
                jobs.shutdown(cancel_futures=True)
                sys.exit(f'{kind.__name__}: {broken} (--seed {options.seed})')
        print(f'{kind.__name__}: {done} of {options.rounds} rounds had a connection, all kept')


if __name__ == '__main__':
    main()
