"""A run whose knobs of every kind are turned, stopped, gone on with, and repeated as a preset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.program import launched, program, reach_iteration, stop
from tests.waiting import wait_for
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.run_index import read_state

pytestmark = pytest.mark.real

MASS, RATE, WEIGHT = "event/mass/scale", "ppo/learning_rate", "reward/smooth_reward/weight"
NOISE, GUARD = "observation/actor/pole_vel/noise", "guard/kl/mode"


def values(folder: RunFolder, *names: str) -> list[object]:
    knobs = read_state(folder).knobs
    return [knobs[name].value for name in names]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def run(work: Path):
    """A cartpole training whose weights may lie between 0 and 9; stopped at the end."""
    arguments = ("cartpole", "--iterations", "5000", "--num-envs", "8", "--name", "turned", "--bound", "reward/*=0:9")
    folder = launched(work, "launch", *arguments)
    yield folder
    stop(work, folder)


def test_what_a_knob_can_not_take_is_refused_and_changes_nothing(run: RunFolder, work: Path):
    for setting, reason in (
        (f"{MASS}=1.2:0.8", "low end first"),
        (f"{MASS}=0.8", "a range LOW:HIGH"),
        (f"{WEIGHT}=10", "at most 9"),
        ("environment/num_envs=9", "needs a restart"),
    ):
        assert reason in program(work, "tune", "turned", setting, f"{NOISE}=-1:1", code=1)
    assert "off or warn or act" in program(work, "tune", "turned", f"{GUARD}=sometimes", code=2)
    assert read_state(run).interventions == {}


def test_several_kinds_are_turned_in_one_request(run: RunFolder, work: Path):
    settings = (f"{MASS}=usual", f"{NOISE}=-0.1:0.1", f"{RATE}=0.0005", f"{GUARD}=off")
    told = program(work, "tune", "turned", *settings, "--when", "now", "--applied")
    assert "the training is blocked" in told
    assert values(run, MASS, NOISE, RATE, GUARD) == [(0.8, 1.2), (-0.1, 0.1), 0.0005, "off"]
    state = read_state(run)
    assert state.knobs[RATE].knob.pinned
    reach_iteration(run, (state.iteration or 0) + 2)
    assert values(run, RATE) == [0.0005]  # the adaptive schedule would have moved it


def test_a_stale_request_is_refused_with_the_newer_value(run: RunFolder, work: Path):
    seen = json.loads(program(work, "knobs", "turned", "--json"))["revision"]
    program(work, "tune", "turned", f"{WEIGHT}=2", "--applied")
    refused = program(work, "tune", "turned", f"{WEIGHT}=3", "--revision", str(seen), code=1)
    assert f"{WEIGHT} has changed since revision {seen}: it is 2" in refused


def test_a_ramp_takes_its_steps_and_undo_takes_it_back(run: RunFolder, work: Path):
    program(work, "tune", "turned", f"{WEIGHT}=8", "--ramp", "3", "--geometric")
    wait_for(lambda: values(run, WEIGHT) == [8.0], "the end of the ramp", seconds=120)
    applied = max(read_state(run).interventions)
    program(work, "undo", "turned", str(applied), "--applied")
    assert values(run, WEIGHT) == [2.0]
    program(work, "redo", "turned", "--applied")
    program(work, "undo", "turned", "--applied")
    program(work, "unpin", "turned", RATE, "--applied")
    assert not read_state(run).knobs[RATE].knob.pinned


def test_a_resumed_run_goes_on_with_what_was_set(run: RunFolder, work: Path):
    stopped = stop(work, run)
    assert stopped.iteration is not None
    answer = json.loads(program(work, "resume", "turned", "--iterations", "2", "--wait", "--json"))
    resumed = read_state(RunFolder(Path(answer["run"])))
    assert answer["run"] != str(run.path)
    assert resumed.first_iteration == stopped.iteration + 1
    assert resumed.iteration == stopped.iteration + 2
    for name in (MASS, NOISE, GUARD, WEIGHT):
        assert resumed.knobs[name].value == stopped.knobs[name].value, name
        assert resumed.knobs[name].changed_by.origin == "checkpoint"  # type: ignore[union-attr]


def test_the_changes_are_a_preset_that_repeats_them(run: RunFolder, work: Path):
    preset = work / "turned.toml"
    preset.write_text(program(work, "knobs", str(run.path), "--changed", "--toml"))
    again = launched(work, "launch", str(preset), "--iterations", "1", "--num-envs", "4", "--wait")
    assert values(again, MASS, NOISE, GUARD, WEIGHT) == values(run, MASS, NOISE, GUARD, WEIGHT)
    assert read_state(again).knobs[WEIGHT].knob.maximum == 9.0
