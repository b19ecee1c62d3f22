"""The program in a real pseudo-terminal: its colours by what the terminal has, and copies by OSC 52, in tmux too."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import time

import pexpect
import pyte
import pytest
from rich.color import Color, ColorSystem

from tests.tui.colour_vision import contrast
from tests.tui.screens.recorded import make_run
from tests.waiting import wait_for
from tui.themes import THEMES

COLUMNS, LINES = 120, 40
DEADLINE_SECONDS = 60.0
STYLES = re.compile(rb"\x1b\[([0-9;]*)m")
BRAILLE = re.compile("[\u2801-\u28ff]{3}")


class Program:
    """The dashboard of a recorded run in a pseudo-terminal, and all that it has written there."""

    def __init__(self, folder, **environment):
        own = {"HOME": str(folder.path.parents[1]), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV")}
        arguments = ["-m", "tui", "attach", str(folder.path)]
        size = (LINES, COLUMNS)
        self._child = pexpect.spawn(sys.executable, arguments, env={**kept, **own, **environment}, dimensions=size)
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""

    @property
    def text(self):
        return "\n".join(self._screen.display)

    @property
    def styles(self):
        """The parameters of all that was set in colour or style."""
        return {int(code or 0) for style in STYLES.findall(self.written) for code in style.split(b";")}

    def press(self, keys):
        self._child.send(keys)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"never came: {what}\n{self.text}"
            try:
                data = self._child.read_nonblocking(65536, timeout=0.2)
            except pexpect.TIMEOUT:
                continue
            self.written += data
            self._stream.feed(data)

    def wait_for_charts(self):
        self.wait_until(lambda: BRAILLE.search(self.text) and "reward/" in self.text, "charts and knobs")

    def close(self):
        self._child.close(force=True)


@pytest.fixture
def start(tmp_path):
    programs = []

    def start(**environment):
        program = Program(make_run(tmp_path, "g1-walk"), **environment)
        programs.append(program)
        program.wait_for_charts()
        return program

    yield start
    for program in programs:
        program.close()


COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
DEFAULTS = {39, 49}


def test_without_colour_none_is_written_and_what_is_chosen_is_seen(start):
    program = start(NO_COLOR="1", COLORTERM="truecolor")
    program.press("?")
    program.wait_until(lambda: "keys and signs" in program.text, "the help")
    program.press("\x1b")
    program.wait_until(lambda: "keys and signs" not in program.text, "the dashboard")
    program.press("w")
    program.wait_until(lambda: "write what is seen" in program.text, "the dialog")
    assert program.styles & COLOURS == set()
    assert {1, 4, 7} < program.styles  # bold, underlined and reverse


def test_a_terminal_with_sixteen_colours_gets_its_own(start):
    program = start(TERM="xterm")
    assert program.styles & {38, 48} == set()
    assert program.styles & COLOURS
    texts_on_grey = [style for style in STYLES.findall(program.written) if b"100" in style.split(b";")]
    assert texts_on_grey == []


def test_a_terminal_with_256_colours_gets_no_others(start):
    program = start()
    kinds = {tuple(kind) for kind in re.findall(rb"(?<![0-9])(38|48);([25]);", program.written)}
    assert kinds == {(b"38", b"5"), (b"48", b"5")}


def test_true_colour_is_used_where_it_is_known(start):
    program = start(COLORTERM="truecolor")
    assert re.search(rb"38;2;\d+;\d+;\d+", program.written)


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
    program.press("y")
    program.wait_until(lambda: copies(program.written), "the copy")
    (copied,) = copies(program.written)
    assert b"[set]" in copied


@pytest.fixture
def tmux(tmp_path):
    """A tmux of its own with one window, told nothing about clipboards."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux isn't installed")
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]

    def tmux(*arguments):
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=20).stdout

    yield tmux
    tmux("kill-server")


def test_inside_tmux_a_copy_is_tmuxs_too(tmux, tmp_path):
    folder = make_run(tmp_path, "g1-walk")
    environment = f"env HOME={tmp_path} {sys.executable} -m tui attach {folder.path}"
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), environment)
    wait_for(lambda: BRAILLE.search(tmux("capture-pane", "-p")), "the charts")
    tmux("send-keys", "y")
    wait_for(lambda: "[set]" in tmux("show-buffer"), "the copy")
