"""password: passwordd and a tutorial's Go program under wrk, by what their passwords cost."""

from child import Failed, Server
from http_measurement import run_wrk
from measurement import Group, Row

PASSWORDS = 100  # an answer
CONNECTIONS = 64


def measure_password(bench, contender):
    with Server(contender.argv, bench.server_core) as server:
        run = run_wrk(bench, server, CONNECTIONS, 1, '/password')
    if not run['requests']:
        raise Failed(f'{contender.name}: no answers')
    return {'cpu_password': run['cpu'] / run['requests'] / PASSWORDS,
            'apart': run['seconds'] / run['requests'], 'right': run['errors'] == 0}


def password_group(bench):
    return Group(
        'password', f'passwords: {PASSWORDS} a request, {CONNECTIONS} connections',
        [bench.ours('passwordd', '--print-port', '-q', '127.0.0.1:0').needs('wrk'),
         bench.built_go('Go password', 'password.go').needs('wrk')],
        [Row('cpu_password', 'CPU a password', 'us', 1 / 8, 'Go password',
             chart='passwords: CPU for each'),
         Row('apart', 'time between two answers', 'us'),
         Row('right', 'every answer was 200', 'yes', 1)],
        measure_password)


GROUPS = {'password': password_group}
