"""program: what a GiB costs through a program that a listener runs, `cat`, and back again.

The program has the socket itself, or with --idle-timeout its bytes pass through netcat. The figure
is the processor's time of the tool and its program; the client is this script, on the other core.
"""

import os
import socket
import threading

from bulk import GIB, SECONDS_MAX, Transfer, cpu_seconds, free_port, wait_for_listener
from child import Failed
from measurement import Group, Row

COMMANDS = {
    'netcat': '{program} -l -e cat 127.0.0.1 {port}',
    'nc.traditional': '{program} -l -s 127.0.0.1 -p {port} -e /bin/cat',
    'netcat, relayed': '{program} -l --idle-timeout 60 -e cat 127.0.0.1 {port}',
    'socat': '{program} -b65536 TCP-LISTEN:{port},bind=127.0.0.1 EXEC:cat',
}
PIECE = bytes(1 << 18)


def send(client, size):
    try:
        for _ in range(size // len(PIECE)):
            client.sendall(PIECE)
        client.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the count will say so


def echoed(client, size):
    """How many bytes come back of those that are sent."""
    sender = threading.Thread(target=send, args=(client, size))
    sender.start()
    buffer, count = bytearray(len(PIECE)), 0
    while n := client.recv_into(buffer):
        count += n
    sender.join()
    return count


def measure_program(bench, contender):
    os.sched_setaffinity(0, {bench.client_core})
    size = bench.mebibytes << 20
    port = free_port()
    argv = COMMANDS[contender.name].format(program=contender.argv[0], port=port).split()
    with Transfer(bench, contender, size) as transfer:
        tool = transfer.start(bench.server_core, argv)
        wait_for_listener(port, tool)
        with socket.create_connection(('127.0.0.1', port), SECONDS_MAX) as client:
            count = echoed(client, size)
        if count != size:
            raise Failed(f'{contender.name}: {count} bytes of {size} came back')
        return {'cpu': cpu_seconds(tool) * GIB / size}


def program_group(bench):
    return Group(
        'program', f'-e cat: CPU for a GiB and back, {bench.mebibytes} MiB over loopback',
        [bench.ours('netcat'),
         bench.installed('nc.traditional', 'netcat-traditional')],
        [Row('cpu', 'CPU of the tool and the program', 's', 1.1, 'nc.traditional')],
        measure_program)


def relayed_group(bench):
    relayed = bench.ours('netcat')
    relayed.name = 'netcat, relayed'
    return Group(
        'program-relayed', 'program-relayed: the same where the bytes pass through the tool',
        [relayed, bench.installed('socat', 'socat')],
        [Row('cpu', 'CPU of the tool and the program', 's', 1, 'socat')],
        measure_program)


GROUPS = {'program': program_group, 'program-relayed': relayed_group}
