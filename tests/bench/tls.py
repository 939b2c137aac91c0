"""tls: what TLS costs: a GiB each way, and a connection's start.

The other end is a bare program (bare_tls.cc) on another core, and the limit is the same program in
the tool's place: poll, memory BIOs, 128 KiB at a time.
"""

import subprocess
import tempfile
import time
from pathlib import Path

import bulk
from child import Failed, prepare
from measurement import Group, Row

LIMIT = 'bare TLS'
STARTS = 40  # connections in a round
COMMANDS = {
    'netcat': ('{program} --tls --tls-verify no 127.0.0.1 {port}',
               '{program} --tls --tls-verify no -d 127.0.0.1 {port}'),
    'ncat': ('{program} --ssl --send-only 127.0.0.1 {port}',
             '{program} --ssl --recv-only 127.0.0.1 {port}'),
    'socat': ('{program} -u -b131072 STDIN OPENSSL:127.0.0.1:{port},verify=0',
              '{program} -u -b131072 OPENSSL:127.0.0.1:{port},verify=0 STDOUT'),
    'openssl': ('{program} s_client -quiet -no_ign_eof -nocommands -connect 127.0.0.1:{port}',
                '{program} s_client -quiet -nocommands -connect 127.0.0.1:{port}'),
    LIMIT: ('{program} send {port}', '{program} receive {port}'),
}


class TlsTransfer(bulk.Transfer):
    def peer(self, *words):
        argv = [str(self.bench.made / 'bench_bare_tls'), words[0], self.bench.pem, *words[1:]]
        return self.start(self.bench.client_core, argv, stdout=subprocess.PIPE)

    def run(self, direction, port, **ends):
        words = COMMANDS[self.contender.name][direction]
        argv = words.format(program=self.contender.argv[0], port=port).split()
        return self.start(self.bench.server_core, argv, **ends)


def up(transfer):
    with open(f'/proc/self/fd/{transfer.bench.bulk_file.fileno()}', 'rb') as data:
        sink = transfer.peer('sink')
        tool = transfer.run(0, bulk.number_from(sink), stdin=data)
        seconds = transfer.a_gib(tool)
        transfer.complete(sink)
        return seconds


def down(transfer):
    source = transfer.peer('source', str(transfer.bytes))
    return transfer.a_gib(transfer.run(1, bulk.number_from(source)))


def measure_tls(bench, contender):
    figures = {}
    for name, run in (('up', up), ('down', down)):
        try:
            with TlsTransfer(bench, contender, bench.mebibytes << 20) as transfer:
                figures[name] = run(transfer)
        except (Failed, OSError, ValueError) as why:
            bench.notes.append(f'tls, {name}: {why}')
    return figures


def measure_tls_start(bench, contender):
    """The time of a client from its start to its end, with and without TLS."""
    argv = [str(bench.made / 'bench_bare_tls'), 'accept', bench.pem]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          preexec_fn=prepare(bench.client_core)) as server:
        try:
            port = int(server.stdout.readline())
            command = [word.format(port=port) for word in contender.argv]
            began = time.monotonic()
            for _ in range(STARTS):
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=True,
                               preexec_fn=prepare(bench.server_core))
            return {'start': (time.monotonic() - began) / STARTS}
        finally:
            server.kill()


def prepare_certificate(bench):
    """A certificate with its key, for as long as the benchmark runs."""
    bench.pem_folder = tempfile.TemporaryDirectory()
    folder = Path(bench.pem_folder.name)
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-days', '30',
                    '-keyout', folder / 'key', '-out', folder / 'cert'],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bench.pem = str(folder / 'both')
    Path(bench.pem).write_text((folder / 'cert').read_text() + (folder / 'key').read_text())


def tls_group(bench):
    prepare_certificate(bench)
    bench.bulk_file = bench.bulk_file or bulk.cached_file(bench.mebibytes << 20)
    contenders = [bench.ours('netcat'), bench.installed('ncat', 'ncat'),
                  bench.installed('socat', 'socat'), bench.installed('openssl', 'openssl'),
                  bench.bare(LIMIT, 'bench_bare_tls')]
    return Group(
        'tls', f'tls: CPU for a GiB, {bench.mebibytes} MiB over loopback', contenders,
        [Row('up', 'a file to a socket', 's', 1.15, LIMIT, chart='nc --tls: CPU for a GiB up'),
         Row('down', 'a socket to /dev/null', 's', 1.15, LIMIT,
             chart='nc --tls: CPU for a GiB down')],
        measure_tls)


def tls_start_group(bench):
    prepare_certificate(bench)
    with_tls = bench.ours('netcat', '-z', '--tls', '--tls-verify', 'no', '127.0.0.1', '{port}')
    with_tls.name = 'netcat --tls'
    plain = bench.ours('netcat', '-z', '127.0.0.1', '{port}')
    others = [bench.installed(name, name) for name in ('ncat', 'socat', 'openssl')]
    others.append(bench.bare(LIMIT, 'bench_bare_tls'))
    for other in others:
        other.argv = COMMANDS[other.name][0].replace('{program}', other.argv[0]).split()
    return Group(
        'tls-start', f'tls-start: a connection and its handshake, {STARTS} times a round',
        [with_tls, plain, *others],
        [Row('start', 'from the start of a client to its end', 'ms', 2.5, 'netcat')],
        measure_tls_start)


GROUPS = {'tls': tls_group, 'tls-start': tls_start_group}
