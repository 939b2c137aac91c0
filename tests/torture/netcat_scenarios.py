"""What netcat is made to do: one short connection, or what it has in place of one."""

import os
import socket
import ssl
import struct

from run import Gone, Peer, TEXT, read_all, succeeds


# --- standard input and output, and the peer's side ---

def start(run, *arguments, piped=False, env=()):
    """With TEXT as its input: a file, and another for the output; or pipes."""
    if piped:
        stdin, write_end = os.pipe()
        os.write(write_end, TEXT)
        os.close(write_end)
        output, stdout = os.pipe()
    else:
        (run.path / 'in').write_bytes(TEXT)
        stdin = os.open(run.path / 'in', os.O_RDONLY)
        stdout = os.open(run.path / 'out', os.O_WRONLY | os.O_CREAT)
        output = os.open(run.path / 'out', os.O_RDONLY)
    run.output = run.keep(open(output, 'rb'))
    try:
        run.start('netcat', *arguments, stdin=stdin, stdout=stdout, env=env)
    finally:
        os.close(stdin)
        os.close(stdout)


def answer(peer):
    """Reads all that netcat sends, and sends the same."""
    data = read_all(peer)
    peer.sendall(TEXT)
    if isinstance(peer, ssl.SSLSocket):
        peer.unwrap()
    else:
        peer.shutdown(socket.SHUT_WR)
    return data == TEXT


def finish(run, sent, output=TEXT):
    ended = run.finish()
    return run.output.read() == output and sent and ended


def connect(run, *arguments, prepare=lambda peer: peer, **how):
    listener, port = run.listener()
    start(run, *arguments, '127.0.0.1', port, **how)
    return finish(run, succeeds(lambda: answer(prepare(run.accept(listener)))))


def listen(run, *arguments, prepare=lambda peer: peer, **how):
    """After a failed handshake it waits for the next client."""
    start(run, '-l', '127.0.0.1', 0, *arguments, **how)

    def call():
        return succeeds(lambda: answer(prepare(run.connect(run.port()))))
    return finish(run, call() or call())


# --- one connection ---

def netcat_files(run):
    return connect(run)


def netcat_pipes(run):
    return connect(run, '-w', '20', piped=True)


def netcat_copies(run):
    return connect(run, '-v', piped=True, env={'NETCAT_COPY': '1'})


def name_of_loopback():
    """A name that netcat does not know by itself; "127.1" is one for getaddrinfo(3) alone."""
    try:
        name = socket.gethostname()
        return name if socket.gethostbyname(name).startswith('127.') else '127.1'
    except OSError:
        return '127.1'


def netcat_looks_up(run):
    listener, port = run.listener()
    start(run, '-4', '-w', '20', name_of_loopback(), port)
    return finish(run, succeeds(lambda: answer(run.accept(listener))))


def netcat_logs(run):
    log = run.path / 'log'
    done = connect(run, '--json', '--progress', '--rate', '10M', '-o', log)
    return done and log.stat().st_size > 2 * len(TEXT)


def netcat_translates(run):
    """Line ends and telnet negotiations."""
    def negotiate(peer):
        peer.sendall(b'\xff\xfd\x01' + TEXT)
        peer.shutdown(socket.SHUT_WR)
        data = read_all(peer).replace(b'\xff\xfc\x01', b'')  # the answer, unless its end came first
        return data == TEXT.replace(b'\n', b'\r\n')
    listener, port = run.listener()
    start(run, '-C', '-t', '--half-open', '127.0.0.1', port)
    return finish(run, succeeds(lambda: negotiate(run.accept(listener))))


def netcat_listens(run):
    return listen(run, '-v', '--allow', '127.0.0.0/8', '-w', '20')


def netcat_listens_piped(run):
    return listen(run, '--port-file', run.path / 'port', piped=True)


def netcat_unix(run):
    listener = run.keep(Peer(socket.AF_UNIX))
    listener.bind(str(run.path / 'socket'))
    listener.listen()
    start(run, '-U', run.path / 'socket')
    return finish(run, succeeds(lambda: answer(run.accept(listener))))


def netcat_listens_unix(run):
    path = run.path / 'socket'
    start(run, '-l', '-U', path)
    return finish(run, succeeds(lambda: answer(run.connect_unix(path))))


def netcat_passes_fd(run):
    """The socket comes out of standard output."""
    ours, theirs = socket.socketpair()
    run.keep(ours).settimeout(20)
    listener, port = run.listener()
    run.start('netcat', '-F', '127.0.0.1', port, stdout=theirs)
    theirs.close()

    def take():
        peer = run.accept(listener)
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        with socket.socket(fileno=fds[0]) as passed:
            passed.sendall(TEXT)
        return read_all(peer) == TEXT
    done = succeeds(take)
    return run.finish() and done


