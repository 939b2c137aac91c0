"""chart: small panels of horizontal bars, as SVG, for light and dark pages."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, COLUMNS, MARGIN = 880, 2, 16
LINE, HEAD, GAP = 20, 26, 18   # pixels: of a bar, of a caption, below a panel
NAMES, FIGURES = 132, 84       # pixels kept for the text at a bar's ends

STYLE = '''
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .caption { font-weight: 600; font-size: 13px }
  .faint { fill: #57606a }
  .ours { fill: #1a7f64 } .peer { fill: #b8bfc8 } .limit { fill: none; stroke: #57606a }
  .page { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #d0d7de } .faint { fill: #9198a1 }
    .ours { fill: #3fb68b } .peer { fill: #57606a } .limit { stroke: #9198a1 }
    .page { fill: #0d1117 }
  }
'''


@dataclass
class Bar:
    name: str
    value: float
    text: str       # the value, as it is shown
    is_limit: bool  # not a peer, but what cannot be beaten by much


@dataclass
class Panel:
    caption: str
    bars: list      # ours first


def height_of(panel):
    return HEAD + LINE * len(panel.bars) + GAP


def text(x, y, words, *classes, anchor='start'):
    return (f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{" ".join(classes)}">'
            f'{escape(words)}</text>')


def draw(panel, left, top, width):
    room = width - NAMES - FIGURES
    most = max(bar.value for bar in panel.bars) or 1
    yield text(left, top + 14, panel.caption, 'caption')
    for number, bar in enumerate(panel.bars):
        y = top + HEAD + LINE * number
        kind = 'ours' if number == 0 else 'limit' if bar.is_limit else 'peer'
        length = max(1, room * bar.value / most)
        yield text(left + NAMES - 8, y + 11, bar.name, anchor='end')
        yield (f'<rect x="{left + NAMES:g}" y="{y:g}" width="{length:.1f}" height="14" '
               f'class="{kind}"/>')
        yield text(left + NAMES + length + 6, y + 11, bar.text, 'faint')


def svg(panels):
    """Each panel goes where the page is shortest so far."""
    width = (WIDTH - MARGIN) / COLUMNS - MARGIN
    ends = [MARGIN + 28] * COLUMNS
    drawn = [text(MARGIN, MARGIN + 10, 'Medians; shorter is better. An outline is a program that '
                  'does this one thing and nothing else.', 'faint')]
    for panel in panels:
        column = ends.index(min(ends))
        drawn += draw(panel, MARGIN + column * (width + MARGIN), ends[column], width)
        ends[column] += height_of(panel)
    height = max(ends)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
            f'width="{WIDTH}" height="{height:g}" role="img">\n<title>wireutils beside its peers'
            f'</title>\n<style>{STYLE}</style>\n<rect width="100%" height="100%" class="page"/>\n'
            + '\n'.join(drawn) + '\n</svg>\n')
