#!/usr/bin/env python3
"""report_test.py - the figures of a run that never was, as a table and a chart."""

import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.dont_write_bytecode = True

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


class Report(unittest.TestCase):
    def test_table(self):
        text = report.table(GROUP, FIGURES)
        self.assertIn('| CPU | 3.000 s (2.000..4.000) | 5.000 s | 2.000 s (1.000..3.000) | - | 0.50 '
                      '| 1.50 | - | ≤ 1.5 × bare: met; ≤ 0.5 × peer & co: met |', text)
        self.assertIn('| all arrived | no (2 of 3 rounds) |', text)
        self.assertIn('yes: NOT met', text)
        self.assertIn('gone: not found, skipped (apt: gone)', text)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            report.write(folder, report.setting(3), [GROUP], {'bulk': FIGURES}, ['it rained'])
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


if __name__ == '__main__':
    unittest.main()
