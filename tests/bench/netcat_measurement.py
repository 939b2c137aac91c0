"""netcat_measurement: what a script waits for: a start, the first byte, a scan; see measurement."""

import json
import subprocess
import tempfile
import time

from bulk import cpu_seconds
from child import Child, Failed, prepare
from measurement import Group, Row

STARTS = 300  # of a program, in one round
PORTS = 65535


# --- start: a program that starts and ends ---

def measure_start(bench, contender):
    with tempfile.NamedTemporaryFile() as export:
        argv = ['hyperfine', '-N', '--style', 'none', '--warmup', '20', '--runs', str(STARTS),
                '--export-json', export.name, ' '.join(contender.argv)]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              stdin=subprocess.DEVNULL, preexec_fn=prepare(bench.server_core))
        if done.returncode:
            raise Failed(done.stdout.decode(errors='replace').strip().splitlines()[-1])
        result = json.load(export)['results'][0]
    return {'median': result['median'], 'mean': result['mean'],
            'cpu': result['user'] + result['system']}


def start_group(bench):
    return Group(
        'start', f'start: --help of each, {STARTS} times a round',
        [bench.ours('netcat', '--help').needs('hyperfine'),
         bench.installed('nc.openbsd', 'netcat-openbsd', '-h').needs('hyperfine')],
        [Row('median', 'start to end, median', 'ms', 1, 'nc.openbsd', chart='nc --help'),
         Row('mean', 'start to end, mean', 'ms'),
         Row('cpu', 'CPU, mean', 'ms')],
        measure_start)


# --- first byte: a client that starts, connects and sends ---

def measure_first_byte(bench, contender):
    argv = [str(bench.made / 'bench_first_byte'), str(STARTS), *contender.argv]
    with Child(argv, bench.server_core, bench.client_core) as child:
        result = json.loads(child.line(150))
    return {key: nanoseconds / 1e9 for key, nanoseconds in result.items()}


def first_byte_group(bench):
    return Group(
        'first-byte', f'first byte: from a client\'s start, {STARTS} times a round',
        [bench.ours('netcat', '127.0.0.1', 'PORT'),
         bench.installed('nc.openbsd', 'netcat-openbsd', '-N', '127.0.0.1', 'PORT'),
         bench.installed('nc.traditional', 'netcat-traditional', '-q', '0', '127.0.0.1', 'PORT')],
        [Row('median', 'until the server has it, median', 'ms', 0.85, 'nc.openbsd',
             chart='nc: from its start to the first byte'),
         Row('mean', 'mean', 'ms'),
         Row('least', 'least', 'ms')],
        measure_first_byte)


# --- scan: every port of the local host ---

def measure_scan(bench, contender):
    begin = time.monotonic()
    scan = subprocess.Popen(contender.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, preexec_fn=prepare(bench.server_core))
    try:
        cpu = cpu_seconds(scan, (0, 1))  # 1: the last port is closed
    finally:
        scan.kill()
    return {'elapsed': time.monotonic() - begin, 'cpu': cpu}


def scan_group(bench):
    arguments = ('-z', '127.0.0.1', f'1-{PORTS}')
    return Group(
        'scan', f'scan: {PORTS:,} ports of 127.0.0.1',
        [bench.ours('netcat', *arguments),
         bench.installed('nc.openbsd', 'netcat-openbsd', *arguments)],
        [Row('elapsed', 'start to end', 's', 0.6, 'nc.openbsd', chart=f'nc -z: {PORTS:,} ports'),
         Row('cpu', 'CPU', 's', 0.6, 'nc.openbsd')],
        measure_scan)


GROUPS = {'start': start_group, 'first-byte': first_byte_group, 'scan': scan_group}
