"""The program in a real pseudo-terminal: its colours by what the terminal has, and copies by OSC 52, in tmux too."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys

import pytest
from rich.color import Color, ColorSystem

from tests.terminal import BRAILLE_DOTS, COLUMNS, LINES, Terminal
from tests.tui.colour_vision import contrast
from tests.tui.screens.recorded import make_run
from tests.waiting import PATIENCE_SECONDS, wait_for
from tui.themes import THEMES

STYLES = re.compile(rb"\x1b\[([0-9;]*)m")


def styles(terminal):
    """The parameters of all that was set in colour or style."""
    return {int(code or 0) for style in STYLES.findall(terminal.said) for code in style.split(b";")}


@pytest.fixture
def start(tmp_path):
    programs = []

    def start(**environment):
        folder = make_run(tmp_path, "g1-walk")
        own = {"HOME": str(folder.path.parents[1]), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV")}
        program = Terminal(tmp_path, "attach", str(folder.path), environment=kept | own | environment)
        programs.append(program)
        program.wait_until(lambda text: BRAILLE_DOTS.search(text) and "reward/" in text, "charts and knobs")
        return program

    yield start
    for program in programs:
        program.close()


COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}


def test_without_colour_none_is_written_and_what_is_chosen_is_seen(start):
    program = start(NO_COLOR="1", COLORTERM="truecolor")
    program.press(b"?")
    program.wait_until(lambda text: "keys and symbols" in text, "the help")
    program.press(b"\x1b")
    program.wait_until(lambda text: "keys and symbols" not in text, "the dashboard")
    program.press(b"w")
    program.wait_until(lambda text: "Export view" in text, "the dialog")
    assert styles(program) & COLOURS == set()
    assert {1, 4, 7} < styles(program)  # bold, underlined and reverse


def test_a_terminal_with_sixteen_colours_gets_its_own(start):
    program = start(TERM="xterm")
    assert styles(program) & {38, 48} == set()
    assert styles(program) & COLOURS
    texts_on_grey = [style for style in STYLES.findall(program.said) if b"100" in style.split(b";")]
    assert texts_on_grey == []


def test_a_terminal_with_256_colours_gets_no_others(start):
    program = start()
    kinds = {tuple(kind) for kind in re.findall(rb"(?<![0-9])(38|48);([25]);", program.said)}
    assert kinds == {(b"38", b"5"), (b"48", b"5")}


def test_true_colour_is_used_where_it_is_known(start):
    program = start(COLORTERM="truecolor")
    assert re.search(rb"38;2;\d+;\d+;\d+", program.said)


@pytest.mark.parametrize("name", THEMES)
def test_colours_stay_readable_as_the_nearest_of_256(name):
    def nearest(colour):
        return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor().hex

    theme = THEMES[name]
    background = nearest(theme.background)
    for colour in (theme.foreground, theme.primary, theme.success, theme.warning, theme.error):
        assert contrast(nearest(colour), background) >= 3.5, colour
    for number in range(1, 9):
        assert contrast(nearest(theme.variables[f"series-{number}"]), background) >= 2.3


def copies(written):
    return [base64.b64decode(text) for text in re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)", written)]


def test_a_copy_goes_to_the_terminal(start):
    program = start()
    program.press(b"y")
    program.wait_until(lambda _: copies(program.said), "the copy")
    (copied,) = copies(program.said)
    assert b"[set]" in copied


@pytest.fixture
def tmux(tmp_path):
    """A tmux of its own with one window, told nothing about clipboards."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux isn't installed")
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]

    def tmux(*arguments):
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout

    yield tmux
    tmux("kill-server")


def test_inside_tmux_a_copy_is_tmuxs_too(tmux, tmp_path):
    folder = make_run(tmp_path, "g1-walk")
    environment = f"env HOME={tmp_path} {sys.executable} -m tui attach {folder.path}"
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), environment)
    wait_for(lambda: BRAILLE_DOTS.search(tmux("capture-pane", "-p")), "the charts")
    tmux("send-keys", "y")
    wait_for(lambda: "[set]" in tmux("show-buffer"), "the copy")
