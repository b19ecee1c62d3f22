"""The terminal is as before the program however it ends: by a signal, by a crash, or because the terminal is closed."""

from __future__ import annotations

import re
import signal
import sys

import psutil
import pytest

from tests.program import program
from tests.terminal import Terminal
from tests.tui.screens.recorded import make_run
from tests.waiting import wait_for


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global curve, write
    from tests.tui.event_files import curve, write


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

RUNS = ("2026-01-01_00-00-00", "2026-01-02_00-00-00")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in RUNS:
        make_run(tmp_path / "logs" / "rsl_rl", "cartpole", name=name)
    write(tmp_path / "events", *curve("rewards/step", range(20)))
    return tmp_path


@pytest.fixture
def opened(folder):
    """Start the program, or a Python script, in a terminal of its own."""
    terminals = []

    def open_terminal(*arguments, program=None):
        terminals.append(Terminal(folder, *arguments, program=program))
        return terminals[-1]

    yield open_terminal
    for terminal in terminals:
        terminal.close()


def is_drawn(text):
    return "palette" in text


SCREENS = {
    "launch": (),
    "dashboard": ("attach", RUNS[0]),
    "compare": ("compare", *RUNS),
    "watch": ("watch", "events"),
}


@pytest.mark.parametrize(
    ("screen", "number"),
    [
        *((screen, signal.SIGTERM) for screen in SCREENS),
        *(("dashboard", number) for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)),
        ("launch", signal.SIGINT),
    ],
)
def test_a_signal_ends_every_screen_and_the_terminal_is_as_before(opened, screen, number):
    terminal = opened(*SCREENS[screen])
    terminal.wait_until(is_drawn, "the screen")
    assert terminal.modes_on == {"alternate screen", "mouse", "hidden cursor", "raw keys"}
    terminal.signal(number)
    assert terminal.wait_for_end() == 128 + number
    assert terminal.modes_on == set()


def test_a_signal_ends_the_program_behind_a_dialog(opened):
    terminal = opened("attach", RUNS[0])
    terminal.wait_until(is_drawn, "the dashboard")
    terminal.press(b"h")
    terminal.wait_until(lambda text: "Enter undoes or redoes" in text, "the dialog")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert terminal.modes_on == set()


CRASHES = {
    "a handler": "DashboardScreen.action_history = lambda self: 1 / 0",
    "the output": """
def leave(self):
    from tui.terminal import driver
    driver._Output._write = lambda self, chunk: 1 / 0
    self.app.exit(return_code=1)
DashboardScreen.action_history = leave
""",
}
SCRIPT = """
import sys
from pathlib import Path
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.terminal.run import run_app
{crash}
run_app(HumanoidTui(Path("logs"), RunFolder(Path("logs/rsl_rl/cartpole/{run}"))))
"""


def script(crash):
    return SCRIPT.format(crash=crash, run=RUNS[0])


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_leaves_the_terminal_as_before(opened, crash):
    terminal = opened("-c", script(CRASHES[crash]), program=sys.executable)
    terminal.wait_until(is_drawn, "the dashboard")
    terminal.press(b"h")
    assert terminal.wait_for_end() == 1
    assert terminal.modes_on == set()


def test_a_program_that_hangs_is_ended_by_a_signal(opened):
    hang = "DashboardScreen.action_history = lambda self: __import__('time').sleep(3600)"
    terminal = opened("-c", script(hang), program=sys.executable)
    terminal.wait_until(is_drawn, "the dashboard")
    terminal.press(b"h")
    terminal.signal(signal.SIGTERM)
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert terminal.modes_on == set()


@pytest.mark.parametrize("screen", SCREENS)
def test_without_a_terminal_a_screen_is_refused_in_one_line(folder, screen):
    line = program(folder, *SCREENS[screen], code=2)
    assert re.fullmatch(
        r"humanoid-tui: expected a terminal, got (in|out)put without one; commands with --json need none\n", line
    )


def test_a_closed_terminal_ends_a_program_that_does_not_hear_of_it(opened):
    """As `nohup` in a connection that breaks: Textual would read its end for ever."""
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    terminal = opened("-c", script(ignore), program=sys.executable)
    terminal.wait_until(is_drawn, "the dashboard")
    process = psutil.Process(terminal.process)
    terminal.hang_up()
    wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE or not process.is_running(), "the end")
