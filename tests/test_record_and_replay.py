"""A session at a real training, recorded and repeated unattended; a run that branches off another that trains on."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.program import PROGRAM, launched, paused, program, reach_iteration, stop
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionApplied, RampAdvanced
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.runs.run_index import read_state
from tui.session.state import RunState

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

MASS, RATE, WEIGHT = "event/mass/scale", "ppo/learning_rate", "reward/smooth_reward/weight"
NOISE, ENTROPY, GUARD = "observation/actor/pole_vel/noise", "ppo/entropy_coef", "guard/kl/mode"
LEVEL = "curriculum/growth/level"

RESET, CLIP = "event/reset_hinge/position_range", "ppo/clip_param"

GROWING = f"""
[curriculum.growth]
kind = "growth"
metric = "Loss/learning_rate"
up = 0
stay = 2
episodes = 0
steps = 50
ranges = {{ "{RESET}" = {{ from = [0, 0], to = [-0.5, 0.5] }} }}
"""


def values(folder: RunFolder, *names: str) -> list[object]:
    knobs = read_state(folder).knobs
    return [knobs[name].value for name in names]


def put_in_force(folder: RunFolder, last_iteration: int) -> dict[str, list[tuple[int, Value]]]:
    """Return by knob what was put in force and when, up to an iteration; a recording's own level is no knob of both."""
    told: dict[str, list[tuple[int, Value]]] = {}
    for frame in JournalReader(folder.journal).read_new():
        if isinstance(frame.body, InterventionApplied | RampAdvanced) and frame.body.iteration <= last_iteration:
            for change in frame.body.changes:
                told.setdefault(change.knob, []).append((frame.body.iteration, change.new))
    told.pop("curriculum/recording/level", None)
    return told


@contextmanager
def going(folder: RunFolder) -> Iterator[None]:
    """Let a training go on that otherwise stands still: it iterates no more than it must while commands start."""
    trainer = read_trainer(folder)
    assert trainer is not None
    process = psutil.Process(trainer.pid)
    process.resume()
    yield
    with suppress(psutil.NoSuchProcess):
        process.suspend()


def changed(folder: RunFolder, cwd: Path, *arguments: str) -> str:
    """Run a command that asks for a change and waits for it; return what it prints."""
    before = len(read_state(folder).queued)
    with subprocess.Popen([PROGRAM, *arguments], cwd=cwd, stdout=subprocess.PIPE, text=True) as command:
        wait_for(lambda: len(read_state(folder).queued) > before or command.poll() is not None, "the request")
        with going(folder):
            wait_for(lambda: read_state(folder).interventions.keys() >= read_state(folder).queued.keys(), "the change")
        printed, _ = command.communicate()
    assert command.returncode == 0, printed
    return printed


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def session(work: Path) -> RunFolder:
    """A training at which somebody has sat: every kind of change, two of them in a pause."""
    arguments = ("--iterations", "5000", "--num-envs", "8", "--seed", "7", "--device", "cpu", "--set", f"{WEIGHT}=2")
    folder = launched(work, "launch", "cartpole", *arguments, "--bound", "reward/*=0:9")
    run = str(folder.path)

    def do(name: str, *rest: str) -> Any:
        return json.loads(changed(folder, work, name, run, *rest, "--applied", "--json"))

    with going(folder):
        reach_iteration(folder, 3)
    ramped = do("tune", f"{WEIGHT}=8", f"{NOISE}=-0.1:0.1", "--ramp", "6", "--note", "slowly")["intervention"]
    do("tune", f"{MASS}=usual", "--when", "now")
    do("tune", f"{RATE}=0.0005", f"{GUARD}=off")
    with going(folder):
        wait_for(
            lambda: not any(knob.ramp for knob in read_state(folder).knobs.values()),
            "the end of the ramp",
            TRAINING_SECONDS,
        )
    assert values(folder, WEIGHT, NOISE, MASS, RATE, GUARD) == [8.0, (-0.1, 0.1), (0.8, 1.2), 0.0005, "off"]
    do("undo", str(ramped))
    assert values(folder, WEIGHT, MASS) == [2.0, (0.8, 1.2)]
    do("redo", str(ramped))
    assert read_state(folder).knobs[RATE].knob.pinned
    do("tune", f"{WEIGHT}=9", "--ramp", "5000")
    do("stop-ramp", WEIGHT)
    with going(folder), paused(folder):
        program(work, "tune", run, f"{ENTROPY}=0.03", "--note", "first in the pause", "--applied")
        program(work, "tune", run, f"{ENTROPY}=0.02", f"{CLIP}=0.25", "--applied")
    do("unpin", RATE)
    assert not read_state(folder).knobs[RATE].knob.pinned
    do("tune", f"{WEIGHT}=1", "--ramp", "4", "--geometric")
    do("undo")
    state = read_state(folder)
    with going(folder):
        reach_iteration(folder, (state.iteration or 0) + 5)
        stop(work, folder)
    return folder


