#!/usr/bin/env python3
"""transfers: gigabytes through pairs of netcat that are paused and killed; status 0 means all of it.

  transfers.py --bin DIR [--gib 20] [--jobs 4] [--seed N]

A pair sends from a file or a pipe, plainly or with TLS, to a file or a pipe.  Meanwhile either end
may be stopped for a while (SIGSTOP), and one in four pairs has an end killed.  What arrives is the
beginning of what was sent.  If an end exits with status 0, all of it has arrived; without a kill
both do.  Prints a line of figures; exits 1 at the first pair that breaks this.
"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from leftovers import PATIENCE

PIECE = 1 << 20
POOL = random.Random(1).randbytes(64 << 20)  # whatever is sent is a piece of it
KILLS = [signal.SIGTERM, signal.SIGINT, signal.SIGKILL]


class Broken(Exception):
    """The promise."""


def feed(pipe, data, chance):
    """Writes data to a pipe, with pauses."""
    try:
        with pipe:
            for at in range(0, len(data), PIECE):
                if chance.random() < 0.05:
                    time.sleep(chance.uniform(0, 0.5))
                pipe.write(data[at:at + PIECE])
    except BrokenPipeError:
        pass  # the sender was killed


def collect(pipe, data, result):
    """Compares what comes out of a pipe with data; result gets the number of equal bytes, or -1."""
    done = 0
    with pipe:
        while piece := pipe.read(PIECE):
            if piece != data[done:done + len(piece)]:
                result.append(-1)
                return
            done += len(piece)
    result.append(done)


def disturb(ends, may_kill, chance):
    """Stops each end for a while, or kills one.  Returns whether it did."""
    killed = False
    while all(end.poll() is None for end in ends):
        time.sleep(chance.expovariate(20))
        end = chance.choice(ends)
        if may_kill and chance.random() < 0.2:
            end.send_signal(chance.choice(KILLS))
            killed = True
            break
        if chance.random() < 0.3:
            end.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0, 0.2))
            end.send_signal(signal.SIGCONT)
    return killed


def transfer(netcat, scratch, seed):
    """One pair.  Returns (bytes sent, whether an end was killed)."""
    chance = random.Random(seed)
    begin = chance.randrange(len(POOL) // 2)
    data = memoryview(POOL)[begin:begin + chance.randrange(1, len(POOL) // 2)]
    tls = chance.random() < 0.3
    with tempfile.TemporaryFile(dir=scratch) as source, \
            tempfile.TemporaryFile(dir=scratch) as target:
        from_file, to_file = chance.random() < 0.5, chance.random() < 0.5
        if from_file:
            source.write(data)
            source.seek(0)
        receiver = subprocess.Popen(
            [netcat, '-l', '-v', '-n', *(['--tls'] if tls else []), '127.0.0.1', '0'],
            stdin=subprocess.DEVNULL, stdout=target if to_file else subprocess.PIPE,
            stderr=subprocess.PIPE)
        lines = iter(receiver.stderr.readline, b'')
        port = next(line for line in lines if b'istening on' in line).split()[-1]
        drain = threading.Thread(target=lambda: list(lines))
        drain.start()
        sender = subprocess.Popen(
            [netcat, *(['--tls', '--tls-verify=no'] if tls else []), '127.0.0.1', port.decode()],
            stdin=source if from_file else subprocess.PIPE, stderr=subprocess.DEVNULL)
        arrived = []
        threads = []
        if not from_file:
            threads.append(threading.Thread(target=feed, args=(sender.stdin, data, chance)))
        if not to_file:
            threads.append(threading.Thread(target=collect, args=(receiver.stdout, data, arrived)))
        for thread in threads:
            thread.start()
        killed = disturb([sender, receiver], chance.random() < 0.25, random.Random(f'{seed} too'))
        try:
            statuses = sender.wait(PATIENCE), receiver.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            # A receiver whose sender was killed before it connected waits for the next.
            if not killed or receiver.poll() is not None:
                raise
            receiver.kill()
            statuses = sender.wait(), receiver.wait()
        for thread in [*threads, drain]:
            thread.join()
        receiver.stderr.close()
        if to_file:
            target.seek(0)
            collect(os.fdopen(os.dup(target.fileno()), 'rb'), data, arrived)
    whole = arrived == [len(data)]
    if arrived[0] < 0 or 0 in statuses and not whole or not killed and statuses != (0, 0):
        raise Broken(f'statuses {statuses}, {arrived[0]} of {len(data)} bytes, TLS {tls}, '
                     f'from a file {from_file}, to a file {to_file}, killed {killed}, seed {seed}')
    return len(data), killed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--bin', required=True)
    parser.add_argument('--gib', type=float, default=20)
    parser.add_argument('--jobs', type=int, default=4)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    start, sent, pairs, kills = time.monotonic(), 0, 0, 0
    seeds = (f'{options.seed} {i}' for i in itertools.count())
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.jobs) as pool:
        run = lambda seed: transfer(options.bin + '/netcat', scratch, seed)
        while sent < options.gib * 2 ** 30:
            try:
                for size, killed in pool.map(run, itertools.islice(seeds, 4 * options.jobs)):
                    sent, pairs, kills = sent + size, pairs + 1, kills + killed
            except (Broken, subprocess.TimeoutExpired) as broken:
                sys.exit(f'transfers: {broken}')
    print(f'transfers: {sent / 2 ** 30:.1f} GiB through {pairs} pairs, {kills} with an end killed, '
          f'in {time.monotonic() - start:.0f} s: good')


if __name__ == '__main__':
    main()
