#!/usr/bin/env python3
"""drop_answers: every third answer is lost, each request is repeated, and each counts once.

  drop_answers.py --bin DIR [--rounds 10000] [--clients 16] [--threads N] [--store PLACE]

Increments with op=TOKEN go through a proxy that closes the connection in the place of every third
answer. Each is repeated, with its token, until it is answered. The counter must stand at exactly the
number of rounds, and each answer must be another number.
"""

import argparse
import itertools
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

import kill_counterd

ANSWERS = itertools.count(1)


def read_message(connection):
    """A request or an answer, whose body has a Content-Length; empty at the end."""
    message = b''
    while True:
        head, end, body = message.partition(b'\r\n\r\n')
        length = head.lower().partition(b'content-length:')[2].split()
        if end and len(body) >= int(length[0] if length else 0):
            return message
        data = connection.recv(65536)
        if not data:
            return b''
        message += data


def relay(client, port):
    """Requests one after another, until an answer is to be lost."""
    with client, socket.create_connection(('127.0.0.1', port), timeout=30) as server:
        try:
            while request := read_message(client):
                server.sendall(request)
                answer = read_message(server)
                if next(ANSWERS) % 3 == 0:
                    return
                client.sendall(answer)
        except ConnectionError:
            pass


def serve(listener, port):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # it has been closed
            return
        threading.Thread(target=relay, args=(client, port), daemon=True).start()


class Client(threading.Thread):
    """Makes its share of the increments."""

    def __init__(self, port, tokens):
        super().__init__()
        self.port, self.tokens = port, tokens
        self.answers, self.repeated, self.wrong = [], 0, ''
        self.connection = None
        self.start()

    def run(self):
        for token in self.tokens:
            while not (answer := self.ask(token)):
                self.repeated += 1
            if not answer.startswith(b'HTTP/1.1 200 '):
                self.wrong = answer.decode(errors='replace')
                return
            self.answers.append(int(answer.rpartition(b': ')[2]))

    def ask(self, token):
        """The answer; nothing where it is lost."""
        if self.connection is None:
            self.connection = socket.create_connection(('127.0.0.1', self.port), timeout=30)
        request = f'POST /inc?name=x&op={token}&return=new HTTP/1.1\r\nHost: localhost\r\n\r\n'
        answer = b''
        try:
            self.connection.sendall(request.encode())
            answer = read_message(self.connection)
        except ConnectionError:
            pass
        if not answer:
            self.connection.close()
            self.connection = None
        return answer


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', required=True)
    parser.add_argument('--rounds', type=int, default=10000)
    parser.add_argument('--clients', type=int, default=16)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--store', default='')
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix='counterd-') as directory:
        store = options.store or str(Path(directory) / 'counters.db')
        counterd = kill_counterd.Counterd(str(Path(options.bin) / 'counterd'), store,
                                          options.threads)
        with socket.create_server(('127.0.0.1', 0)) as listener:
            threading.Thread(target=serve, args=(listener, counterd.port), daemon=True).start()
            port = listener.getsockname()[1]
            tokens = [f'op-{number}' for number in range(options.rounds)]
            clients = [Client(port, tokens[i::options.clients]) for i in range(options.clients)]
            for client in clients:
                client.join()
        value = counterd.values().get('x', 0)
        counterd.end(signal.SIGTERM)
    for client in clients:
        if client.wrong:
            sys.exit('drop_answers: ' + client.wrong)
    answers = {number for client in clients for number in client.answers}
    repeated = sum(client.repeated for client in clients)
    if value != options.rounds or len(answers) != options.rounds:
        sys.exit(f'drop_answers: {options.rounds} increments, {len(answers)} different answers, '
                 f'and the counter is at {value}')
    print(f'{options.rounds} increments, {repeated} of them repeated, each counted once')


if __name__ == '__main__':
    main()
