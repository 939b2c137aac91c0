"""A shell session that is fed line by line, in a network of its own, so that ports can be fixed."""

import os
import re
import select
import signal
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds for one command: sanitizers and busy machines fit in


def namespace_works():
    """Whether this process may have a network of its own."""
    command = ["unshare", "-rn", "ip", "link", "set", "lo", "up"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Console:
    """bash with the tools in front of PATH, in a directory and a network that go away with it."""

    def __init__(self, bin_dir):
        self.directory = tempfile.TemporaryDirectory()
        env = dict(os.environ, PATH=os.path.abspath(bin_dir) + ":" + os.environ["PATH"], LC_ALL="C.UTF-8", PS1="")
        env.pop("NOTIFY_SOCKET", None)
        self.reader, writer = os.pipe()
        # The commands come by descriptor 3; standard input is as silent as a terminal.
        self.process = subprocess.Popen(
            ["unshare", "-rn", "--kill-child", "bash", "--norc", "-c",
             "ip link set lo up; exec bash --norc /dev/fd/3 3<&0 < <(sleep infinity)"],
            stdin=subprocess.PIPE, stdout=writer, stderr=writer, env=env,
            cwd=self.directory.name, start_new_session=True)
        os.close(writer)
        self.marks = 0
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        os.close(self.reader)
        self.directory.cleanup()

    def run(self, command, lines=0):
        """What `command` prints until it has ended and at least so many lines are there."""
        self.marks += 1
        mark = f"-- {self.marks} --\n"
        self.process.stdin.write(f"{command}\nstatus=$?; echo '{mark.strip()}'; (exit $status)\n".encode())
        self.process.stdin.flush()
        end = time.monotonic() + PATIENCE
        while True:
            text = self.text.decode(errors="replace")
            before, found, after = text.partition(mark)
            if found and (before + after).count("\n") >= lines:
                self.text = b""
                return before + after
            ready, _, _ = select.select([self.reader], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{command}: after {PATIENCE} s there is only: {text!r}")
            self.text += os.read(self.reader, 65536)


def normalized(text):
    """Without what differs from run to run, the time of day, and with plain line ends."""
    return re.sub(r"\d\d:\d\d:\d\d", "15:04:05", text.replace("\r\n", "\n"))
