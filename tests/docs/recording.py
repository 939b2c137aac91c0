#!/usr/bin/env python3
"""recording.py BIN_DIR SVG [--check] - runs the demo, and writes it as an animated terminal, or
checks that it still prints what SVG shows.

A line appears when the demo has printed it, with time for reading added after comments and
commands.  What differs from run to run is not compared: times of day, ports, passwords.
"""

import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree
from xml.sax.saxutils import escape

COLUMNS, ROWS = 80, 20
LINE, MARGIN, FONT = 19, 16, 14  # pixels
WIDTH, HEIGHT = COLUMNS * FONT * 0.61 + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
READING = {'#': 1, '$': 0.8}  # seconds, by a line's first character
END = 5  # seconds for which the last lines stay
STYLE = '''
  text { font: %dpx ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #c9d1d9;
         white-space: pre }
  .c { fill: #8b949e } .t { fill: #7ee787 }
  #lines { transform: translateY(%gpx) }
  @media (prefers-reduced-motion: no-preference) {
    #lines { animation: lines %.1fs step-end infinite }
  }
  @keyframes lines {
%s
  }
'''


def record(bin_dir):
    """[(seconds since the line before, line)] of the demo."""
    demo = pathlib.Path(__file__).parent.parent / 'demo.sh'
    lines, last = [], time.monotonic()
    with subprocess.Popen([demo, bin_dir], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            now = time.monotonic()
            lines.append((now - last, line.rstrip('\n').expandtabs()))
            last = now
    if process.returncode != 0:
        sys.exit(f'recording.py: the demo failed: status {process.returncode}')
    return lines[1:]  # the first one is empty


def draw(lines):
    """The terminal scrolls up by a line whenever one is printed."""
    frames, at = [(0, 0)], 0.5
    for number, (pause, line) in enumerate(lines, 1):
        at += pause
        frames.append((at, number))
        at += READING.get(line[:1], 0)
    at += END
    bottom = MARGIN + ROWS * LINE
    keyframes = '\n'.join(f'    {100 * when / at:.2f}% {{ transform: translateY({bottom - n * LINE}px) }}'
                          for when, n in frames)
    kinds = {'#': ' class="c"', '$': ' class="t"'}
    texts = '\n'.join(f'<text x="{MARGIN}" y="{n * LINE - 5}"{kinds.get(line[:1], "")} '
                      f'xml:space="preserve">{escape(line)}</text>'
                      for n, (_, line) in enumerate(lines, 1))
    style = STYLE % (FONT, bottom - len(lines) * LINE, at, keyframes)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT}" '
            f'width="{WIDTH:g}" height="{HEIGHT}" role="img">\n<title>The demo of wireutils</title>\n'
            f'<style>{style}</style>\n'
            f'<clipPath id="screen"><rect x="0" y="{MARGIN}" width="100%" height="{ROWS * LINE}"/>'
            f'</clipPath>\n<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
            f'<g clip-path="url(#screen)"><g id="lines">\n{texts}\n</g></g>\n</svg>\n')


def normalized(line):
    """Without what differs from run to run."""
    line = re.sub(r'\d\d:\d\d:\d\d', '15:04:05', line)
    line = re.sub(r'(localhost[: ]|127\.0\.0\.1:)\d{4,5}\b', r'\1PORT', line)
    return 'PASSWORD' if re.fullmatch(r'[\w#@$]{16}', line) else line


def shown_in(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    return [text.text or '' for text in root.iter('{http://www.w3.org/2000/svg}text')]


def main():
    bin_dir, path = sys.argv[1:3]
    lines = record(bin_dir)
    wide = [line for _, line in lines if len(line) > COLUMNS]
    if wide:
        sys.exit(f'recording.py: wider than the terminal: {wide}')
    if '--check' not in sys.argv:
        pathlib.Path(path).write_text(draw(lines), encoding='utf-8')
        return
    printed, shown = ([normalized(line) for line in some]
                      for some in ([line for _, line in lines], shown_in(path)))
    if printed != shown:
        for line in sorted(set(printed) ^ set(shown)):
            print(('printed: ' if line in printed else 'shown: ') + line)
        sys.exit(f'{path} is out of date: make recording')


main()
