"""One run of a tool in which one call fails: its process, its peers, and what was seen of it."""

import functools
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

HANG = 30.0  # seconds; however slow the machine is, what takes this long hangs
ROWS, ROW = 384, struct.Struct('<32s6Q')  # as tortured_calls.cc has them
KINDS = ['none', 'file', 'pipe', 'stream', 'datagram', 'other']
TEXT = b''.join(b'line %d of what is sent\n' % i for i in range(1800))  # fits in a pipe


class Gone(Exception):
    """The tool or its peer has ended, or does not do what is waited for."""


@functools.cache
def libuv_in(program):
    """Where a statically linked libuv lies: FIRST-END in hex, for tortured_calls.cc; or nothing."""
    listed = subprocess.run(['nm', '-n', program], capture_output=True, text=True, check=True).stdout
    code = [line.split() for line in listed.splitlines() if line[17:19] in ('T ', 't ')]
    libuv = [i for i, (_, kind, name) in enumerate(code)
             if kind == 'T' and name.startswith('uv_') and name != 'uv_library_shutdown']
    return f'{code[libuv[0]][0]}-{code[libuv[-1] + 1][0]}' if libuv else ''


class Peer(socket.socket):
    """A socket whose calls end."""

    def __init__(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, fileno=None):
        super().__init__(family, kind, fileno=fileno)
        self.settimeout(HANG)


def read_all(peer):
    data = b''
    while piece := peer.recv(65536):
        data += piece
    return data


def succeeds(function, *arguments):
    """What it returns; False if anything is lost on the way."""
    try:
        return bool(function(*arguments))
    except (OSError, Gone, ValueError, IndexError):
        return False


class Run:
    """`fail` is tortured_calls.cc's TORTURE_FAIL, `world` what all runs share."""

    def __init__(self, world, fail='', expected_descriptors=0):
        self.bin, self.preload = Path(world.bin), world.preload
        self.world = world
        self.certificate, self.redis_port = world.certificate, world.redis_port
        self.fail = fail
        self.directory = tempfile.TemporaryDirectory(prefix='torture-')
        self.path = Path(self.directory.name)
        self.process = None
        self.pidfd = -1
        self.status = None  # None: it did not end by itself
        self.stderr = b''
        self.expected_descriptors = expected_descriptors
        self.descriptors = 0  # that it had when its clients had left
        self.served = True
        self.wrong = ''  # what a scenario finds
        self.opened = []

    def start(self, tool, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=(),
              tortured=True):
        counts = self.path / 'counts'
        counts.write_bytes(bytes(ROWS * ROW.size))
        environment = dict(os.environ, TORTURE_COUNTS=str(counts), LD_PRELOAD=self.preload,
                           TORTURE_FAIL=self.fail or '.none:0:0', **dict(env))
        environment['TORTURE_LIBUV'] = libuv_in(self.bin / tool)
        if not tortured:
            del environment['LD_PRELOAD']
        environment['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        self.process = subprocess.Popen([self.bin / tool, *map(str, arguments)], stdin=stdin,
                                        stdout=stdout, stderr=subprocess.PIPE, env=environment)
        self.pidfd = os.pidfd_open(self.process.pid)

    def untortured(self, tool, *arguments):
        return subprocess.run([self.bin / tool, *map(str, arguments)], check=True, timeout=HANG,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout

    # --- peers ---

    def has_ended(self):
        return bool(select.select([self.pidfd], [], [], 0)[0])

    def wait_for(self, condition, seconds=HANG):
        """What `condition` returns as soon as that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            if select.select([self.pidfd], [], [], 0.002)[0]:
                break
        raise Gone

    def port(self, protocol='tcp', state='0A'):
        """The port that it listens on, from the kernel: what the tool prints may be what fails."""
        def find():
            directory = f'/proc/{self.process.pid}/fd'
            links = {os.readlink(f'{directory}/{fd}') for fd in os.listdir(directory)}
            for line in Path(f'/proc/net/{protocol}').read_text().splitlines()[1:]:
                fields = line.split()
                if f'socket:[{fields[9]}]' in links and fields[3] == state:
                    return int(fields[1].partition(':')[2], 16)
            return 0
        return self.wait_for(lambda: succeeds(find) and find())

    def keep(self, one):
        self.opened.append(one)
        return one

    def connect(self, port):
        peer = self.keep(Peer())
        peer.connect(('127.0.0.1', port))
        return peer

    def connect_unix(self, path):
        """As soon as it listens."""
        peer = self.keep(Peer(socket.AF_UNIX))
        self.wait_for(lambda: peer.connect_ex(str(path)) == 0)
        return peer

    def listener(self, kind=socket.SOCK_STREAM):
        one = self.keep(Peer(kind=kind))
        one.bind(('127.0.0.1', 0))
        if kind == socket.SOCK_STREAM:
            one.listen()
        return one, one.getsockname()[1]

    def readable(self, peer):
        """Waits for something to read or to accept, or for the tool's end."""
        ready, _, _ = select.select([peer, self.pidfd], [], [], HANG)
        if peer not in ready:
            raise Gone
        return peer

    def accept(self, listener):
        fd, _ = self.readable(listener)._accept()
        return self.keep(Peer(listener.family, fileno=fd))

    # --- the end ---

    def let_clients_go(self):
        """Then a daemon has no more descriptors than in a run in which nothing fails."""
        for one in self.opened:
            one.close()
        directory = f'/proc/{self.process.pid}/fd'

        def has_let_go():
            self.descriptors = len(os.listdir(directory))
            return self.descriptors <= self.expected_descriptors or time.monotonic() > end
        end = time.monotonic() + (5 if self.expected_descriptors else 0.05)
        succeeds(self.wait_for, has_let_go)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def finish(self):
        """Waits for its end; False if there is none."""
        try:
            _, self.stderr = self.process.communicate(timeout=HANG)
            self.status = self.process.returncode
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, self.stderr = self.process.communicate()
        return self.status is not None

    def counts(self):
        """{call.kind: how often}."""
        found = {}
        for name, *numbers in ROW.iter_unpack((self.path / 'counts').read_bytes()):
            for kind, number in zip(KINDS, numbers):
                if number:
                    key = name.rstrip(b'\0').decode() + '.' + kind
                    found[key] = found.get(key, 0) + number
        return found

    def close(self):
        for one in self.opened:
            one.close()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.directory.cleanup()
