#!/usr/bin/env python3
"""torture: each fallible call of each tool fails once, with every error that it can fail with.

  torture.py --bin DIR --preload TORTURED_CALLS [--seconds S] [--seed N] [--jobs N] [--only PATTERN]

Every scenario runs once to count its calls, and then once for each of these and each error. With
--seconds it is a sample that a seed draws, printed at the start. A run may fail, with a sentence; it may
not crash, hang or spin, keep a descriptor, lose a byte with status 0, or acknowledge what is not done.
A finding is printed with the way to repeat it (--only scenario/call:number:error). Exits 1 if there is one.
"""

import argparse
import fnmatch
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import daemon_scenarios
import netcat_scenarios
from errnos import NUMBERS, errors_of, is_survived
from run import Gone, Peer, Run


MOST = 1000


class World:
    """What the runs share."""

    def __init__(self, options):
        self.bin, self.preload = options.bin, options.preload
        self.directory = tempfile.TemporaryDirectory(prefix='torture-')
        self.certificate = Path(self.directory.name) / 'certificate.pem'
        with self.certificate.open('wb') as file:
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                            'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-days', '9',
                            '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', '-', '-out', '-'],
                           check=True, stdout=file, stderr=subprocess.DEVNULL)
        self.redis_port = 0
        self.redis = None
        if shutil.which('redis-server'):
            self.start_redis()

    def start_redis(self):
        with Peer() as one:
            one.bind(('127.0.0.1', 0))
            self.redis_port = one.getsockname()[1]
        self.redis = subprocess.Popen(
            ['redis-server', '--port', str(self.redis_port), '--save', '', '--bind', '127.0.0.1',
             '--dir', self.directory.name], stdout=subprocess.DEVNULL)
        while True:
            try:
                with Peer() as one:
                    return one.connect(('127.0.0.1', self.redis_port))
            except ConnectionRefusedError:
                time.sleep(0.01)

    def close(self):
        if self.redis:
            self.redis.kill()
            self.redis.wait()
        self.directory.cleanup()


class Case:
    """A scenario, and the call of it that fails."""

    def __init__(self, scenario, baseline=None, call='', number=0, error=''):
        self.scenario, self.baseline = scenario, baseline
        self.call, self.number, self.error = call, number, error

    def __str__(self):
        return f'{self.scenario.__name__}/{self.call}:{self.number}:{self.error}'

    def run(self, world):
        fail = f'{self.call}:{self.number}:{NUMBERS[self.error]}' if self.call else ''
        run = Run(world, fail, self.baseline.descriptors if self.baseline else 0)
        try:
            run.done = self.scenario(run)
            run.counted = run.counts()
        finally:
            run.close()
        return run


def lines(run):
    return len(run.stderr.splitlines())


def judge(case, run):
    """What is wrong with it, or nothing."""
    plain = case.baseline
    hit = run.counted.get(case.call, 0) >= case.number
    has_failed = run.status not in (0, plain.status)
    if run.status is None and '_listens_tls' in case.scenario.__name__ and 'alloc' in case.call:
        return None  # an OpenSSL that has failed to begin accepts no client; netcat waits for one
    if run.status is None:
        return 'hangs'
    if case.call.startswith(('libc:', 'hiredis:')) and 'alloc' in case.call and has_failed:
        return None  # nsswitch and hiredis 0.14 do not check what malloc returns
    aborted_by_libuv = case.call.startswith('uv:') and -run.status == signal.SIGABRT
    if aborted_by_libuv and b'aborted in a library' in run.stderr:
        return None
    stopped = -run.status == signal.SIGTERM and lines(run) > lines(plain)  # it was already ending
    if run.status < 0 and has_failed and -run.status != signal.SIGPIPE and not stopped:
        return f'dies of {signal.Signals(-run.status).name}'
    if b'Sanitizer' in run.stderr or b'runtime error' in run.stderr:
        return 'sanitizer'
    if run.wrong:
        return run.wrong
    if sum(run.counted.values()) > 3 * sum(plain.counted.values()) + 2000:
        return f'spins: {run.counted}'
    if not run.done and (not hit or is_survived(case.call, case.error)):
        return f'fails, with status {run.status}'
    if not run.done and run.status == 0 and 'netcat' in case.scenario.__name__:
        return 'exits with 0 and has not done it'
    if not run.served and not has_failed and lines(run) <= lines(plain):
        return 'does not serve later clients'
    if not has_failed and run.descriptors > max(plain.descriptors, 0):
        return f'has {run.descriptors} descriptors, not {plain.descriptors}'
    says_so = lines(run) > 0 or case.call in ('write.pipe', 'send.stream')
    if has_failed and not says_so and -run.status != signal.SIGPIPE:
        return f'says nothing, with status {run.status}'
    if lines(run) > lines(plain) + 4:
        return f'says too much'
    return None


