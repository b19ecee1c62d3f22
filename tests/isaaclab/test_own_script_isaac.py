"""`steer(runner)` in a plain Isaac Lab script."""

from __future__ import annotations

import pytest

from tests.robot_viewer import seen
from tests.scripts import Run
from trainer_proc.contract.requests import Stop, Tune
from trainer_proc.contract.robot import Selection

pytestmark = pytest.mark.real


def test_a_plain_script_is_watched_steered_and_stopped(tmp_path):
    run = Run(
        tmp_path / "logs" / "cartpole" / "own",
        "tests.isaaclab.train_own_cartpole",
        str(tmp_path / "logs" / "cartpole" / "own"),
    )
    run.wait(lambda state: state.iteration, "the second iteration")
    assert run.state.started.backend == "isaaclab"
    applied = run.applied(Tune({"reward/alive/weight": 3.0, "event/mass/scale": (1.1, 1.2)}))
    assert {change.knob: change.new for change in applied.changes} == {
        "reward/alive/weight": 3.0,
        "event/mass/scale": (1.1, 1.2),
    }
    assert {state.environment for state in seen(run.folder, Selection("env", "5"), 3)} == {5}
    run.ask(Stop())
    run.wait(lambda state: state.phase.phase == "finished", "the end")
    assert run.ends() == 0
    assert run.folder.checkpoints()
