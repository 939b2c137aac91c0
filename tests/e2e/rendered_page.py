#!/usr/bin/env python3
"""rendered_page.py BROWSER PROFILE URL TEXT - a page's body, once it contains TEXT.

Drives headless Chromium through its debugging pipe (descriptors 3 and 4, messages that end with a
zero byte), because --dump-dom does not wait for what a page does after it has loaded.
"""
import fcntl
import json
import os
import subprocess
import sys

browser, profile, url, text = sys.argv[1:]
os.makedirs(profile, exist_ok=True)
high = lambda ends: [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
to_read, to_write = high(os.pipe())
from_read, from_write = high(os.pipe())
os.dup2(to_read, 3)
os.dup2(from_write, 4)
chromium = subprocess.Popen(
    [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
     "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
     "--user-data-dir=" + profile, "--remote-debugging-pipe"],
    pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    env=dict(os.environ, TMPDIR=profile))  # whatever it leaves behind goes away with the profile
answers = os.fdopen(from_read, "rb")
number, rest = 0, b""


def ask(method, session=None, **params):
    """The result of one command; empty if it failed, as while the page still loads."""
    global number, rest
    number += 1
    message = {"id": number, "method": method, "params": params}
    if session:
        message["sessionId"] = session
    os.write(to_write, json.dumps(message).encode() + b"\0")
    while True:
        while b"\0" not in rest:
            more = answers.read1(65536)
            if not more:
                raise OSError("the browser has exited")
            rest += more
        answer, rest = rest.split(b"\0", 1)
        answer = json.loads(answer)
        if answer.get("id") == number:
            return answer.get("result", {})


target = ask("Target.createTarget", url=url)["targetId"]
session = ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
body = ""
while text not in body:  # the caller's patience is the limit
    found = ask("Runtime.evaluate", session, returnByValue=True, awaitPromise=True, expression=
                "new Promise(done => setTimeout(() => done(document.body.outerHTML), 50))")
    body = found.get("result", {}).get("value", "")
print(body)
try:
    ask("Browser.close")
    chromium.wait(10)
except (OSError, ValueError, subprocess.TimeoutExpired):
    chromium.kill()
    chromium.wait()
