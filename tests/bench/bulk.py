"""bulk: what a GiB through each tool costs, in seconds of its processor, user and system.

A round of one contender is five transfers over loopback, between the tool on one core and a bare
program (bare_copy.cc) on the other: a file to a socket, a socket to /dev/null, a pipe to a socket,
a socket to a pipe, and a pipe through two of the tool to a pipe again.
"""

import os
import select
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from child import Failed, prepare
from measurement import Group, Row

GIB = 1 << 30
SECONDS_MAX = 120  # for one transfer

# What each tool is called as, for data that goes one way: to or from a server, or a client.
COMMANDS = {
    'netcat': ('{program} 127.0.0.1 {port}',
               '{program} -d 127.0.0.1 {port}',
               '{program} -l -d 127.0.0.1 {port}'),
    'nc.openbsd': ('{program} -N 127.0.0.1 {port}',
                   '{program} -d 127.0.0.1 {port}',
                   '{program} -l -d 127.0.0.1 {port}'),
    'ncat': ('{program} --send-only 127.0.0.1 {port}',
             '{program} --recv-only 127.0.0.1 {port}',
             '{program} -l --recv-only 127.0.0.1 {port}'),
    'socat': ('{program} -u -b262144 STDIN TCP:127.0.0.1:{port}',
              '{program} -u -b262144 TCP:127.0.0.1:{port} STDOUT',
              '{program} -u -b262144 TCP-LISTEN:{port},bind=127.0.0.1 STDOUT'),
    'nc.traditional': ('{program} -q 0 127.0.0.1 {port}',
                       '{program} -q -1 127.0.0.1 {port}',
                       '{program} -l -q -1 -s 127.0.0.1 -p {port}'),
}
# The limit has a loop of its own for each transfer.
BARE = {'send': '{program} send {port}', 'receive': '{program} receive {port}',
        'pipe_in': '{program} pipe-in {port}', 'pipe_out': '{program} pipe-out {port}',
        'listen': '{program} listen {port}'}
LIMIT = 'bare copy'


def command(contender, part, port):
    """The argv of a contender that has a part in a transfer."""
    if contender.name == LIMIT:
        words = BARE[part]
    else:
        to_server, from_server, from_client = COMMANDS[contender.name]
        words = {'send': to_server, 'pipe_in': to_server, 'receive': from_server,
                 'pipe_out': from_server, 'listen': from_client}[part]
    return words.format(program=contender.argv[0], port=port).split()


