#!/usr/bin/env python3
"""nginx FOLDER: the peer of our HTTP servers as it is deployed, with one worker and a fixed answer.

Writes its files to FOLDER, prints its port and becomes nginx, which inherits the listening socket as
it would from an nginx that is being upgraded.
"""

import os
import shutil
import socket
import sys
from pathlib import Path

CONFIG = '''
daemon off; worker_processes 1;
pid {folder}/pid; error_log {folder}/errors crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type "text/plain; charset=utf-8";
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "Hello\\n"; }} }}
}}
'''


def main():
    listener = socket.create_server(('127.0.0.1', 0), backlog=4096)
    listener.setblocking(False)  # nginx takes it as it is
    os.set_inheritable(listener.fileno(), True)
    port = listener.getsockname()[1]
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / 'nginx.conf'
    config.write_text(CONFIG.format(folder=folder, port=port))
    print(port, flush=True)
    os.environ['NGINX'] = f'{listener.fileno()};'
    program = shutil.which('nginx') or '/usr/sbin/nginx'
    os.execv(program, [program, '-e', str(folder / 'errors'), '-p', str(folder), '-c', str(config)])


if __name__ == '__main__':
    main()
