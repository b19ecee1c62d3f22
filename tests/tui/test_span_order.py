"""A frame whose pieces come in another order looks the same, cell by cell on a terminal emulator."""

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.tui.seen_cells import seen_cells
from tui.terminal.compact_sgr import compact_sgr
from tui.terminal.span_order import frame_text

COLUMNS, LINES = 40, 6
STYLES = [
    None,
    *map(Style.parse, ("#102030", "#405060", "#102030 on #010203", "bold #405060 on #010203", "underline #405060")),
    *map(Style.parse, ("reverse #102030", "strike #102030", "overline #102030", "dim red on blue")),
]
console = Console(force_terminal=True, color_system="truecolor", width=COLUMNS)

texts = st.text(alphabet="a ⣿宽", min_size=1, max_size=4)
segments = st.builds(lambda text, style: Segment(text, style), texts, st.sampled_from(STYLES))
strips = st.lists(segments, min_size=1, max_size=5).map(Strip)
frames = st.lists(st.lists(st.tuples(st.integers(0, 6), strips), max_size=3), min_size=1, max_size=LINES)


def spans_of(frame):
    """The strips of each line, one behind the other with gaps, as far as they fit."""
    for y, line in enumerate(frame):
        x = 0
        for gap, strip in line:
            x += gap
            if x + strip.cell_length < COLUMNS:
                yield x, y, strip
            x += strip.cell_length


def shown(text):
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.Stream(screen).feed(text)
    return seen_cells(screen)


@given(frames)
def test_the_order_of_pieces_does_not_show(frame):
    spans = list(spans_of(frame))
    by_place = "".join(f"\x1b[{y + 1};{x + 1}H{strip.render(console)}" for x, y, strip in spans)
    assert shown(compact_sgr(frame_text(spans, console))) == shown(by_place)


def test_many_pieces_of_few_colours_take_half_the_bytes():
    blue, orange = Style.parse("#6fb1ff on #12161d"), Style.parse("#f0a03c on #12161d")
    line = Strip([Segment("⣿⣿", style) for style in (blue, orange) * 6])
    spans = [(0, y, line) for y in range(LINES)]
    by_place = "".join(strip.render(console) for _, _, strip in spans)
    assert len(compact_sgr(frame_text(spans, console))) < 0.55 * len(compact_sgr(by_place))
    assert console._color_system is ColorSystem.TRUECOLOR
