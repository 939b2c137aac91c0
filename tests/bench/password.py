"""password: passwordd and a tutorial's Go program under wrk, by the CPU that their passwords cost."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from child import Failed, Server, prepare
from measurement import Group, Row

PASSWORDS = 100  # an answer
SECONDS = 5
CONNECTIONS = 64


def cpu_seconds(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')  # utime, stime


def load(core, port):
    """wrk's requests, and whether all were answered with 200."""
    done = subprocess.run(
        ['wrk', '-t1', f'-c{CONNECTIONS}', f'-d{SECONDS}s', f'http://127.0.0.1:{port}/password'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        preexec_fn=prepare(core))
    said = done.stdout.decode()
    requests = re.search(r'(\d+) requests in', said)
    if done.returncode or not requests:
        raise Failed(f'wrk: status {done.returncode}: {said.strip()}')
    return int(requests[1]), 'Non-2xx' not in said and 'Socket errors' not in said


def measure_password(bench, contender):
    with Server(contender.argv, bench.server_core) as server:
        before = cpu_seconds(server.pid)
        requests, right = load(bench.client_core, server.port)
        cpu = cpu_seconds(server.pid) - before
    if not requests or cpu <= 0:
        raise Failed(f'{contender.name}: {requests} requests in {cpu} s of CPU')
    return {'cpu_password': cpu / requests / PASSWORDS, 'time': SECONDS / requests, 'right': right}


def password_group(bench):
    ours = bench.ours('passwordd', '--print-port', '-q', '127.0.0.1:0')
    peer = bench.built_go('Go password', 'password.go')
    if not shutil.which('wrk'):
        for contender in (ours, peer):
            contender.missing = 'wrk: not found, skipped (apt: wrk)'
    return Group(
        'password', f'passwords: {PASSWORDS} a request, {CONNECTIONS} connections, {SECONDS} s',
        [ours, peer],
        [Row('cpu_password', 'CPU a password', 'us', 1 / 8, 'Go password',
             chart='passwords: CPU for each'),
         Row('time', 'time a request', 'us'),
         Row('right', 'every answer was 200', 'yes', 1)],
        measure_password)
