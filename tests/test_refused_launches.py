"""A launch that the trainer refuses before it builds anything leaves no run, with the real trainer."""

from __future__ import annotations

import asyncio

import pytest

from presets import load_preset
from tests.program import program
from tests.tui.conftest import STARTED
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import PhaseChanged
from tui.session.backends.devices import Device
from tui.session.experiments.launchers.every import launch
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.refusal import RefusedLaunch, wait_until_accepted


@pytest.fixture
def damaged(tmp_path):
    file = tmp_path / "damaged.pt"
    file.write_bytes(b"what looks whole until it is loaded")
    return file


def test_the_command_reports_it_in_one_line(tmp_path, damaged):
    said = program(tmp_path, "launch", "cartpole", "--device", "cpu", "--checkpoint", str(damaged), code=2)
    assert "damaged.pt is cut off or can't be loaded safely" in said.splitlines()[-1]
    assert list((tmp_path / "logs" / "rsl_rl").iterdir()) == []


async def test_a_screen_waits_for_the_trainer_s_answer(tmp_path, damaged):
    spec = make_spec(load_preset("cartpole"), Overrides(checkpoint=str(damaged)), [Device("cpu", "CPU", 1.0, 2.0)])
    folder = launch(spec, tmp_path / "runs")
    with pytest.raises(RefusedLaunch, match=r"damaged\.pt is cut off"):
        await wait_until_accepted(folder)
    assert not folder.path.parent.exists()
    assert read_connection(folder) is None


async def test_a_run_that_trains_or_has_ended_is_not_waited_for(make_run):
    await wait_until_accepted(make_run("ended", PhaseChanged("failed", "no such knob: reward/nothing/weight")))
    await wait_until_accepted(make_run("died before its first frame"))


async def test_a_run_that_builds_is_accepted(folder, link):
    link.emit(STARTED)
    link.emit(PhaseChanged("building", "loading mjlab"))
    waiting = asyncio.create_task(wait_until_accepted(folder))
    link.emit(PhaseChanged("building", "4 environments of task on cpu"))
    await asyncio.wait_for(waiting, 60)
    assert folder.spec_file.exists()


async def test_a_trainer_that_refuses_between_two_looks_is_not_taken_for_one_that_ended(folder, link, monkeypatch):
    link.emit(STARTED)
    link.emit(PhaseChanged("building", "loading mjlab"))

    def ends(*_):
        link.emit(PhaseChanged("failed", "damaged.pt is cut off", refused=True))
        link.close()
        return True

    monkeypatch.setattr("tui.session.launching.refusal._has_ended", ends)
    with pytest.raises(RefusedLaunch, match="is cut off"):
        await wait_until_accepted(folder)
