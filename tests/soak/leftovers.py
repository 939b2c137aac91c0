"""leftovers: what a process holds, and whether it gives it back."""

import os
import sys
import time
from pathlib import Path

PATIENCE = 60  # seconds, for whatever must happen at last


def memory(pid):
    """KiB."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    sys.exit(f'process {pid} has died')


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def wait_for(what, done):
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f'waited in vain: {what}')
        time.sleep(0.05)
