"""http_measurement: HTTP servers under wrk, side by side; see measurement.

The servers are alone on their core, and so is wrk. What counts is CPU time a request, which does
not depend on who else is slow.
"""

import json
import shutil
import subprocess
from pathlib import Path

from child import Failed, Server, prepare
from measurement import Contender, Group, Row

HERE = Path(__file__).resolve().parent
SECONDS = 2
DEPTH = 16


def cpu_seconds(pid):
    """Of all threads of a process and its children."""
    seconds = 0
    for task in Path(f'/proc/{pid}/task').iterdir():
        seconds += int(task.joinpath('schedstat').read_text().split()[0]) / 1e9
        seconds += sum(map(cpu_seconds, task.joinpath('children').read_text().split()))
    return seconds


def run_wrk(bench, server, connections, depth, target='/'):
    """wrk's figures, and the server's CPU time meanwhile."""
    argv = ['wrk', '-t1', f'-c{connections}', f'-d{SECONDS}s', '--timeout', '20s',
            '-s', HERE / 'http.lua', f'http://127.0.0.1:{server.port}{target}', '--', str(depth)]
    before = cpu_seconds(server.pid)
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          stdin=subprocess.DEVNULL, preexec_fn=prepare(bench.client_core))
    cpu = cpu_seconds(server.pid) - before
    last = done.stdout.decode(errors='replace').strip().splitlines()[-1:]
    if done.returncode or not last or not last[0].startswith('{'):
        raise Failed(f'wrk: status {done.returncode}: {last}')
    return json.loads(last[0]) | {'cpu': cpu}


def measure(connections, depth):
    def measure_one(bench, contender):
        with Server(contender.argv, bench.server_core) as server:
            run = run_wrk(bench, server, connections, depth)
        if not run['requests']:
            raise Failed(f'{contender.name}: no answers')
        return {'cpu_request': run['cpu'] / run['requests'], 'p50': run['p50'], 'p99': run['p99'],
                'apart': run['seconds'] / run['requests'], 'clean': run['errors'] == 0, 'raw': run}
    return measure_one


def contenders(bench, names):
    every = {
        'ours': bench.built('common/http', 'bench_http', '--print-port', '-q',
                            '127.0.0.1:0'),
        'statusd': bench.ours('statusd', '--print-port', '-q', '127.0.0.1:0'),
        'bare': bench.bare('bare epoll', 'bench_bare_http'),
        'ring': bench.ring('http'),
        'nginx': Contender('nginx', [str(HERE / 'nginx.py'), str(bench.made / 'nginx')]),
        'go': bench.built_go('Go net/http', 'http.go'),
    }
    if not Path('/usr/sbin/nginx').exists() and not shutil.which('nginx'):
        every['nginx'].missing = 'nginx: not found, skipped (apt: nginx)'
    return [every[name].needs('wrk') for name in names]


def rows(*limited):
    return [*limited, Row('apart', 'time between two answers', 'us'),
            Row('clean', 'every request answered with 200', 'yes', 1)]


def http_group(bench):
    return Group(
        'http', f'HTTP: 64 connections, keep-alive, {SECONDS} s',
        contenders(bench, ['ours', 'statusd', 'bare', 'ring', 'nginx', 'go']),
        rows(Row('cpu_request', 'CPU a request', 'us', 1.15, 'bare epoll',
                 chart='HTTP: CPU a request, keep-alive')),
        measure(64, 1),
        note='The bare programs answer whatever they read with the same bytes and parse nothing.')


def pipelined_group(bench):
    return Group(
        'pipelined', f'HTTP: 64 connections, pipelined by {DEPTH}, {SECONDS} s',
        contenders(bench, ['ours', 'nginx', 'go']),
        rows(Row('cpu_request', 'CPU a request', 'us', 0.2, 'nginx',
                 chart=f'HTTP: CPU a request, pipelined by {DEPTH}')), measure(64, DEPTH))


def thousand_group(bench):
    return Group(
        'thousand', f'HTTP: 1,000 connections, keep-alive, {SECONDS} s',
        contenders(bench, ['ours', 'bare', 'ring', 'nginx', 'go']),
        rows(Row('cpu_request', 'CPU a request', 'us'), Row('p50', 'latency, median', 'ms'),
             Row('p99', 'latency, 99th percentile', 'ms', 1.0, 'nginx',
                 chart='HTTP: 99th percentile, 1,000 connections')),
        measure(1000, 1))


GROUPS = {'http': http_group, 'pipelined': pipelined_group, 'thousand': thousand_group}