def test_a_recorded_session_is_repeated_unattended_value_by_value(session: RunFolder, work: Path):
    recorded = json.loads(program(work, "record", str(session.path), "-o", "my.toml", "--json"))
    state = read_state(session)
    by_person = [applied for applied in state.interventions.values() if applied.origin == "person"]
    assert recorded["steps"] == len(by_person) == 12
    assert state.iteration is not None
    words = shlex.split(recorded["launch"])[1:]
    repeated = launched(work, *words, "--iterations", str(state.iteration + 1), "--wait")
    expected = put_in_force(session, state.iteration)
    assert put_in_force(repeated, state.iteration) == expected
    assert {WEIGHT, NOISE, MASS, RATE, GUARD, ENTROPY, CLIP} <= expected.keys()
    assert len(expected[WEIGHT]) > 10  # one ramp at least took all of its 6 steps
    again = read_state(repeated)
    assert {name: knob.value for name, knob in again.knobs.items() if name in state.knobs} == {
        name: knob.value for name, knob in state.knobs.items()
    }
    assert {name for name, knob in again.knobs.items() if knob.knob.pinned} == {
        name for name, knob in state.knobs.items() if knob.knob.pinned
    }
    assert {applied.origin for applied in again.interventions.values()} == {"launch", "schedule"}


@pytest.fixture(scope="module")
def parent(session: RunFolder, work: Path):
    """A training with all that was changed in the session and a curriculum, which goes on until the tests end."""
    changed = program(work, "knobs", str(session.path), "--changed", "--toml")
    (work / "growing.toml").write_text(changed + GROWING)
    folder = launched(work, "launch", "growing.toml", "--device", "cpu")
    yield folder
    stop(work, folder)


def test_the_changes_are_a_preset_that_repeats_them(session: RunFolder, parent: RunFolder):
    reach_iteration(parent, 0)
    names = (MASS, NOISE, GUARD, WEIGHT, ENTROPY, CLIP)
    assert values(parent, *names) == values(session, *names)
    assert values(parent, MASS, GUARD, CLIP) == [(0.8, 1.2), "off", 0.25]
    assert read_state(parent).knobs[WEIGHT].knob.maximum == 9.0


def test_a_fork_goes_on_with_the_values_levels_and_pins_of_its_parent(parent: RunFolder, work: Path):
    run = str(parent.path)
    program(work, "tune", run, f"{RATE}=0.0005", f"{WEIGHT}=3", "--applied")
    wait_for(lambda: read_state(parent).knobs[LEVEL].value >= 2, "two levels", TRAINING_SECONDS)  # type: ignore[operator]
    program(work, "save", run)
    saved = wait_for(lambda: state_when_saved(parent), "the checkpoint", TRAINING_SECONDS)
    at = saved.checkpoints[-1].iteration
    program(work, "tune", run, f"{WEIGHT}=5", "--applied")
    before = read_state(parent)

    more = ("--set", f"{WEIGHT}=7", "--iterations", "4", "--name", "branch", "--wait")
    forked = launched(work, "fork", run, "--at", str(at), *more)

    state = read_state(forked)
    assert (state.first_iteration, state.iteration) == (at + 1, at + 4)
    first = [applied for applied in state.interventions.values() if applied.iteration == at + 1]
    assert [applied.origin for applied in first] == ["checkpoint", "launch"]
    restored, launch = ({change.knob: change.new for change in applied.changes} for applied in first)
    changed = (LEVEL, RESET, RATE, WEIGHT, MASS, NOISE, GUARD, ENTROPY, CLIP)
    assert restored == {knob: saved.knobs[knob].value for knob in changed}
    assert launch == {WEIGHT: 7.0}
    assert first[0].pinned == (RATE,)
    assert {name for name, knob in state.knobs.items() if knob.knob.pinned} == {RATE}
    level = saved.knobs[LEVEL].value
    decided = [applied for applied in state.interventions.values() if applied.origin == "curriculum"]
    assert [applied.changes[0].new for applied in decided[:1]] == [level + 1]  # type: ignore[operator]

    rows = json.loads(program(work, "runs", "--json"))
    assert [row["parent"] for row in rows if row["name"] == forked.name] == [run]
    assert f"from {parent.name} at {at}" in program(work, "runs")
    after = read_state(parent)
    assert after.iteration is not None
    assert before.iteration is not None
    assert after.iteration > before.iteration
    assert read_connection(parent) is not None
    assert after.knobs[WEIGHT].value == 5.0
    by_person = [applied for applied in after.interventions.values() if applied.origin == "person"]
    assert len(by_person) == 2


def state_when_saved(folder: RunFolder) -> RunState | None:
    """Return the fold of all that was told until the checkpoint that somebody asked for, rsl-rl's first is of 0."""
    state = RunState()
    for frame in JournalReader(folder.journal).read_new():
        state.apply(frame)
        if isinstance(frame.body, CheckpointSaved) and frame.body.iteration:
            return state
    return None
