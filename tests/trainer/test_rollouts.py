"""Rollouts of a real task: what is recorded, and what is refused without a file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from curricula.errors import UserError
from tests.program import program
from tests.trainer.untrained_run import untrained_run
from trainer_proc.contract.rollout import Push, read_rollout
from trainer_proc.contract.rollout_request import RolloutRequest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained_run(tmp_path_factory.mktemp("runs"))


def record(folder, output, **changes):
    from trainer_proc.rollouts.record import record

    asked = {"policy": str(folder.checkpoint(7)), "seconds": 1.0} | changes
    request = RolloutRequest(run=str(folder.path), output=str(output), **asked)
    return record(request, lambda progress: None)


def poses(path):
    rollout = read_rollout(path)
    return np.array([np.frombuffer(state.poses, "<f4") for state in rollout.states])


def test_a_seed_records_the_same_rollout_of_a_checkpoint_and_of_its_export_into_the_run(folder, tmp_path):
    options = ("--seconds", "1", "--seed", "3", "--device", "cpu", "--json")
    (recorded,) = json.loads(program(tmp_path, "rollout", str(folder.path), *options))["rollouts"]
    file = folder.rollouts / "model_7_seed_3.rollout"
    record(folder, tmp_path / "b.rollout", seed=3, policy=str(folder.exported / "policy.onnx"))
    record(folder, tmp_path / "c.rollout", seed=4)
    a, b, c = (poses(path) for path in (file, tmp_path / "b.rollout", tmp_path / "c.rollout"))
    np.testing.assert_allclose(a, b, atol=1e-3)
    assert np.abs(a - c).max() > 1e-2
    rollout = read_rollout(file)
    assert (rollout.header.iteration, rollout.header.seed, rollout.problem) == (7, 3, "")
    assert {state.iteration for state in rollout.states} == {7}
    # the run's episodes last 0.5 s, the rollout's 1 s
    times = [state.time for state in rollout.states]
    assert times == pytest.approx([state.step * rollout.scene.step_seconds for state in rollout.states])
    assert times[-1] == pytest.approx(1.0)
    assert (recorded["path"], recorded["size"]) == (str(file), file.stat().st_size)
    assert (recorded["states"], recorded["falls"]) == (len(times), 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": (0.5, 0.0, 0.0)}, "expected a task with a velocity command to hold one, got none"),
        ({"pushes": (Push(0.5, 1.0, 0.0),)}, "expected a robot that can move for a push, got one fixed to the world"),
        ({"pushes": (Push(1.0, 1.0, 0.0),)}, "expected a push before the end at 1 s, got one at 1 s"),
        ({"command": (1e9, 0.0, 0.0)}, "expected velocities up to 100, got 1e.09"),
        ({"terrain": "stairs:4"}, "expected a task on terrain with types and levels for stairs:4, got "),
        ({"command": (1.0,)}, "expected a command of 3 values"),
        ({"seconds": 0.0}, "expected up to 600 seconds, got 0"),
        ({"policy": "/nowhere/model_3.pt"}, "no such checkpoint"),
    ],
)
def test_what_can_t_be_recorded_leaves_no_file(folder, tmp_path, changes, message):
    with pytest.raises(UserError, match=message) as error:
        record(folder, tmp_path / "sub" / "a.rollout", **changes)
    assert len(str(error.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
