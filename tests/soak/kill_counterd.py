#!/usr/bin/env python3
"""kill_counterd: counterd is killed under load, again and again, and nothing acknowledged is lost.

  kill_counterd.py --bin DIR [--rounds 100] [--clients 16] [--threads N]

Each round starts counterd on the same FILE.db, lets clients increment a counter each as fast as it
answers, and kills it (SIGKILL) in the middle. What the next start finds must be between what was
acknowledged and what was sent, for each counter and for the one that all clients share.
Prints a line of figures; exits 1 at the first round that breaks the promise.
"""

import argparse
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


class Client(threading.Thread):
    """Increments its own counter and the shared one in turn, until the connection breaks."""

    def __init__(self, port, names):
        super().__init__()
        self.names = names
        self.sent = dict.fromkeys(names, 0)
        self.acknowledged = dict.fromkeys(names, 0)
        self.refused = ''
        self.connection = socket.create_connection(('127.0.0.1', port), timeout=30)
        self.start()

    def run(self):
        try:
            while not self.refused:
                for name in self.names:
                    self.increment(name)
        except ConnectionError:
            pass
        finally:
            self.connection.close()

    def increment(self, name):
        request = f'POST /inc?name={name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'
        self.sent[name] += 1
        self.connection.sendall(request.encode())
        answer = b''
        while not answer.endswith(b'\r\n\r\nok\n'):
            data = self.connection.recv(4096)
            if not data:
                raise ConnectionError
            answer += data
            if b'\r\n' in answer and not answer.startswith(b'HTTP/1.1 200 '):
                self.refused = answer.decode(errors='replace')
                return
        self.acknowledged[name] += 1


class Counterd:
    def __init__(self, binary, store, threads):
        argv = [binary, '-q', '--print-port', '--store', store, '-t', str(threads),
                '127.0.0.1:0']
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f'kill_counterd: counterd ended with status {self.process.wait()}')
        self.port = int(line)

    def values(self):
        """All counters, as /list has them."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=30) as connection:
            connection.sendall(b'GET /list HTTP/1.0\r\n\r\n')
            answer = b''
            while data := connection.recv(65536):
                answer += data
        lines = answer.decode().partition('\r\n\r\n')[2].splitlines()
        return {name: int(value) for name, value in (line.split(': ') for line in lines)}

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()


def breach(found, base, clients):
    """What a counter is that it must not be, or nothing."""
    for client in clients:
        if client.refused:
            return 'a request was refused: ' + client.refused
    for name in {name for client in clients for name in client.names}:
        acknowledged = sum(client.acknowledged.get(name, 0) for client in clients)
        sent = sum(client.sent.get(name, 0) for client in clients)
        grown = found.get(name, 0) - base.get(name, 0)
        if not acknowledged <= grown <= sent:
            return f'{name}: acknowledged {acknowledged}, sent {sent}, found {grown}'
    return ''


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', required=True)
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--clients', type=int, default=16)
    parser.add_argument('--threads', type=int, default=2)
    return parser.parse_args()


def main():
    options = parse_options()
    binary = str(Path(options.bin) / 'counterd')
    total, base, clients = 0, {}, []
    with tempfile.TemporaryDirectory(prefix='counterd-') as directory:
        database = str(Path(directory) / 'counters.db')
        for number in range(options.rounds + 1):
            counterd = Counterd(binary, database, options.threads)
            found = counterd.values()
            wrong = breach(found, base, clients)
            if wrong or number == options.rounds:
                counterd.end(signal.SIGTERM)
                break
            base = found
            clients = [Client(counterd.port, [f'own{i}', 'shared']) for i in range(options.clients)]
            threading.Event().wait(random.uniform(0.05, 0.4))
            counterd.end(signal.SIGKILL)
            for client in clients:
                client.join()
            total += sum(sum(client.acknowledged.values()) for client in clients)
    if wrong:
        sys.exit(f'kill_counterd: round {number}: {wrong}')
    if total == 0:
        sys.exit('kill_counterd: nothing was acknowledged')
    print(f'{options.rounds} kills, {total} increments acknowledged, none lost')


if __name__ == '__main__':
    main()
