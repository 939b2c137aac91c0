"""datagrams: UDP at a fixed rate to each tool, which writes it to a file: CPU, and what it loses.

The rate is the highest, in steps of a quarter, at which nc.openbsd loses less than 1 %, found
before the first round; each contender then has a run at that rate and one at twice as much. The
sender (datagrams.cc) has the other core. Receivers are called as their users call them: with the
receive buffer that they ask for by themselves.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from child import Child, Failed, prepare
from measurement import Group, Row

BYTES = 200                # of a datagram
SECONDS = 1.5              # of a run
SEARCH_SECONDS = 0.5       # of one in search of the rate
LOSS_MAX = 0.01            # of the peer that sets the rate
RATE_MIN, RATE_STEP = 50_000, 1.25
PATIENCE = 10              # seconds, for a receiver to start or to come to rest
REST = 0.2                 # seconds without another byte: it is done

COMMANDS = {
    'netcat': '{program} -u -l -d 127.0.0.1 {port}',
    'nc.openbsd': '{program} -u -l -d 127.0.0.1 {port}',
    'socat': '{program} -u UDP4-RECV:{port},bind=127.0.0.1 STDOUT',
}


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def wait_for(what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Failed(f'{what}: not after {PATIENCE} s')
        time.sleep(0.005)


def at_rest(output, expected):
    """The file's size, when it has stopped growing."""
    size, since = -1, 0
    while size < expected and time.monotonic() < since + REST or size < 0:
        now = os.fstat(output.fileno()).st_size
        if now != size:
            size, since = now, time.monotonic()
        time.sleep(0.01)
    return size


def run(bench, contender, rate, seconds=SECONDS):
    """(CPU seconds a datagram received, share lost, the rate) of one run."""
    count = round(rate * seconds)
    port = free_port()
    argv = COMMANDS[contender.name].format(program=contender.argv[0], port=port).split()
    bound = f'0100007F:{port:04X} '
    with tempfile.TemporaryFile(dir='/dev/shm') as output:
        receiver = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=subprocess.DEVNULL,
                                    preexec_fn=prepare(bench.server_core))
        try:
            wait_for(argv[0], lambda: bound in Path('/proc/net/udp').read_text())
            sender = [str(bench.made / 'bench_datagrams'), str(port), str(count), str(BYTES),
                      str(rate)]
            with Child(sender, bench.client_core) as child:
                reached = json.loads(child.line(60))['rate']
            size = at_rest(output, count * BYTES)
            os.kill(receiver.pid, signal.SIGTERM)
            usage = os.wait4(receiver.pid, 0)[2]
            receiver.returncode = 0
        finally:
            if receiver.returncode is None:
                receiver.kill()
                receiver.wait()
    if size < BYTES:
        raise Failed(f'{contender.name}: no datagram arrived')
    cpu = (usage.ru_utime + usage.ru_stime) / (size / BYTES)
    return cpu, 1 - size / (count * BYTES), reached


def highest_rate(bench, peer):
    """The last rate before two runs in a row lose too much, or the sender is too slow."""
    def too_high(rate):
        _, lost, reached = run(bench, peer, rate, SEARCH_SECONDS)
        return lost > LOSS_MAX or reached < 0.9 * rate

    rate = RATE_MIN
    while not (too_high(rate * RATE_STEP) and too_high(rate * RATE_STEP)):
        rate *= RATE_STEP
    return rate


def measure_datagrams(bench, contender):
    rate = bench.datagram_rate
    figures = {'rate': rate}
    for times, name in ((1, 'once'), (2, 'twice')):
        cpu, lost, reached = run(bench, contender, rate * times)
        if reached < 0.9 * rate * times:
            bench.notes.append(f'datagrams: the sender reached {reached:,.0f} a second in place '
                               f'of {rate * times:,.0f}')
        figures |= {f'cpu_{name}': cpu, f'lost_{name}': lost, f'reached_{name}': reached}
    return figures


def datagrams_group(bench):
    contenders = [
        bench.ours('netcat'),
        bench.installed('nc.openbsd', 'netcat-openbsd'),
        bench.installed('socat', 'socat')]
    peer = contenders[1]
    bench.datagram_rate = RATE_MIN if peer.missing else highest_rate(bench, peer)
    return Group(
        'datagrams', f'datagrams of {BYTES} bytes by UDP to a file, {SECONDS} s at each rate',
        contenders,
        [Row('cpu_once', 'CPU a datagram', 'us', 0.5, 'nc.openbsd', chart='nc -u: CPU a datagram'),
         Row('lost_once', 'lost', '%', 1, 'nc.openbsd'),
         Row('cpu_twice', 'CPU a datagram received, twice the rate', 'us'),
         Row('lost_twice', 'lost, twice the rate', '%', 0.5, 'nc.openbsd')],
        measure_datagrams,
        note=f'The rate is {bench.datagram_rate:,.0f} a second: the highest, in steps of a '
             'quarter, at which nc.openbsd loses less than 1 %.')


GROUPS = {'datagrams': datagrams_group}
