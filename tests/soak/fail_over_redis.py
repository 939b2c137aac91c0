#!/usr/bin/env python3
"""fail_over_redis: the Redis that counterd uses becomes a replica, again and again.

  fail_over_redis.py --bin DIR [--rounds 100] [--clients 16] [--threads N]

Two redis-server, one the replica of the other; counterd has both as its seeds. In the middle of each
round they change places (FAILOVER), and all connections stay. What is counted then must be between
what was acknowledged and what was sent; what was refused with 503 counts as not sent. Prints a line
of figures; exits 1 at the first round that breaks the promise.
"""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import kill_counterd
import kill_redis


class Client(kill_redis.Client):
    """Goes on until it is told to stop."""

    stop = threading.Event()

    def increment(self, name):
        try:
            super().increment(name)
        except ConnectionError:  # 503 or 504, and the connection is still there
            time.sleep(0.01)
        if self.stop.is_set():
            raise ConnectionError


def cli(redis, *words):
    return subprocess.run(['redis-cli', '-p', str(redis.port), *words], check=True,
                          capture_output=True, text=True).stdout


def has_role(redis, role):
    answer = cli(redis, 'INFO', 'replication')
    return f'role:{role}' in answer and ('slave0' in answer or 'link_status:up' in answer)


def wait_for(what, holds):
    end = time.monotonic() + kill_redis.PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f'fail_over_redis: no {what} in time')
        time.sleep(0.02)


def is_failing_over(redis):
    """Begins again where Redis has given it up."""
    answer = cli(redis, 'INFO', 'replication')
    if 'role:master' in answer and 'master_failover_state:no-failover' in answer:
        subprocess.run(['redis-cli', '-p', str(redis.port), 'FAILOVER'], check=False,
                       capture_output=True)
    return 'role:slave' in answer


def change_places(primary, replica):
    wait_for('failover', lambda: is_failing_over(primary))
    wait_for('new primary', lambda: has_role(replica, 'master'))
    wait_for('new replica', lambda: has_role(primary, 'slave'))


def play_round(counterd, primary, replica, count):
    Client.stop.clear()
    clients = [Client(counterd.port, [f'own{i}', 'shared']) for i in range(count)]
    threading.Event().wait(random.uniform(0.05, 0.3))
    change_places(primary, replica)
    threading.Event().wait(random.uniform(0.05, 0.3))
    Client.stop.set()
    for client in clients:
        client.join()
    return clients


def main():
    options = kill_counterd.parse_options()
    total = 0
    with tempfile.TemporaryDirectory(prefix='counterd-') as one, \
            tempfile.TemporaryDirectory(prefix='counterd-') as other:
        primary, replica = kill_redis.Redis(one), kill_redis.Redis(other)
        cli(replica, 'REPLICAOF', '127.0.0.1', str(primary.port))
        wait_for('replica', lambda: has_role(replica, 'slave'))
        place = f'redis://127.0.0.1:{primary.port},127.0.0.1:{replica.port}'
        counterd = kill_counterd.Counterd(str(Path(options.bin) / 'counterd'), place,
                                          options.threads)
        try:
            for number in range(options.rounds):
                base = kill_redis.values(counterd)
                clients = play_round(counterd, primary, replica, options.clients)
                primary, replica = replica, primary
                found = kill_redis.values(counterd)
                wrong = kill_counterd.breach(found, base, clients)
                done = sum(sum(client.acknowledged.values()) for client in clients)
                if wrong:
                    sys.exit(f'fail_over_redis: round {number}: {wrong}')
                total += done
            counterd.end(signal.SIGTERM)
        finally:
            counterd.process.kill()
            for redis in (primary, replica):
                redis.kill()
    if total == 0:
        sys.exit('fail_over_redis: nothing was acknowledged')
    print(f'{options.rounds} failovers, {total} increments acknowledged, none lost or doubled')


if __name__ == '__main__':
    main()
