"""report: the figures of a run, as Markdown tables and a chart, with the machine they are from."""

import os
import platform
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import chart

SCALE = {'B': 1, 'KiB': 1 / 1024, 's': 1, 'ms': 1e3, 'us': 1e6, '%': 100, 'x': 1}
SHOWN = {'B': '{:,.0f} B', 'KiB': '{:,.0f} KiB', 's': '{:.3f} s', 'ms': '{:.2f} ms',
         'us': '{:.2f} µs', '%': '{:.2f} %', 'x': '{:.2f}'}
PACKAGES = ['libuv1', 'libuv1t64', 'netcat-openbsd', 'ncat', 'socat', 'netcat-traditional',
            'golang-go', 'nginx', 'redis-server', 'wrk', 'hyperfine']


def said(*argv):
    """A command's output, or nothing when it fails."""
    if not shutil.which(argv[0]):
        return ''
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False).stdout.decode()


def from_file(path, key, separator):
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(separator, 1)[1].strip().strip('"')
    return 'unknown'


def setting(rounds):
    """When, where, and beside what."""
    memory = int(from_file('/proc/meminfo', 'MemTotal', ':').split()[0]) / (1 << 20)
    versions = said('dpkg-query', '-W', '-f', '${db:Status-Abbrev}${Package} ${Version}\n',
                    *PACKAGES)
    installed = [line[3:].strip() for line in versions.splitlines() if line.startswith('ii')]
    lines = [
        f'{time.strftime("%Y-%m-%d")}, {from_file("/etc/os-release", "PRETTY_NAME", "=")}, '
        f'{platform.system()} {platform.release()}, {os.cpu_count()} cores '
        f'({from_file("/proc/cpuinfo", "model name", ":")}), {memory:.0f} GiB, load '
        f'{os.getloadavg()[0]:.2f} at the start.',
        '', 'Each contender had its turn in each round; rounds: '
        f'{rounds}. A figure is the median, with the range of the rounds; a ratio is that of the '
        "rounds' ratios. Servers are alone on one core, their load on another.",
        '', f'{said("c++", "--version").splitlines()[0]}; {", ".join(installed)}', '']
    return '\n'.join(lines)


# --- the tables ---

def values(figures, name, key):
    return [one[key] for one in figures.get(name, []) if key in one]


def ratios(figures, ours, peer, key):
    pairs = zip(figures.get(ours, []), figures.get(peer, []))
    return [mine[key] / other[key] for mine, other in pairs if key in mine and other.get(key)]


def spread(shown, found):
    """The median as `shown` makes it, and the range where it is wider than what is shown."""
    low, middle, high = (shown(value)
                         for value in (min(found), statistics.median(found), max(found)))
    return middle if low == high else f'{middle} ({low.split()[0]}..{high.split()[0]})'


def show(row, found):
    if not found:
        return '-'
    if row.unit == 'yes':
        return 'yes' if all(found) else f'no ({sum(map(bool, found))} of {len(found)} rounds)'
    return spread(lambda value: SHOWN[row.unit].format(value * SCALE[row.unit]), found)


def three_digits(ratio):
    if ratio >= 99.5:
        return f'{ratio:,.0f}'
    return f'{ratio:#.3g}' if ratio >= 0.01 else f'{ratio:.4f}'


def target(row, peer):
    """At most: of the figure itself (peer is empty), or of its ratio to the peer's; 0: none."""
    return row.limit if row.of == peer else row.also.get(peer, 0)


def show_target(row, peer, found):
    """The target's cell, with a word on whether it is met."""
    limit = target(row, peer)
    if not limit:
        return ''
    if row.unit == 'yes':
        text, met = 'yes', all(found)
    else:
        text = f'{limit:.3g}' if peer else SHOWN[row.unit].format(limit * SCALE[row.unit])
        text, met = f'≤ {text}', found and statistics.median(found) <= limit
    return text + (': met' if met else ': NOT met') if found else text


def table(group, figures):
    """A line for each row and program, ours first."""
    ours = group.contenders[0].name
    lines = [f'### {group.name}', '', f'{group.title}.', '',
             f'| | program | figure | {ours} / program | target |', '|---|---|---:|---:|---|']
    for row in group.rows:
        label = row.label
        for name in [contender.name for contender in group.contenders]:
            found = values(figures, name, row.key)
            if not found and name != ours:
                continue
            compared, peer = found, ''
            if name != ours:
                compared, peer = ratios(figures, ours, name, row.key), name
            with_ratio = peer and compared and row.unit not in ('yes', 'x')
            ratio = spread(three_digits, compared) if with_ratio else ''
            cells = [label, name, show(row, found), ratio, show_target(row, peer, compared)]
            lines.append('| ' + ' | '.join(cells) + ' |')
            label = ''
    lines += ['', group.note] if group.note else []
    lines += [f'\n{contender.name}: {contender.missing}'
              for contender in group.contenders if contender.missing]
    return '\n'.join(lines) + '\n'


# --- the files ---

def panels(group, figures):
    """What the chart shows of a group: for each row with a caption the medians of all."""
    for row in group.rows:
        if not row.chart:
            continue
        bars = []
        for contender in group.contenders:
            found = values(figures, contender.name, row.key)
            if found:
                value = statistics.median(found)
                text = SHOWN[row.unit].format(value * SCALE[row.unit])
                bars.append(chart.Bar(contender.name, value, text, contender.is_limit))
        if bars:
            yield chart.Panel(row.chart, bars)


def text(where, groups, everything, notes):
    parts = ['# What was measured\n', where, '![the medians, as bars](result.svg)\n']
    parts += [table(group, everything[group.name]) for group in groups]
    parts += [f'Note: {note}.' for note in notes]
    return '\n'.join(parts).rstrip() + '\n'


def write(folder, result, groups, everything):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [panel for group in groups for panel in panels(group, everything[group.name])]
    (folder / 'result.svg').write_text(chart.svg(drawn))
    (folder / 'result.md').write_text(result)
