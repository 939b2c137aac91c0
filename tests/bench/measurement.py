"""measurement: what is measured, of whom, and how each figure is held against its target.

A Group is one table: a first contender (ours), its peers, the rows, and measure(bench, contender),
which runs one contender once and returns {row key: number}. To add a measurement write its
measure function, a function that makes its Group, and an entry in GROUPS.
"""

import math
import shutil
import time
from dataclasses import dataclass, field
from typing import Callable

from child import Crowd, Failed, Server

BURSTS = (2500, 5000, 10000, 20000, 40000)
SETTLE_S = 0.3     # a server just started does its last work in this time
IDLE_S = 1.0       # and so does one whose clients have just come


@dataclass
class Contender:
    name: str
    argv: list = field(default_factory=list)
    missing: str = ''  # why it cannot run; empty when it can
    is_limit: bool = False  # no peer, but a bare program that does this one thing

    def needs(self, program, package=''):
        """Itself; missing where that program is not installed."""
        if not self.missing and not shutil.which(program):
            self.missing = f'{program}: not found, skipped (apt: {package or program})'
        return self


@dataclass
class Row:
    key: str
    label: str
    unit: str           # B, KiB, s, ms, us, %, x or yes
    limit: float = 0    # the target: at most; 0: none
    of: str = ''        # the limit is a multiple of this peer's figure
    also: dict = field(default_factory=dict)  # {another peer: the multiple for it}
    chart: str = ''     # its caption in the chart, when it has a place there


@dataclass
class Group:
    name: str
    title: str
    contenders: list    # ours first
    rows: list
    measure: Callable
    note: str = ''


# --- clock: many clients, a line a second ---

def measure_clock(bench, contender):
    with Server(contender.argv, bench.server_core) as server:
        time.sleep(SETTLE_S)
        empty = server.resident_bytes()
        with Crowd(bench.crowd, bench.client_core, server, 'clock', clients=bench.clients,
                   seconds=bench.seconds, pid=server.pid) as crowd:
            result = crowd.result()
            full = server.resident_bytes()
    if not result['lines']:
        raise Failed(f'{contender.name}: no lines')
    figures = {
        'empty': empty,
        'bytes_client': (full - empty) / bench.clients,
        'every_tick': result['every_tick'],
        'raw': result,
    }
    if result['server_cpu_ns'] >= 0:
        figures['cpu_line'] = result['server_cpu_ns'] / result['lines'] / 1e9
    return figures


def clock_group(bench):
    return Group(
        'clock', f'clock: {bench.clients:,} clients, {bench.seconds:g} s',
        [bench.ours('clockd', '--print-port', '-q', '127.0.0.1:0'),
         bench.bare('bare epoll', 'bench_bare_clock'),
         bench.ring('clock'),
         bench.built_go('Go clock', 'clock.go')],
        [Row('empty', 'resident memory, no client', 'KiB'),
         Row('bytes_client', 'resident memory a client above that', 'B', 512,
             chart=f'clock: memory for each of {bench.clients:,} clients'),
         Row('cpu_line', 'CPU a line', 'us', 1.3, 'bare epoll', chart='clock: CPU a line'),
         Row('every_tick', 'every client got every tick', 'yes', 1)],
        measure_clock)


# --- idle: many clients that say nothing ---

def measure_idle(bench, contender):
    with Server(contender.argv, bench.server_core) as server:
        time.sleep(SETTLE_S)
        empty, few = server.resident_bytes(), server.descriptors()
        with Crowd(bench.crowd, bench.client_core, server, 'idle', clients=bench.clients) as crowd:
            result = crowd.result()
            end = time.monotonic() + 10
            while server.descriptors() < few + bench.clients:
                if time.monotonic() > end:
                    raise Failed(f'{contender.name}: only {server.descriptors() - few} accepted')
                time.sleep(0.05)
            time.sleep(IDLE_S)
            full = server.resident_bytes()
            crowd.tell()
            answered = crowd.result()['every_echo']
            time.sleep(IDLE_S)
            after = server.resident_bytes()
    return {'empty': empty, 'bytes_client': (full - empty) / bench.clients,
            'bytes_after': (after - empty) / bench.clients, 'answered': answered, 'raw': result}


def idle_group(bench):
    return Group(
        'idle', f'reverb: {bench.clients:,} idle clients',
        [bench.ours('reverbd', '--print-port', '-q', '--idle-timeout', '60s', '127.0.0.1:0'),
         bench.built_go('Go reverb', 'reverb.go')],
        [Row('empty', 'resident memory, no client', 'KiB'),
         Row('bytes_client', 'resident memory a client above that', 'B', 800,
             chart=f'reverb: memory for each of {bench.clients:,} idle clients'),
         Row('bytes_after', 'the same after a line from each and its echoes', 'B', 1000),
         Row('answered', 'every client got its echoes', 'yes', 1)],
        measure_idle)


# --- burst: many lines at once from one client ---

def growth(figures):
    """The power of n with which figures {n: value} grow, by least squares: 1 is linear."""
    points = [(math.log(n), math.log(value)) for n, value in figures.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / sum((x - mean_x) ** 2 for x, _ in points)


def measure_burst(bench, contender):
    seconds, cpu, raw, complete = {}, {}, [], True
    with Server(contender.argv, bench.server_core) as server:
        for lines in BURSTS:
            with Crowd(bench.crowd, bench.client_core, server, 'burst', lines=lines,
                       pid=server.pid) as crowd:
                result = crowd.result()
            raw.append(result)
            seconds[lines] = result['seconds']
            cpu[lines] = result['server_cpu_ns'] / 1e9
            complete = complete and result['every_echo']
    figures = {f'seconds_{lines}': value for lines, value in seconds.items()}
    figures |= {'complete': complete, 'growth': growth(seconds), 'raw': raw}
    if min(cpu.values()) > 0:
        figures |= {f'cpu_{lines}': value / lines for lines, value in cpu.items()}
        figures['cpu_growth'] = growth(cpu)
    return figures


def burst_group(bench):
    rows = [Row('complete', 'all three echoes of each line', 'yes', 1)]
    rows += [Row(f'seconds_{lines}', f'{lines:,} lines, until EOF', 's') for lines in BURSTS]
    rows += [Row('growth', 'time grows as lines to the power', 'x', 1.1)]
    rows += [Row(f'cpu_{lines}', f'CPU a line, {lines:,} lines', 'us')
             for lines in (BURSTS[0], 10000, BURSTS[-1])]
    rows += [Row('cpu_growth', 'CPU grows as lines to the power', 'x')]
    return Group(
        'burst', 'reverb: a burst of lines from one client, delay 10 ms',
        [bench.ours('reverbd', '--print-port', '-q', '--delay', '10ms', '127.0.0.1:0'),
         bench.built_go('Go reverb', 'reverb.go', '-delay', '10ms')],
        rows, measure_burst,
        note='reverbd has 1,000 echoes pending at most (--max-pending), Go\'s knows no limit.')


# Every measurement by its name: each is given the bench and returns its Group.
GROUPS = {'clock': clock_group, 'idle': idle_group, 'burst': burst_group}