def cases_of(scenario, baseline):
    """All; of a call that is made more than MOST times (malloc in OpenSSL) that many."""
    for call, count in sorted(baseline.counted.items()):
        for number in range(1, count + 1, -(-count // MOST)):
            for error in errors_of(scenario.__name__, call):
                yield Case(scenario, baseline, call, number, error)


def sample(baselines, draw):
    """Endless: every kind of call as often as any other."""
    while True:
        scenario, baseline = draw.choice(baselines)
        call, count = draw.choice(sorted(baseline.counted.items()))
        errors = errors_of(scenario.__name__, call)
        if errors:
            yield Case(scenario, baseline, call, draw.randint(1, count), draw.choice(errors))


def measure(scenario, world):
    """The same three times: what the last counts is what is repeated."""
    descriptors = good = 0
    for _ in range(6):  # a busy machine may spoil some
        baseline = Case(scenario).run(world)
        if baseline.done and baseline.served and not baseline.wrong:
            good += 1
            descriptors = baseline.descriptors = max(descriptors, baseline.descriptors)
        if good == 3:
            break
    else:
        sys.exit(f'torture: {scenario.__name__} fails by itself: status {baseline.status}, '
                 f'done {baseline.done}, served {baseline.served}, '
                 f'{baseline.wrong} {baseline.stderr.decode(errors="replace")}')
    if scenario.__name__.endswith('threads'):
        baseline.descriptors += 1  # a loop has one more when it has served a client
    return scenario, baseline


class Report:
    def __init__(self):
        self.runs = 0
        self.findings = 0

    def add(self, case, run):
        self.runs += 1
        wrong = judge(case, run)
        if wrong:
            self.findings += 1
            text = run.stderr.decode(errors='replace')
            print(f'{case}: {wrong}\n' + ''.join(f'    {line}\n' for line in text.splitlines()[:40]),
                  end='', flush=True)


def play(world, cases, options):
    """Runs them until the time is up; from one generator, so that no more are drawn than run."""
    report = Report()
    end = time.monotonic() + options.seconds if options.seconds else float('inf')

    def work(_):
        while time.monotonic() < end:
            try:
                case = next(cases)
            except StopIteration:
                return
            report.add(case, case.run(world))
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, range(options.jobs)))
    return report


class Locked:
    """A generator that threads share."""

    def __init__(self, iterable):
        import threading
        self.lock = threading.Lock()
        self.iterator = iter(iterable)

    def __next__(self):
        with self.lock:
            return next(self.iterator)


def scenarios(options):
    functions = [function for module in (netcat_scenarios, daemon_scenarios)
                 for name, function in vars(module).items()
                 if name.split('_')[0] in ('netcat', 'clockd', 'reverbd', 'statusd', 'passwordd', 'counterd')]
    pattern = options.only.partition('/')[0].split(':')[0]
    return [one for one in functions if fnmatch.fnmatch(one.__name__, pattern)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--bin', required=True)
    parser.add_argument('--preload', required=True)
    parser.add_argument('--seconds', type=float, default=0)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument('--jobs', type=int, default=4)
    parser.add_argument('--only', default='*')
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    world = World(options)
    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            baselines = list(pool.map(lambda one: measure(one, world), scenarios(options)))
        if options.seconds:
            print(f'seed {options.seed}')
            cases = sample(baselines, random.Random(options.seed))
        else:
            pattern = options.only if '/' in options.only else options.only + '/*'
            cases = (case for one in baselines for case in cases_of(*one)
                     if fnmatch.fnmatch(str(case), pattern))
        report = play(world, Locked(cases), options)
    finally:
        world.close()
    unknown = {call for _, one in baselines for call in one.counted if not errors_of('', call)}
    print(f'{len(baselines)} scenarios, {report.runs} runs, {report.findings} findings')
    if unknown:
        print('not tried:', ' '.join(sorted(unknown)))
    sys.exit(report.findings > 0)


if __name__ == '__main__':
    main()
