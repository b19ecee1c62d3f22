"""`auto` in the field of environments: the launch screen measures, starts with the result, or is told to stop."""

from __future__ import annotations

import threading
import time

import pytest
from textual.widgets import Button, Input, Static

from presets import load_preset
from tests.tui.screens.conftest import DEVICES
from tests.tui.screens.recorded import make_run, type_at_once, until
from tests.waiting import wait_for
from trainer_proc.contract.monitoring import MemoryMeasured
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.launch.screen import MEASURING, LaunchScreen
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.probing.probe import ProbingCancelled
from tui.session.probing.search import Probe


@pytest.fixture
def probes(monkeypatch, tmp_path):
    """Short trainings, each of which waits until it is let go; with 8192 environments they are no faster."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    probes = Probes()
    monkeypatch.setattr("tui.session.probing.choose.run_probe", probes.run)
    return probes


class Probes:
    def __init__(self):
        self.go_on = threading.Event()
        self.result = "measured"
        self.ended = 0

    def run(self, spec, num_envs, is_cancelled):
        try:
            while not self.go_on.wait(0.01):
                if is_cancelled():
                    raise ProbingCancelled("ended")
            speed = float(min(num_envs, 8192))
            return Probe(num_envs, self.result, speed, reason="no kernel"), time.time()
        finally:
            self.ended += 1


def shown(app, widget):
    return str(app.screen.query_one(f"#{widget}", Static).content)


def button(app):
    return str(app.screen.query_one("#start", Button).label)


async def is_measuring(app, pilot):
    await until(lambda: isinstance(app.screen, LaunchScreen) and app.screen.query("#num-envs"), "the launch screen")
    await until(lambda: app.screen.query_one("#num-envs", Input).value == "4096", "the preset's number")
    await pilot.press("tab", "tab")
    type_at_once(app, "x", *"auto", "o", "8")
    await until(lambda: app.screen.query_one("#num-envs", Input).value == "auto", "nothing but auto")
    await pilot.press("enter")
    await until(lambda: shown(app, "progress") == "measuring 4096 environments…", "the measurement")


async def test_the_fastest_number_is_measured_and_started(log_root, launched, probes):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_measuring(app, pilot)
        assert (button(app), launched) == (MEASURING, [])
        probes.go_on.set()
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    assert launched[0].num_envs == 8192
    assert probes.ended == 3  # 4096, 8192 and 16384


async def test_the_button_ends_a_measurement(log_root, launched, probes):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_measuring(app, pilot)
        await pilot.press("enter")
        await until(lambda: button(app) != MEASURING, "the end")
        assert (shown(app, "progress"), shown(app, "problem"), launched, probes.ended) == ("", "", [], 1)


async def test_a_measurement_without_a_result_is_told(log_root, launched, probes):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_measuring(app, pilot)
        probes.result = "failed"
        probes.go_on.set()
        message = "no number of environments works on cuda:0: 1: no kernel"
        await until(lambda: message in shown(app, "problem"), "the problem")
        assert app.focused.id == "num-envs"
        assert launched == []


async def test_the_end_of_the_program_ends_a_measurement(log_root, launched, probes):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_measuring(app, pilot)
    assert not probes.go_on.is_set()
    wait_for(lambda: probes.ended == 1, "the end of the thread")
    assert launched == []


async def test_what_earlier_runs_used_is_shown_and_chosen(log_root, launched):
    spec = make_spec(load_preset("g1-rough"), Overrides(device="cuda:0", num_envs=1024), DEVICES)
    memory = MemoryMeasured(DEVICES[0].title, 2 * 1024**3, 24 * 1024**3)
    folder = make_run(log_root, "g1-walk", [memory], name="earlier")
    (log_root / spec.experiment).mkdir()
    folder = RunFolder(folder.path.rename(log_root / spec.experiment / "earlier"))
    folder.write_spec(spec)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await until(lambda: isinstance(app.screen, LaunchScreen) and app.screen.query("#num-envs"), "the launch screen")
        await until(lambda: app.screen.query_one("#num-envs", Input).value == "4096", "the first preset's number")
        await pilot.press(*["down"] * 3)
        told = "fits, 2.0 of 24 GiB used in run earlier with 1024"
        await until(lambda: shown(app, "record") == told, "the record")
        assert app.screen.query_one("#num-envs", Input).value == "4096"  # 2048 by the preset's estimate
        await pilot.press("down")
        await until(lambda: not app.screen.query_one("#record").display, "no record")
