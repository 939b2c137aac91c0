"""Daemons and what stands in front of them, started in a directory of its own.

Proxies listen on Unix-domain sockets and daemons on ports of the kernel's choice, so nothing is fixed.
"""
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import time

PATIENCE = 60  # seconds: a slow machine fails no test


def wait_until(what, done):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


class Daemon:
    """One of ours, on 127.0.0.1."""

    def __init__(self, binary, *options, port=0):
        self.process = subprocess.Popen(
            [binary, "-q", "--print-port", *options, f"127.0.0.1:{port}"],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.address = f"127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def get(path_of_socket, target):
    """Its status; 0 where nothing listens yet."""
    connection = UnixConnection(path_of_socket)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return 0
    finally:
        connection.close()


class Proxy:
    """In front of `servers`, addresses; `front` is its socket."""
    command = ""

    def __init__(self, directory, servers, check=None):
        self.directory = pathlib.Path(directory)
        self.front = self.directory / "front"
        self.configure(servers, check)
        self.process = subprocess.Popen(self.argv(), cwd=directory, stdout=subprocess.DEVNULL,
                                        stderr=open(self.directory / "log", "w"))

    @classmethod
    def installed(cls):
        path = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
        return shutil.which(cls.command, path=path)

    def write(self, name, text):
        (self.directory / name).write_text(text)

    def healthy(self):
        """Whether its own check says so, of all servers; None: it has no check."""

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Haproxy(Proxy):
    command = "haproxy"

    def configure(self, servers, check):
        lines = "".join(f"  server s{i} {a} check inter 100ms fall 2 rise 1\n"
                        for i, a in enumerate(servers))
        self.write("haproxy.cfg", f"""
global
  stats socket {self.directory}/admin
defaults
  mode http
  retries 3
  option redispatch
  timeout connect 30s
  timeout client 60s
  timeout server 60s
frontend front
  bind unix@{self.front}
  default_backend back
backend back
  option httpchk {check or ""}
{lines}""")

    def argv(self):
        return [self.installed(), "-db", "-f", "haproxy.cfg"]

    def healthy(self):
        with socket.socket(socket.AF_UNIX) as admin:
            try:
                admin.connect(f"{self.directory}/admin")
            except OSError:
                return False
            admin.sendall(b"show stat\n")
            stat = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
        rows = [line.split(",") for line in stat.splitlines() if line.startswith("back,s")]
        status = stat.splitlines()[0].split(",").index("check_status")
        return bool(rows) and all(row[17] == "UP" and "L7OK" in row[status] for row in rows)


class Varnish(Proxy):
    command = "varnishd"

    def configure(self, servers, check):
        host, port = servers[0].split(":")
        self.write("default.vcl", f"""vcl 4.1;
backend default {{ .host = "{host}"; .port = "{port}"; .probe = {{ }} }}
sub vcl_recv {{ return (pass); }}
""")

    def argv(self):
        return [self.installed(), "-F", "-n", f"{self.directory}/varnish", "-a", f"{self.front}",
                "-f", f"{self.directory}/default.vcl", "-j", "none"]

    def healthy(self):
        told = subprocess.run(["varnishadm", "-n", f"{self.directory}/varnish", "backend.list"],
                              capture_output=True, text=True, check=False).stdout
        return "healthy" in told and "sick" not in told


class Nginx(Proxy):
    command = "nginx"

    def configure(self, servers, check):
        lines = "".join(f"    server {a};\n" for a in servers)
        self.write("nginx.conf", f"""
daemon off;
pid nginx.pid;
error_log stderr;
events {{ }}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u;
  scgi_temp_path s;
  upstream back {{
{lines}    keepalive 8;
  }}
  server {{
    listen unix:{self.front};
    location / {{ proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_set_header Host $host; }}
  }}
}}
""")

    def argv(self):
        return [self.installed(), "-p", str(self.directory), "-c", f"{self.directory}/nginx.conf"]


class Caddy(Proxy):
    command = "caddy"

    def configure(self, servers, check):
        self.write("Caddyfile", f"""{{
  admin off
  auto_https off
}}
http://localhost {{
  bind unix/{self.front}
  reverse_proxy {" ".join(servers)} {{
    health_uri {check or "/"}
    health_interval 200ms
  }}
}}
""")

    def argv(self):
        os.environ.setdefault("HOME", str(self.directory))
        return [self.installed(), "run", "--config", f"{self.directory}/Caddyfile", "--adapter",
                "caddyfile"]


PROXIES = {proxy.command: proxy for proxy in (Haproxy, Varnish, Nginx, Caddy)}