class Transfer:
    """The programs of one transfer, none of which outlives the block."""

    def __init__(self, bench, contender, data_bytes):
        self.bench = bench
        self.contender = contender
        self.bytes = data_bytes
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            if process.returncode is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    def start(self, core, argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL,
                                   preexec_fn=prepare(core))
        self.running.append(process)
        return process

    def tool(self, part, port, **ends):
        return self.start(self.bench.server_core, command(self.contender, part, port), **ends)

    def bare(self, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        argv = [str(self.bench.made / 'bench_bare_copy'), *map(str, words)]
        return self.start(self.bench.client_core, argv, stdin=stdin, stdout=stdout)

    def complete(self, reader):
        """Waits for a bare program that says how many bytes there were."""
        counted = number_from(reader)
        if counted != self.bytes:
            raise Failed(f'{self.contender.name}: {counted} bytes of {self.bytes} arrived')

    def a_gib(self, *tools):
        return sum(cpu_seconds(tool) for tool in tools) * GIB / self.bytes


def cpu_seconds(process, statuses=(0,)):
    """Of a process that now ends, with one of these statuses."""
    end = time.monotonic() + SECONDS_MAX
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > end:
            raise Failed(f'{" ".join(process.args)}: not done after {SECONDS_MAX} s')
        time.sleep(0.002)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise Failed(f'{" ".join(process.args)}: status {process.returncode}')
    return usage.ru_utime + usage.ru_stime


def cached_file(size):
    """All holes, so that no disk is busy, but with every page in memory."""
    data = tempfile.TemporaryFile()
    data.truncate(size)
    while data.read(1 << 20):
        continue
    data.seek(0)
    return data


def number_from(process):
    """A port, or a count of bytes."""
    ready, _, _ = select.select([process.stdout], [], [], SECONDS_MAX)
    if not ready:
        raise Failed(f'{" ".join(process.args)}: silent for {SECONDS_MAX} s')
    return int(process.stdout.readline() or 0)


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def wait_for_listener(port, process):
    """Without a connection, which would be the one that the listener waits for."""
    listening = f':{port:04X} 00000000:0000 0A'
    while listening not in Path('/proc/net/tcp').read_text():
        if process.poll() is not None:
            raise Failed(f'{" ".join(process.args)}: status {process.returncode}')
        time.sleep(0.005)


# --- the five transfers ---

def send(transfer):
    with open(f'/proc/self/fd/{transfer.bench.bulk_file.fileno()}', 'rb') as data:
        sink = transfer.bare('sink')
        tool = transfer.tool('send', number_from(sink), stdin=data)
        transfer.complete(sink)
        return transfer.a_gib(tool)


def receive(transfer):
    source = transfer.bare('source', transfer.bytes)
    return transfer.a_gib(transfer.tool('receive', number_from(source)))


def pipe_in(transfer):
    sink, writer = transfer.bare('sink'), transfer.bare('write', transfer.bytes)
    tool = transfer.tool('pipe_in', number_from(sink), stdin=writer.stdout)
    writer.stdout.close()
    transfer.complete(sink)
    return transfer.a_gib(tool)


def pipe_out(transfer):
    source = transfer.bare('source', transfer.bytes)
    tool = transfer.tool('pipe_out', number_from(source), stdout=subprocess.PIPE)
    transfer.complete(transfer.bare('read', stdin=tool.stdout))
    return transfer.a_gib(tool)


def pipes(transfer):
    port = free_port()
    receiver = transfer.tool('listen', port, stdout=subprocess.PIPE)
    reader = transfer.bare('read', stdin=receiver.stdout)
    wait_for_listener(port, receiver)
    writer = transfer.bare('write', transfer.bytes)
    sender = transfer.tool('pipe_in', port, stdin=writer.stdout)
    for pipe in (receiver.stdout, writer.stdout):
        pipe.close()
    transfer.complete(reader)
    return transfer.a_gib(sender, receiver)


TRANSFERS = {'send': send, 'receive': receive, 'pipe_in': pipe_in, 'pipe_out': pipe_out,
             'pipes': pipes}


def measure_bulk(bench, contender):
    """{transfer: CPU seconds per GiB}; a transfer that fails is noted and left out."""
    figures = {}
    for name, run in TRANSFERS.items():
        try:
            with Transfer(bench, contender, bench.mebibytes << 20) as transfer:
                figures[name] = run(transfer)
        except (Failed, OSError, ValueError) as why:
            bench.notes.append(f'bulk, {name}: {why}')
    return figures


def bulk_group(bench):
    contenders = [
        bench.ours('netcat'),
        bench.installed('nc.openbsd', 'netcat-openbsd'),
        bench.installed('ncat', 'ncat'),
        bench.installed('socat', 'socat'),
        bench.installed('nc.traditional', 'netcat-traditional'),
        bench.bare(LIMIT, 'bench_bare_copy')]
    peers = {peer.name: 1 for peer in contenders[1:-1]}
    bench.bulk_file = cached_file(bench.mebibytes << 20)
    return Group(
        'bulk', f'bulk: CPU for a GiB, {bench.mebibytes} MiB over loopback',
        contenders,
        [Row('send', 'a file to a socket', 's', 1.15, LIMIT, {'nc.openbsd': 1 / 2.5},
             'nc: CPU for a GiB, a file to a socket'),
         Row('receive', 'a socket to /dev/null', 's', 1.3, LIMIT, {'nc.openbsd': 1 / 3},
             'nc: CPU for a GiB, a socket to /dev/null'),
         Row('pipe_in', 'a pipe to a socket', 's', also=peers),
         Row('pipe_out', 'a socket to a pipe', 's', also=peers),
         Row('pipes', 'a pipe through two of the tool to a pipe', 's', also=peers,
             chart='nc: CPU for a GiB, a pipe through two to a pipe')],
        measure_bulk)


GROUPS = {'bulk': bulk_group}
