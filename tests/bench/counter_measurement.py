"""counter_measurement: counterd and its peers, side by side; see measurement.

As for HTTP, the servers are alone on their core, and what counts is CPU time an increment.
"""

import http.client
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from child import Failed, Server, prepare
from http_measurement import cpu_seconds, run_wrk
from measurement import Contender, Group, Row

HERE = Path(__file__).resolve().parent
CLIENTS = 200
INCREMENTS = 300_000  # of redis-benchmark
MILLION = 1_000_000
TARGET = '/inc?name=i'


def answer(server, target):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=60)
    connection.request('GET', target)
    return connection.getresponse().read().decode()


# --- counter: increments of one counter ---

def run_redis_benchmark(bench, server):
    argv = ['redis-benchmark', '-p', str(server.port), '-c', str(CLIENTS), '-n', str(INCREMENTS),
            '-q', 'INCR', 'i']
    begin, before = time.monotonic(), cpu_seconds(server.pid)
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          stdin=subprocess.DEVNULL, preexec_fn=prepare(bench.client_core))
    if done.returncode:
        raise Failed(f'redis-benchmark: status {done.returncode}')
    return {'requests': INCREMENTS, 'seconds': time.monotonic() - begin,
            'cpu': cpu_seconds(server.pid) - before}


def figures_of(run):
    return {'cpu_request': run['cpu'] / run['requests'], 'apart': run['seconds'] / run['requests'],
            'raw': run}


def measure_counter(bench, contender):
    with Server(contender.argv, bench.server_core) as server:
        if contender.name == 'redis-server':
            return figures_of(run_redis_benchmark(bench, server))
        run = run_wrk(bench, server, CLIENTS, 1, TARGET)
        if not run['requests']:
            raise Failed(f'{contender.name}: no answers')
        figures = figures_of(run)
        if contender.name.startswith('counterd'):
            # wrk leaves requests under way behind when its time is up.
            counted = int(answer(server, '/get?name=i').split(': ')[1])
            surplus = counted - run['requests']
            figures['exact'] = run['errors'] == 0 and 0 <= surplus <= CLIENTS
        return figures


def counterd(bench, name, *arguments):
    contender = bench.ours('counterd', '--print-port', '-q', *arguments, '127.0.0.1:0')
    contender.name = name
    return contender.needs('wrk')


def counter_group(bench):
    return Group(
        'counter', f'counterd: increments in memory, {CLIENTS} clients, keep-alive',
        [counterd(bench, 'counterd'),
         bench.bare('bare epoll', 'bench_bare_http').needs('wrk'),
         bench.ring('http').needs('wrk'),
         bench.built_go('Go mutex', 'counter.go').needs('wrk'),
         Contender('redis-server', [str(HERE / 'redis.py')]).needs('redis-benchmark',
                                                                   'redis-tools')],
        [Row('cpu_request', 'CPU an increment', 'us', 1.2, 'bare epoll',
             {'Go mutex': 1 / 1.8, 'redis-server': 1}, 'counters: CPU an increment, in memory'),
         Row('apart', 'time between two answers', 'us'),
         Row('exact', 'every increment counted', 'yes', 1)],
        measure_counter,
        note='redis-benchmark sends INCR, unpipelined. The bare programs count nothing.')


# --- durable: the same on disk ---

def syncs_of(text):
    """Calls in the table of strace -c."""
    calls = [int(line.split()[3]) for line in text.splitlines() if line.endswith('sync')]
    if not calls:
        raise Failed('strace: no table of calls')
    return sum(calls)


def measure_durable(bench, contender):
    if 'FILE.db' not in contender.name:
        return measure_counter(bench, contender)
    with tempfile.TemporaryDirectory(dir=bench.made) as folder:
        contender.argv[-2] = f'{folder}/counters.db'
        figures = measure_counter(bench, contender)
        if shutil.which('strace'):
            trace = Path(folder) / 'trace'
            strace = ['strace', '-f', '-c', '--seccomp-bpf', '-e', 'trace=fsync,fdatasync', '-o',
                      str(trace), *contender.argv]
            with Server(strace, bench.server_core) as server:
                before = int(answer(server, '/get?name=i').split(': ')[1])
                run_wrk(bench, server, CLIENTS, 1, TARGET)
                answers = int(answer(server, '/get?name=i').split(': ')[1]) - before
                traced = Path(f'/proc/{server.pid}/task/{server.pid}/children').read_text()
                os.kill(int(traced), signal.SIGTERM)  # strace writes its table when it ends
                server.process.wait(10)
            figures['syncs'] = 1000 * syncs_of(trace.read_text()) / answers
        return figures


def durable_group(bench):
    return Group(
        'durable', f'counterd: increments on disk, {CLIENTS} clients, keep-alive',
        [counterd(bench, 'counterd FILE.db', '--store', ''), counterd(bench, 'counterd memory')],
        [Row('apart', 'time between two answers', 'us', 2, 'counterd memory',
             chart='counterd: time between two answers'),
         Row('cpu_request', 'CPU an increment', 'us'),
         Row('syncs', 'syncs for 1,000 answers', 'x', 50),
         Row('exact', 'every increment counted', 'yes', 1)],
        measure_durable,
        note='Each answer is sent after its commit. Loop and commits share one core.')


# --- million: many counters ---

def write_million(path):
    with open(path, 'w', encoding='ascii') as file:
        file.write('[\n')
        file.write(',\n'.join(f'{{"name":"{name_of(i)}","value":{i}}}' for i in range(MILLION)))
        file.write(']\n')


def name_of(number):
    return f'counter/of/a/million/{number:08}'


def longest_wait(server):
    """Of increments one after another while somebody else reads /metrics."""
    done = threading.Event()

    def read_metrics():
        subprocess.run(['curl', '-s', '-o', '/dev/null', f'http://127.0.0.1:{server.port}/metrics'],
                       check=False)
        done.set()

    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=60)
    reader = threading.Thread(target=read_metrics)
    longest = 0
    reader.start()
    while not done.is_set():
        begin = time.monotonic()
        connection.request('POST', TARGET)
        connection.getresponse().read()
        longest = max(longest, time.monotonic() - begin)
    reader.join()
    return longest


def measure_million(bench, contender):
    with tempfile.TemporaryDirectory(dir=bench.made) as folder:
        listed, database = Path(folder) / 'list.json', Path(folder) / 'counters.db'
        write_million(listed)
        with Server(contender.argv, bench.server_core) as server:
            empty = server.resident_bytes()
        with Server([*contender.argv, '--import', str(listed)], bench.server_core) as server:
            full = server.resident_bytes()
            stall = longest_wait(server)
            grown = server.resident_bytes() - full
        subprocess.run([contender.argv[0], '--store', database, '--import', listed, '--export'],
                       stdout=subprocess.DEVNULL, check=True, preexec_fn=prepare(bench.server_core))
        begin = time.monotonic()
        with Server([*contender.argv, '--store', str(database)], bench.server_core):
            start = time.monotonic() - begin
    return {'bytes': (full - empty) / MILLION - len(name_of(0)), 'stall': stall, 'start': start,
            'grown': grown}


def million_group(bench):
    return Group(
        'million', 'counterd: a million counters',
        [counterd(bench, 'counterd')],
        [Row('bytes', 'memory a counter beyond its name', 'B', 200),
         Row('start', 'start-up from FILE.db', 's', 3),
         Row('stall', 'longest wait for an increment during /metrics', 'ms', 0.05),
         Row('grown', 'memory that /metrics has cost', 'KiB')],
        measure_million)


GROUPS = {'counter': counter_group, 'durable': durable_group, 'million': million_group}
