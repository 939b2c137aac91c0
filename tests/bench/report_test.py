#!/usr/bin/env python3
"""report_test.py - the figures of a run that never was, as a table and a chart."""

import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.dont_write_bytecode = True

import compare  # noqa: E402
import report  # noqa: E402
from measurement import Contender, Group, Row  # noqa: E402

GROUP = Group(
    'bulk', 'bulk: a <GiB>',
    [Contender('ours'), Contender('peer & co'), Contender('bare', is_limit=True),
     Contender('gone', missing='gone: not found, skipped (apt: gone)')],
    [Row('cpu', 'CPU', 's', 1.5, 'bare', {'peer & co': 0.5}, chart='CPU of a <GiB>'),
     Row('complete', 'all arrived', 'yes', 1)],
    None)
FIGURES = {'ours': [{'cpu': 2, 'complete': True}, {'cpu': 4, 'complete': False},
                    {'cpu': 3, 'complete': True}],
           'peer & co': [{'cpu': 5}, {}, {'cpu': 5}], 'bare': [{'cpu': 1}, {'cpu': 3}, {'cpu': 2}]}

NOT_WORSE = 'Nothing is worse by more than the spread.'


def ratios(cells):
    return {('bulk', label, 'x / y'): compare.figure(cell) for label, cell in cells.items()}


class Report(unittest.TestCase):
    def test_table(self):
        lines = report.table(GROUP, FIGURES).splitlines()
        for line in ('### bulk', '| | program | figure | ours / program | target |',
                     '| CPU | ours | 3.000 s (2.000..4.000) |  |  |',
                     '|  | peer & co | 5.000 s | 0.500 (0.400..0.600) | ≤ 0.5: met |',
                     '|  | bare | 2.000 s (1.000..3.000) | 1.50 (1.33..2.00) | ≤ 1.5: met |',
                     '| all arrived | ours | no (2 of 3 rounds) |  | yes: NOT met |',
                     'gone: gone: not found, skipped (apt: gone)'):
            self.assertIn(line, lines)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            everything = {'bulk': FIGURES}
            text = report.text(report.setting(3), [GROUP], everything, ['it rained'])
            report.write(folder, text, [GROUP], everything)
            self.assertIn('Note: it rained.', Path(folder, 'result.md').read_text())
            drawn = xml.etree.ElementTree.parse(Path(folder, 'result.svg')).getroot()
        words = [element.text for element in drawn.iter() if element.text]
        for word in ('CPU of a <GiB>', 'ours', '3.000 s', 'peer & co', '5.000 s', 'bare'):
            self.assertIn(word, words)
        self.assertNotIn('gone', words)
        bars = {bar.get('class'): float(bar.get('width')) for bar in drawn.iter()
                if bar.get('class') in ('ours', 'peer', 'limit')}
        self.assertAlmostEqual(bars['ours'] / bars['peer'], 3 / 5, places=2)
        self.assertAlmostEqual(bars['limit'] / bars['peer'], 2 / 5, places=2)

    def test_figures_of_a_result(self):
        found = compare.rows(report.table(GROUP, FIGURES))
        self.assertEqual({key: (one.low, one.middle, one.high) for key, one in found.items()},
                         {('bulk', 'CPU', 'ours / peer & co'): (0.4, 0.5, 0.6),
                          ('bulk', 'CPU', 'ours / bare'): (1.33, 1.5, 2),
                          ('bulk', 'all arrived', 'ours'): (1, 1, 1)})

    def test_comparison(self):
        for what, old, new, expected in (
                ('worse', {'a': '1.00 (0.90..1.10)'}, {'a': '1.21 (1.11..1.30)'},
                 ['Worse by more than the spread:',
                  '  bulk, a: x / y: 1.21 (1.11..1.30), was 1.00 (0.90..1.10)', 0, 0]),
                ('the ranges touch', {'a': '1.00 (0.90..1.10)'}, {'a': '1.21 (1.10..1.30)'},
                 [NOT_WORSE, 1, 0]),
                ('better', {'a': '1.00 (0.90..1.10)'}, {'a': '0.800 (0.700..0.899)'},
                 [NOT_WORSE, 'Better by more than the spread:',
                  '  bulk, a: x / y: 0.800 (0.700..0.899), was 1.00 (0.90..1.10)', 0, 0]),
                ('without a range', {'a': '0.21'}, {'a': '0.21'}, [NOT_WORSE, 1, 0]),
                ('the largest factor is first', {'a': '1.00', 'b': '100', 'c': '5.00'},
                 {'a': '3.00', 'b': '200', 'c': '5.00'},
                 ['Worse by more than the spread:', '  bulk, a: x / y: 3.00, was 1.00',
                  '  bulk, b: x / y: 200, was 100', 1, 0]),
                ('better by the largest factor is first', {'a': '9.00', 'b': '9.00'},
                 {'a': '8.00', 'b': '1.00'},
                 [NOT_WORSE, 'Better by more than the spread:', '  bulk, b: x / y: 1.00, was 9.00',
                  '  bulk, a: x / y: 8.00, was 9.00', 0, 0]),
                ('new and lost', {'a': '1.00', 'b': '2.00'}, {'b': '2.00', 'c': '3.00'},
                 [NOT_WORSE, 'No longer measured:', '  bulk, a: x / y', 1, 1]),
                ('worse than nothing', {'a': '0.0000'}, {'a': '1.00'},
                 ['Worse by more than the spread:', '  bulk, a: x / y: 1.00, was 0.0000', 0, 0])):
            with self.subTest(what):
                *lines, within, added = expected
                lines.append(f'Within the spread: {within}. New: {added}.')
                self.assertEqual(compare.compare(ratios(old), ratios(new)), lines)

    def test_comparison_of_what_is_no_ratio(self):
        memory = ('bulk', 'memory', 'x')
        for old, new in (('648 B (648..649)', '1,002 B (1,000..1,003)'),
                         ('yes', 'no (4 of 5 rounds)')):
            with self.subTest(new):
                lines = compare.compare({memory: compare.figure(old)},
                                        {memory: compare.figure(new)})
                self.assertEqual(lines[1], f'  bulk, memory: x: {new}, was {old}')

    def test_memory_itself_and_times_by_their_ratio(self):
        text = ('### bulk\n| | program | figure | x / program | target |\n|---|---|---:|---:|---|\n'
                '| memory | x | 648 B | | |\n| | y | 1,000 B | 0.648 | |\n'
                '| CPU | x | 1.00 s | | |\n| | y | 2.00 s | 0.500 | |\n'
                '| start | x | 3.00 s | | |\n| | z | - | | |\n')
        self.assertEqual([key[1:] for key in compare.rows(text)],
                         [('memory', 'x'), ('CPU', 'x / y'), ('start', 'x')])

    def test_a_group_that_was_not_measured_is_not_lost(self):
        old = ratios({'a': '1.00'}) | {('scan', 'a', 'x / y'): compare.figure('1.00')}
        self.assertEqual(len(compare.compare(old, ratios({'a': '1.00'}))), 2)


if __name__ == '__main__':
    unittest.main()
