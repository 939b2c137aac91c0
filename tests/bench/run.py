#!/usr/bin/env python3
"""run: measures our tools and their peers side by side and prints Markdown tables.

  run.py [GROUP...] [--bin DIR] [--build DIR] [--rounds 5] [--clients 16000] [--mebibytes 512]
         [--against FILE] [--json FILE] [--report DIR]

First it prints what got worse since the result in the tree (or in FILE), then the tables, and last
how long each group took. With --report, DIR/result.md gets the same tables, with the machine and a
chart, DIR/result.svg.

Each round runs every contender once, in an order that rotates; a table shows medians over the
rounds with their range, and a ratio is the median of the rounds' ratios. Each server has the first
core, the load the second. Nothing is asserted: a target that is missed is a word in a table.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import bulk  # noqa: E402
import compare  # noqa: E402
import counter_measurement  # noqa: E402
import datagrams  # noqa: E402
import http_measurement  # noqa: E402
import measurement  # noqa: E402
import netcat_measurement  # noqa: E402
import password  # noqa: E402
import program  # noqa: E402
import report  # noqa: E402
import tls  # noqa: E402
from child import Failed, descriptors_max  # noqa: E402
from measurement import Contender  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GROUPS = (netcat_measurement.GROUPS | bulk.GROUPS | datagrams.GROUPS | tls.GROUPS | program.GROUPS |
          measurement.GROUPS | http_measurement.GROUPS | password.GROUPS |
          counter_measurement.GROUPS)
ROUNDS_MIN = 3  # fewer have no spread to speak of
SPARE_DESCRIPTORS = 64  # of a server, besides its clients'


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """The settings of one run, and where its programs are."""

    def __init__(self, options):
        self.bin = Path(options.bin).resolve()
        self.made = Path(options.build).resolve()
        self.seconds = options.seconds
        self.mebibytes = options.mebibytes
        self.bulk_file = None
        self.notes = []
        cores = sorted(os.sched_getaffinity(0))
        self.server_core, self.client_core = cores[0], cores[1 % len(cores)]
        if len(cores) == 1:
            self.notes.append('one core only: server and load share it')
        self.clients = self.clients_possible(options.clients)
        self.crowd = str(self.made / 'bench_crowd')
        if not Path(self.crowd).exists():
            sys.exit(f'run.py: {self.crowd}: no such file: first build the target bench_programs')

    def clients_possible(self, wanted):
        low, high = map(int, Path('/proc/sys/net/ipv4/ip_local_port_range').read_text().split())
        possible = min(wanted, descriptors_max() - SPARE_DESCRIPTORS, high - low + 1)
        if possible < wanted:
            self.notes.append(f'{possible} clients instead of {wanted}: the hard limit is '
                              f'{descriptors_max()} descriptors, the local ports {low}-{high}')
        return possible

    def ours(self, name, *arguments):
        program = self.bin / name
        missing = '' if program.exists() else f'{program}: not found, skipped'
        return Contender(name, [str(program), *arguments], missing)

    def built(self, name, target, *arguments):
        program = self.made / target
        missing = '' if program.exists() else f'{program}: not built, skipped'
        return Contender(name, [str(program), *arguments], missing)

    def bare(self, name, target, *arguments):
        """A program that does one thing and nothing else."""
        contender = self.built(name, target, *arguments)
        contender.is_limit = True
        return contender

    def ring(self, mode):
        """The bare server on io_uring, for which the build needs liburing-dev."""
        return self.bare('bare ring', 'bench_bare_ring', mode)

    def built_go(self, name, source, *arguments):
        """A Go program of this folder, compiled when there is a compiler."""
        if not shutil.which('go'):
            return Contender(name, missing='go: not found, skipped (apt: golang-go)')
        program = self.made / f'bench_go_{Path(source).stem}'
        environment = os.environ | {'GOCACHE': str(self.made / 'go-cache'), 'GO111MODULE': 'off'}
        done = subprocess.run(['go', 'build', '-o', str(program), str(HERE / source)],
                              env=environment, stdout=sys.stderr, check=False)
        missing = f'{source}: go build failed, skipped' if done.returncode else ''
        return Contender(name, [str(program), *arguments], missing)

    def installed(self, name, package, *arguments):
        missing = '' if shutil.which(name) else f'{name}: not found, skipped (apt: {package})'
        return Contender(name, [name, *arguments], missing)


# --- measuring ---

def measure(bench, group, rounds):
    """{contender: its figures, a dictionary a round (empty where it failed)}"""
    present = [contender for contender in group.contenders if not contender.missing]
    figures = {contender.name: [{} for _ in range(rounds)] for contender in present}
    for number in range(rounds):
        shift = number % max(1, len(present))
        for contender in present[shift:] + present[:shift]:
            say(f'{group.name}: round {number + 1}/{rounds}: {contender.name}')
            try:
                figures[contender.name][number] = group.measure(bench, contender)
            except (Failed, OSError, ValueError) as why:  # it may have died at any moment
                say(f'{group.name}: {why}')
                bench.notes.append(f'{group.name}, round {number + 1}: {why}')
    return figures


def parse_options():
    parser = argparse.ArgumentParser(description='Measures our tools against their peers.')
    release = ROOT / 'build' / 'release'
    parser.add_argument('--bin', default=release / 'bin', help='where our tools are')
    parser.add_argument('--build', default=release / 'tests' / 'bench',
                        help='where the target bench_programs is; Go peers are built there')
    parser.add_argument('groups', nargs='*', default=list(GROUPS), choices=[*GROUPS, list(GROUPS)],
                        metavar='GROUP',
                        help='all, or some of: ' + ', '.join(GROUPS))
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--clients', type=int, default=16000)
    parser.add_argument('--seconds', type=float, default=3, help='of steady ticks that are counted')
    parser.add_argument('--mebibytes', type=int, default=512, help='of bulk data at once')
    parser.add_argument('--against', type=Path, default=HERE / 'result.md', metavar='FILE',
                        help='the result to compare with')
    parser.add_argument('--json', help='write every figure of every round to this file')
    parser.add_argument('--report', metavar='DIR', help='write result.md and result.svg there')
    return parser.parse_args()


def end_by(number, _):
    sys.exit(128 + number)  # unwinds the with blocks: no server stays behind


def measure_groups(bench, names, rounds):
    """The groups, the figures of each by its name, and a line about the time of each."""
    groups, everything, times = [], {}, []
    for name in names:
        begin, before = time.monotonic(), os.times()
        try:
            groups.append(GROUPS[name](bench))
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as why:
            bench.notes.append(f'{name}: {why}')
            continue
        everything[name] = measure(bench, groups[-1], rounds)
        seconds, cpu = time.monotonic() - begin, sum(os.times()[:4]) - sum(before[:4])
        times.append(f'{name:16} {seconds:6.1f} s, {cpu:6.1f} s of CPU')
    return groups, everything, times


def comparison(against, result, rounds):
    if rounds < ROUNDS_MIN:
        return f'Not compared: fewer than {ROUNDS_MIN} rounds have no spread.'
    if not against.exists():
        return f'Not compared: {against}: no such file.'
    lines = compare.compare(compare.rows(against.read_text()), compare.rows(result))
    return '\n'.join([f'Beside {against}:', *lines])


def main():
    options = parse_options()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end_by)
    bench = Bench(options)
    setting, begin = report.setting(options.rounds), time.monotonic()
    groups, everything, times = measure_groups(bench, options.groups, options.rounds)
    result = report.text(setting, groups, everything, bench.notes)
    print(comparison(options.against, result, options.rounds))
    print(f'\n{result}\n' + '\n'.join(times) + f'\nAll: {time.monotonic() - begin:.0f} s.')
    if options.report:
        report.write(options.report, result, groups, everything)
    if options.json:
        Path(options.json).write_text(json.dumps(everything, indent=1))


if __name__ == '__main__':
    main()
