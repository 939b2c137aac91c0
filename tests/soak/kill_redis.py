#!/usr/bin/env python3
"""kill_redis: Redis is killed under load, again and again, and nothing acknowledged is lost.

  kill_redis.py --bin DIR [--rounds 100] [--clients 16] [--threads N]

One counterd stays; redis-server (appendfsync always) is killed (SIGKILL) in the middle of each
round and started again. What is there then must be between what was acknowledged and what was sent;
what was refused with 503 counts as not sent. Prints a line of figures; exits 1 at the first round
that breaks the promise.
"""

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

PATIENCE = 30  # seconds, for whatever must happen at last


class Client(kill_counterd.Client):
    """Goes on until Redis is away."""

    def run(self):
        try:
            super().run()
        except TimeoutError:
            self.refused = 'no answer'

    def increment(self, name):
        status = request(self.connection, f'POST /inc?name={name}')
        self.sent[name] += status != 503
        self.acknowledged[name] += status == 200
        if status in (503, 504):
            raise ConnectionError
        if status != 200:
            self.refused = f'status {status}'


def request(connection, what):
    """The status of the answer."""
    connection.sendall(f'{what} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'.encode())
    answer = b''
    while True:
        head, end, body = answer.partition(b'\r\n\r\n')
        if end and len(body) >= int(head.lower().partition(b'content-length:')[2].split()[0]):
            return int(answer.split()[1])
        data = connection.recv(4096)
        if not data:
            raise ConnectionError
        answer += data


class Redis:
    def __init__(self, directory):
        self.directory = directory
        for _ in range(5):  # somebody else may be given the port meanwhile
            with socket.create_server(('127.0.0.1', 0)) as listener:
                self.port = listener.getsockname()[1]
            if self.start():
                return
        sys.exit('kill_redis: redis-server does not start')

    def start(self):
        self.process = subprocess.Popen(
            ['redis-server', '--port', str(self.port), '--bind', '127.0.0.1', '--save', '',
             '--dir', self.directory, '--appendonly', 'yes', '--appendfsync', 'always'],
            stdout=subprocess.PIPE)
        ready = any(b'Ready to accept connections' in line for line in self.process.stdout)
        # Its log goes on: a full pipe would hold it up.
        self.log = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.log.start()
        return ready

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.join()
        self.process.stdout.close()


def values(counterd):
    """All counters, as soon as the event loop that is asked has found Redis again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return counterd.values()
        except ValueError:  # no list, but a sentence
            time.sleep(0.01)
    sys.exit('kill_redis: counterd does not find Redis again')


def play_round(counterd, redis, count):
    clients = [Client(counterd.port, [f'own{i}', 'shared']) for i in range(count)]
    threading.Event().wait(random.uniform(0.05, 0.4))
    redis.kill()
    for client in clients:
        client.join()
    if not redis.start():
        sys.exit('kill_redis: redis-server does not start again')
    return clients


def main():
    options = kill_counterd.parse_options()
    total = 0
    with tempfile.TemporaryDirectory(prefix='counterd-') as directory:
        redis = Redis(directory)
        counterd = kill_counterd.Counterd(str(Path(options.bin) / 'counterd'),
                                          f'redis://127.0.0.1:{redis.port}', options.threads)
        try:
            for number in range(options.rounds):
                base = values(counterd)
                clients = play_round(counterd, redis, options.clients)
                wrong = kill_counterd.breach(values(counterd), base, clients)
                if wrong:
                    sys.exit(f'kill_redis: round {number}: {wrong}')
                total += sum(sum(client.acknowledged.values()) for client in clients)
            counterd.end(signal.SIGTERM)
        finally:
            counterd.process.kill()
            redis.kill()
    if total == 0:
        sys.exit('kill_redis: nothing was acknowledged')
    print(f'{options.rounds} kills, {total} increments acknowledged, none lost or doubled')


if __name__ == '__main__':
    main()
