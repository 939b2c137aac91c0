#!/usr/bin/env python3
"""redis: the peer of counterd, in memory alone. Prints its port when it accepts connections."""

import os
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from child import prepare  # noqa: E402


def main():
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    argv = ['redis-server', '--bind', '127.0.0.1', '--port', str(port), '--save', '',
            '--appendonly', 'no', '--loglevel', 'warning']
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL,
                          preexec_fn=prepare(min(os.sched_getaffinity(0)))) as redis:
        for _ in range(200):
            try:
                socket.create_connection(('127.0.0.1', port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        print(port, flush=True)
        sys.stdout.close()
        redis.wait()


main()
