"""What the daemons are made to do: a request or a line, later ones, SIGTERM."""

import json
import signal
import socket
import time

from run import Gone, Run, read_all, succeeds


def finish(run, call):
    """Whether the first client is served; run.served: whether a later one is.  Then it is stopped."""
    done = succeeds(call)
    end = time.monotonic() + 10
    while not succeeds(call):
        time.sleep(0.05)
        if run.has_ended() or time.monotonic() > end:
            run.served = False
            break
    run.let_clients_go()
    run.terminate()
    return run.finish() and done


def serve(run, call, tool, *arguments, **how):
    run.start(tool, *arguments, '127.0.0.1:0', '--drain', '20s', **how)
    return finish(run, lambda: call(run.connect(run.port())))


def lines(text):
    """A client that sends the text, half-closes, and reads."""
    def call(peer):
        peer.sendall(text)
        peer.shutdown(socket.SHUT_WR)
        return read_all(peer)
    return call


def request(peer, target, method='GET', body=b'', fields=''):
    """(status, body) of an answer."""
    head = f'{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {len(body)}\r\n\r\n'
    peer.sendall(head.encode() + body)
    data = b''
    while b'\r\n\r\n' not in data:
        piece = peer.recv(65536)
        if not piece:
            raise Gone
        data += piece
    head, _, body = data.partition(b'\r\n\r\n')
    size = int(head.lower().partition(b'content-length:')[2].split()[0])
    while len(body) < size:
        piece = peer.recv(65536)
        if not piece:
            raise Gone
        body += piece
    return int(head.split()[1]), body


# --- clockd, reverbd ---

def clockd(run):
    return serve(run, lambda peer: read_all(peer).count(b'\n') == 2, 'clockd', '--interval', '5ms',
                 '--count', 2, '--time-zone', 'Europe/Berlin', '--format', '%a %H:%M:%S.%3N')


def clockd_once(run):
    run.start('clockd', '--once', '--count', 2, '--interval', '5ms', '-v', '127.0.0.1:0')
    done = succeeds(lambda: read_all(run.connect(run.port())).count(b'\n') == 2)
    return run.finish() and done


def reverbd(run):
    def call(peer):
        return lines(b'Hey\n')(peer) == b'\t HEY\n\t Hey\n\t hey\n'
    return serve(run, call, 'reverbd', '--delay', '2ms')


def reverbd_plain(run):
    def call(peer):
        return lines(b'x' * 300000)(peer) == b'x' * 300000
    return serve(run, call, 'reverbd', '--plain', '-v')


def reverbd_threads(run):
    def call(peer):
        return lines(b'Hey\n')(peer) == b'\t HEY\n'
    return serve(run, call, 'reverbd', '--times', 1, '--delay', '0', '-t', 2)


# --- statusd, passwordd ---

def statusd(run):
    def call(peer):
        return all(request(peer, '/') == (200, b'{"status":"ok"}') for _ in range(2))
    return serve(run, call, 'statusd', '--access-log')


def statusd_routes(run):
    body = run.path / 'body'
    body.write_bytes(b'x' * 100000)

    def call(peer):
        return request(peer, '/x') == (404, b'no\n') and request(peer, '/') == (200, b'x' * 100000)
    return serve(run, call, 'statusd', '--route', '/x=404:no\n', '--body-file', body,
                 '--latency', '1ms', '--write-timeout', '20s')


def statusd_checks(run):
    def call(peer):
        status, _ = request(peer, '/readyz')
        return status in (200, 503)  # the check may not have run yet
    return serve(run, call, 'statusd', '--check', 'true', '--check-every', '200ms')


def statusd_unix(run):
    path = run.path / 'socket'
    run.start('statusd', f'unix:{path}', '--socket-mode', '0600')

    def call():
        return request(run.connect_unix(path), '/')[0] == 200
    return finish(run, call)


def passwordd(run):
    def call(peer):
        status, body = request(peer, '/password?count=50&length=20&charset=hex')
        words = body.split()
        return status == 200 and len(set(words)) == 50 and {len(word) for word in words} == {20}
    return serve(run, call, 'passwordd')


def passwordd_words(run):
    words = run.path / 'words'
    words.write_text(''.join(f'word{i}\n' for i in range(2000)))

    def call(peer):
        status, body = request(peer, '/password?words=4&count=3', fields='Accept: application/json\r\n')
        return status == 200 and b'word' in body
    return serve(run, call, 'passwordd', '--words-file', words)


# --- counterd ---

class Counts:
    """Increments, and remembers how many were acknowledged."""

    def __init__(self, name='n'):
        self.name = name
        self.sent = 0
        self.acknowledged = 0
        self.wrong = ''

    def __call__(self, peer):
        self.sent += 1
        status, body = request(peer, f'/inc?name={self.name}', 'POST')
        self.acknowledged += status == 200
        found, body = request(peer, f'/get?name={self.name}')
        value = int(body.decode().rpartition(':')[2]) if found == 200 else 0
        if found == 200 and not self.acknowledged <= value <= self.sent:
            self.wrong = f'{value} after {self.acknowledged} of {self.sent} were acknowledged'
        return status == 200 and found == 200


def count(run, counts, *arguments):
    done = serve(run, counts, 'counterd', *arguments)
    run.wrong = counts.wrong
    return done


def counterd(run):
    return count(run, Counts(), '--start', 'n=0')


def count_in_file(run, counts):
    """What was acknowledged is found by the next start."""
    path = run.path / 'c.db'
    done = count(run, counts, '--store', path)
    values = {}
    if path.exists():
        text = run.untortured('counterd', '--store', path, '--export')
        values = {one['name']: one['value'] for one in json.loads(text)}
    if not counts.acknowledged <= values.get('n', 0) <= counts.sent:
        run.wrong = f'{values} after {counts.acknowledged} of {counts.sent} were acknowledged'
    return done


def counterd_file(run):
    return count_in_file(run, Counts())


def counterd_file_again(run):
    """The file of one that was killed, with its log."""
    path = run.path / 'c.db'
    first = Run(run.world)
    first.start('counterd', '127.0.0.1:0', '--store', path, tortured=False)
    for _ in range(3):
        request(first.connect(first.port()), '/inc?name=n', 'POST')
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    first.close()
    counts = Counts()
    counts.sent = counts.acknowledged = 3
    return count_in_file(run, counts)


def counterd_redis(run):
    return count(run, Counts(run.path.name), '--store', f'redis://127.0.0.1:{run.redis_port}')


def counterd_statsd(run):
    """Increments come by UDP; a request sees them."""
    run.start('counterd', '127.0.0.1:0', '--statsd', '127.0.0.1:0')
    udp = run.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def call():
        udp.sendto(b'n:1|c\n', ('127.0.0.1', run.port('udp', '07')))
        peer = run.connect(run.port())

        def has_counted():
            time.sleep(0.1)
            return request(peer, '/get?name=n')[0] == 200
        return run.wait_for(has_counted, 5)
    return finish(run, call)


def counterd_imports(run):
    file = run.path / 'list'
    file.write_text('[{"name":"a","value":5},{"name":"b","value":-7}]')
    with open(run.path / 'out', 'wb') as stdout:
        run.start('counterd', '--import', file, '--export', stdout=stdout)
    if not run.finish():
        return False
    out = (run.path / 'out').read_bytes()
    return succeeds(lambda: len(json.loads(out)) == 2)