def netcat_tls(run):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(run.certificate)
    return connect(run, '--tls', '--tls-ca', run.certificate, piped=True,
                   prepare=lambda peer: run.keep(context.wrap_socket(peer, server_side=True)))


def netcat_listens_tls(run):
    context = ssl.create_default_context(cafile=run.certificate)
    return listen(run, '--tls', '--tls-cert', run.certificate, prepare=lambda peer: run.keep(
        context.wrap_socket(peer, server_hostname='127.0.0.1')))


def netcat_listens_tls_self_signed(run):
    context = ssl._create_unverified_context()
    return listen(run, '--tls', prepare=lambda peer: run.keep(context.wrap_socket(peer)))


def read_exactly(peer, size):
    data = b''
    while len(data) < size:
        piece = peer.recv(size - len(data))
        if not piece:
            raise Gone
        data += piece
    return data


def netcat_socks(run):
    """Through a proxy, which is the destination, too."""
    def greet(peer):
        if read_exactly(peer, 3) != b'\5\1\0':
            raise Gone
        peer.sendall(b'\5\0')
        read_exactly(peer, 10)
        peer.sendall(b'\5\0\0\1\0\0\0\0\0\0')
        return peer
    listener, port = run.listener()
    start(run, '-N', '-x', f'127.0.0.1:{port}', '192.0.2.1', 80)
    return finish(run, succeeds(lambda: answer(greet(run.accept(listener)))))


def netcat_http_proxy(run):
    def greet(peer):
        data = b''
        while not data.endswith(b'\r\n\r\n'):
            data += read_exactly(peer, 1)
        peer.sendall(b'HTTP/1.1 200 yes\r\n\r\n')
        return peer
    listener, port = run.listener()
    start(run, '-N', '-x', f'http://127.0.0.1:{port}', 'there.invalid', 80, piped=True)
    return finish(run, succeeds(lambda: answer(greet(run.accept(listener)))))


# --- programs, many clients ---

def echoed(peer):
    peer.sendall(TEXT)
    peer.shutdown(socket.SHUT_WR)
    return read_all(peer) == TEXT


def netcat_runs(run):
    run.start('netcat', '-l', '127.0.0.1', 0, '-e', 'cat')
    done = succeeds(lambda: echoed(run.connect(run.port())))
    return run.finish() and done


def netcat_runs_through_pipes(run):
    listener, port = run.listener()
    run.start('netcat', '127.0.0.1', port, '-c', 'exec cat', '-o', run.path / 'log')
    done = succeeds(lambda: echoed(run.accept(listener)))
    return run.finish() and done


def serves(run, call):
    """A first client, and later ones; then a signal ends it."""
    def again():
        return succeeds(lambda: call(run.connect(run.port())))
    done = again()
    run.served = done or again() or again()
    run.let_clients_go()
    run.terminate()
    return run.finish() and done


def netcat_runs_for_all(run):
    run.start('netcat', '-l', '-k', '127.0.0.1', 0, '-e', 'cat')
    return serves(run, echoed)


def netcat_hub(run):
    """The first client gets the input; what clients send comes out."""
    def call(peer):
        peer.sendall(TEXT)
        peer.shutdown(socket.SHUT_WR)
        return not read_all(peer) or True
    start(run, '-l', '-k', '127.0.0.1', 0)
    done = serves(run, call)
    return (run.path / 'out').read_bytes() == TEXT and done


# --- datagrams, scans ---

def netcat_udp(run):
    peer, port = run.listener(socket.SOCK_DGRAM)
    (run.path / 'in').write_bytes(b'question\n')
    with open(run.path / 'in', 'rb') as stdin, open(run.path / 'out', 'wb') as stdout:
        run.start('netcat', '-u', '-W', 1, '-w', 20, '127.0.0.1', port, stdin=stdin, stdout=stdout)

    def reply():
        data, address = run.readable(peer).recvfrom(100)
        peer.sendto(b'answer\n', address)
        return data == b'question\n'
    done = succeeds(reply)
    return run.finish() and done and (run.path / 'out').read_bytes() == b'answer\n'


def netcat_listens_udp(run):
    peer = run.keep(Peer(kind=socket.SOCK_DGRAM))
    with open(run.path / 'out', 'wb') as stdout:
        run.start('netcat', '-u', '-l', '-W', 2, '-w', 20, '127.0.0.1', 0, stdout=stdout)

    def send():
        where = ('127.0.0.1', run.port('udp', '07'))
        peer.sendto(b'one\n', where)
        peer.sendto(b'two\n', where)
        return True
    done = succeeds(send)
    return run.finish() and done and (run.path / 'out').read_bytes() == b'one\ntwo\n'


def netcat_scans(run):
    """The first port is open, the second is not."""
    _, port = run.listener()
    run.start('netcat', '-z', '-v', '-n', '127.0.0.1', port, 1)
    ended = run.finish()
    return ended and run.status == 0
