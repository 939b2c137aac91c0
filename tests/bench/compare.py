"""compare: what one result.md says beside an earlier one: which figures moved beyond their spread.

A figure moved when the ranges of the two results do not touch. Memory is compared itself; a time
depends on the machine, so its ratios are, where there are peers. Every figure is a cost: more is
worse.
"""

import re
from dataclasses import dataclass

FIGURE = re.compile(r'([\d.,]+)(?: ([^\d\s(]+))?(?: \(([\d.,]+)\.\.([\d.,]+)\))?')
OURS = ('statusd',)  # beside the library that it uses: to cost more would be no gain
STEADY = ('B', 'KiB', None)  # units of what does not depend on the machine's speed


@dataclass(frozen=True)
class Figure:
    text: str
    unit: str
    low: float
    middle: float
    high: float


def figure(text):
    """Of a cell; None if there is none in it."""
    if text.split(' ')[0] in ('yes', 'no'):
        return Figure(text, None, *[float(text != 'yes')] * 3)
    found = FIGURE.fullmatch(text)
    if not found:
        return None
    middle, unit, low, high = found.groups()
    numbers = [float(number.replace(',', '')) for number in (low or middle, middle, high or middle)]
    return Figure(text, unit, *numbers)


def rows(result):
    """{(group, row, what): Figure} of a result.md; what is our program, or OURS / PEER."""
    found, ratios, group, ours, label = {}, set(), '', '', ''
    for line in result.splitlines():
        if line.startswith('### '):
            group = line[4:]
        cells = [cell.strip() for cell in line.split('|')[1:-1]]
        if len(cells) != 5 or set(cells[0]) == {'-'}:
            continue
        row, program, own, ratio, _ = cells
        if program == 'program':
            ours = ratio.removesuffix(' / program')
            continue
        label = row or label
        if program in OURS:
            continue
        what, cell = (ours, own) if program == ours else (f'{ours} / {program}', ratio)
        if figure(cell):
            found[group, label, what] = figure(cell)
            ratios |= {(group, label, what)} if program != ours else set()
    steady = {key[:2] for key, value in found.items() if key not in ratios and value.unit in STEADY}
    by_ratio = {key[:2] for key in ratios} - steady
    return {key: value for key, value in found.items() if (key in ratios) == (key[:2] in by_ratio)}


def listed(keys, old, new):
    """A line for each, those that moved by the largest factor first."""
    def factor(key):
        before, after = (max(one[key].middle, 1e-9) for one in (old, new))
        return max(after / before, before / after)

    by_factor = sorted(keys, key=factor, reverse=True)
    return ['  {}, {}: {}: '.format(*key) + f'{new[key].text}, was {old[key].text}'
            for key in by_factor]


def compare(old, new):
    """Lines about rows(new result) beside rows(old result); of groups in the new one alone."""
    both = [key for key in new if key in old]
    worse = [key for key in both if new[key].low > old[key].high]
    better = [key for key in both if new[key].high < old[key].low]
    groups = {group for group, _, _ in new}
    lost = sorted(key for key in old.keys() - new.keys() if key[0] in groups)
    lines = ['Worse by more than the spread:' if worse else
             'Nothing is worse by more than the spread.']
    lines += listed(worse, old, new)
    lines += ['Better by more than the spread:'] if better else []
    lines += listed(better, old, new)
    lines += ['No longer measured:'] if lost else []
    lines += ['  {}, {}: {}'.format(*key) for key in lost]
    lines.append(f'Within the spread: {len(both) - len(worse) - len(better)}. '
                 f'New: {len(new) - len(both)}.')
    return lines
