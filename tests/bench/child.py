"""child: a process on one core that never outlives the benchmark.

Child is any program, Server one that prints its port when it is ready, Crowd the load client.
All are context managers: leaving the block ends and reaps the process, whatever happened in it.
"""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import tempfile

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A measurement that could not be made, and why."""


def descriptors_max():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def prepare(*cores):
    """What a child does before its exec: its cores, its limit, its end with ours."""
    def in_child():
        os.sched_setaffinity(0, cores)
        hard = descriptors_max()
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return in_child


class Child:
    def __init__(self, argv, *cores, stdin=subprocess.DEVNULL):
        self.argv = argv
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=self.errors, preexec_fn=prepare(*cores))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process = self.process
        try:
            if process.stdin:
                process.stdin.close()
            if process.poll() is None:
                process.terminate()
                process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            self.errors.close()

    def line(self, seconds):
        """The next line of its stdout, or Failed with what it said instead."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        text = self.process.stdout.readline().decode() if ready else ''
        if text:
            return text
        name = os.path.basename(self.argv[0])
        if not ready:
            raise Failed(f'{name}: silent for {seconds} s')
        status = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors='replace').strip().splitlines() or ['']
        raise Failed(f'{name}: ended with status {status}: {said[0]}')


class Server(Child):
    """A server under test: ready, and its port known, when the constructor returns."""

    def __init__(self, argv, core):
        super().__init__(argv, core)
        try:
            self.port = int(self.line(10))
        except BaseException:
            self.__exit__()
            raise

    @property
    def pid(self):
        return self.process.pid

    def resident_bytes(self):
        """Its resident set. VmRSS lags behind by some pages a core, smaps_rollup is exact."""
        for path, key in (('smaps_rollup', 'Rss:'), ('status', 'VmRSS:')):
            try:
                with open(f'/proc/{self.pid}/{path}', encoding='ascii', errors='replace') as lines:
                    for line in lines:
                        if line.startswith(key):
                            return int(line.split()[1]) * 1024
            except FileNotFoundError:
                continue
        raise Failed(f'{self.argv[0]}: no resident memory (has it ended?)')

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))


class Crowd(Child):
    """The load client, see crowd.cc. It keeps its connections until the block ends."""

    def __init__(self, program, core, server, mode, **options):
        argv = [program, f'127.0.0.1:{server.port}', mode]
        for name, value in options.items():
            argv += [f'--{name}', str(value)]
        super().__init__(argv, core, stdin=subprocess.PIPE)

    def tell(self):
        """See crowd.cc: the idle clients say a line each, and there is another result."""
        self.process.stdin.write(b'\n')
        self.process.stdin.flush()

    def result(self, seconds=150):
        return json.loads(self.line(seconds))
