"""Compacted frames look the same, cell by cell on a terminal emulator."""

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style

from tui.terminal.compact_sgr import compact_sgr

COLUMNS, LINES = 40, 8
STYLES = [
    Style.parse(words)
    for words in (
        "bold red on blue",
        "red on blue",
        "green on #112233",
        "bold",
        "none",
        "dim underline",
        "italic #445566 on #778899",
        "reverse #445566 on #778899",
        "strike blue",
        "color(5) on color(200)",
        "bright_red on bright_blue",
        "blink",
        "overline",
    )
]

texts = st.text(alphabet="ab ⣿─", max_size=5)
styled = st.builds(
    lambda style, text: style.render(text, color_system=ColorSystem.TRUECOLOR), st.sampled_from(STYLES), texts
)
moves = st.builds(lambda line, column: f"\x1b[{line};{column}H", st.integers(1, LINES - 1), st.integers(1, COLUMNS - 6))
ends_of_lines = st.builds(lambda line: f"\x1b[{line};1H\r\n", st.integers(1, LINES - 2))
pictures = st.lists(st.one_of(styled, styled, moves, ends_of_lines, texts), max_size=30).map("".join)


def shown(pictures):
    """All cells of a terminal on which these were drawn."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    for picture in pictures:
        stream.feed(f"\x1b[1;1H{picture}")
    return [[screen.buffer[line][column] for column in range(COLUMNS)] for line in range(LINES)]


@given(st.lists(pictures, min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_shortened_picture_looks_the_same_and_leaves_no_style_set(drawn):
    shorter = [compact_sgr(picture) for picture in drawn]
    assert shown([*shorter, "x"]) == shown([*drawn, "x"])
    assert all(len(short) <= len(picture) for short, picture in zip(shorter, drawn, strict=True))


def test_a_style_is_sent_once_and_then_what_differs():
    plain, bold = Style.parse("#010203 on #040506"), Style.parse("bold #010203 on #040506")
    red = Style.parse("bold #ff0000 on #040506")
    picture = "".join(
        f"\x1b[{line};1H" + style.render("x", color_system=ColorSystem.TRUECOLOR)
        for line, style in enumerate((plain, plain, bold, red), start=1)
    )
    assert compact_sgr(picture) == (
        "\x1b[1;1H\x1b[38;2;1;2;3;48;2;4;5;6mx\x1b[2;1Hx\x1b[3;1H\x1b[1mx\x1b[4;1H\x1b[38;2;255;0;0mx\x1b[0m"
    )


def test_moves_that_lead_nowhere_are_left_out():
    assert compact_sgr("\x1b[1;1Hab\x1b[1;3H\r\n\x1b[2;1Hc\x1b[2;2H\x1b[5;5H") == "\x1b[1;1Hab\x1b[2;1Hc\x1b[5;5H"


def test_what_is_not_known_is_sent_as_it_is():
    link = "\x1b]8;id=1;https://example.org\x1b\\\x1b[4mtext\x1b[0m\x1b]8;;\x1b\\"
    assert compact_sgr(f"\x1b[1;1H{link}") == f"\x1b[1;1H{link}"
