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
        f'{rounds}. A figure is the median, with the range of the rounds; a ratio is the median of '
        "the rounds' ratios. Servers are alone on one core, their load on another.",
        '', f'{said("c++", "--version").splitlines()[0]}; {", ".join(installed)}', '']
    return '\n'.join(lines)


# --- the tables ---

def values(figures, name, key):
    return [one[key] for one in figures.get(name, []) if key in one]


def ratios(figures, ours, peer, key):
    pairs = zip(figures.get(ours, []), figures.get(peer, []))
    return [mine[key] / other[key] for mine, other in pairs if key in mine and other.get(key)]


def show(row, found):
    """A cell: the median, and the range where it is wider than what is shown."""
    if not found:
        return '-'
    if row.unit == 'yes':
        return 'yes' if all(found) else f'no ({sum(map(bool, found))} of {len(found)} rounds)'
    low, middle, high = (SHOWN[row.unit].format(value * SCALE[row.unit])
                         for value in (min(found), statistics.median(found), max(found)))
    return middle if low == high else f'{middle} ({low.split()[0]}..{high.split()[0]})'


def target(row, group, figures):
    """The targets' cell, with a word on whether each is met."""
    ours = group.contenders[0].name
    limits = ([(row.limit, row.of)] if row.limit else []) + [(n, of) for of, n in row.also.items()]
    return '; '.join(one_target(row, limit, of, ours, figures) for limit, of in limits)


def one_target(row, limit, of, ours, figures):
    if row.unit == 'yes':
        text, found = 'yes', [0 if all(values(figures, ours, row.key)) else 2]
        found = found if values(figures, ours, row.key) else []
    elif of:
        text, found = f'≤ {limit:.3g} × {of}', ratios(figures, ours, of, row.key)
    else:
        text = '≤ ' + SHOWN[row.unit].format(limit * SCALE[row.unit])
        found = values(figures, ours, row.key)
    if not found:
        return text
    return text + (': met' if statistics.median(found) <= limit else ': NOT met')


def table(group, figures):
    ours, *peers = [contender.name for contender in group.contenders]
    heads = ['', ours, *peers, *(f'{ours} / {peer}' for peer in peers), 'target']
    lines = [f'### {group.title}', '', '| ' + ' | '.join(heads) + ' |',
             '|---|' + '---:|' * (len(heads) - 2) + '---|']
    for row in group.rows:
        cells = [row.label]
        cells += [show(row, values(figures, name, row.key)) for name in (ours, *peers)]
        for peer in peers:
            found = ratios(figures, ours, peer, row.key) if row.unit not in ('yes', 'x') else []
            cells.append(f'{statistics.median(found):.2f}' if found else '-')
        cells.append(target(row, group, figures))
        lines.append('| ' + ' | '.join(cells) + ' |')
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


def write(folder, where, groups, everything, notes):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [panel for group in groups for panel in panels(group, everything[group.name])]
    (folder / 'result.svg').write_text(chart.svg(drawn))
    text = ['# What was measured\n', where, '![the medians, as bars](result.svg)\n']
    text += [table(group, everything[group.name]) for group in groups]
    text += [f'Note: {note}.' for note in notes]
    (folder / 'result.md').write_text('\n'.join(text).rstrip() + '\n')
