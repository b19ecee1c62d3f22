"""The README's pictures are of this program: `uv run python docs/make_pictures.py` makes them again."""

import html
import re
from pathlib import Path

import pytest

from tui.session.board.plans import board_of

PICTURES = Path(__file__).parents[3] / "docs" / "pictures"


def text_of(name):
    svg = (PICTURES / name).read_text(encoding="utf-8").replace("&#160;", " ")
    lines = {}
    for x, y, text in re.findall(r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        lines.setdefault(float(y), []).append((float(x), html.unescape(text)))
    return "\n".join(" ".join(text for _, text in sorted(lines[y])) for y in sorted(lines))


def test_the_dashboard_is_of_the_recorded_run_with_all_its_charts():
    text = text_of("dashboard.svg")
    assert "2026-11-21_23-04-28_walk" in text
    board = board_of(["velocity"])
    for plan in board:
        assert plan.title in text
    assert text.count("#1 ") >= len(board) - 1  # where levels change often, there is no room for it
    assert re.search("event/mass/scale +0.8:1.2 +applied @1150", text)
    assert re.search("velocity +0/4", text)
    assert re.search("[\u2801-\u28ff]{3}", text)


def test_the_curricula_are_of_the_recorded_run():
    text = text_of("curricula.svg")
    assert "2026-11-21_22-52-41_curricula" in text
    assert re.search(r"▸ velocity +4/5", text)
    assert "success by terrain" in text
    assert all(sign in text for sign in "▼◆◢╳")


def test_the_launch_screen_is_ready_to_train_the_humanoid():
    text = text_of("launch.svg")
    assert "g1-walk" in text
    assert re.search(r"environments +4096", text)


@pytest.mark.parametrize("name", ["dashboard.svg", "curricula.svg", "launch.svg"])
def test_a_picture_loads_nothing_but_textual_s_font(name):
    svg = (PICTURES / name).read_text(encoding="utf-8")
    loaded = re.findall(r"""(?:url\(["']?|href=["'])([a-z]+://[^"')]+)""", svg)
    assert all(address.startswith("https://cdnjs.cloudflare.com/ajax/libs/firacode/") for address in loaded)
