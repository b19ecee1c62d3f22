"""A trained G1 policy in plain MuJoCo: it stands, walks, and survives pushes, latency and noise."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_proc.contract.bundle.gate_plan import plan_of

BUNDLE = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"


@pytest.fixture(scope="module")
def play():
    """Return what plays the first episode of a cell of the plan, by its name."""
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.success import judge_of
    from trainer_proc.verification.suite import success_of

    bundle = load_bundle(BUNDLE)
    cells = {cell.name: cell for cell in plan_of(bundle.card, "quick")}
    player = Player(bundle, judge_of(success_of(bundle.card)[0]))
    return lambda name: player.play(cells[name], 0)


@pytest.mark.parametrize(
    "name",
    [
        "stand",
        "forward 0.5 m/s",
        "push left 0.5 m/s",
        "perturbed start",
        "motors ×0.9",
        "latency 2 steps",
        "sensor noise",
    ],
)
def test_it_follows_its_command_and_does_not_fall(play, name):
    values = play(name)
    assert values["success"] == values["survived"] == 1.0
    assert values["torque_saturation"] < 0.01


def test_it_walks_nearly_as_fast_as_commanded(play):
    values = play("forward 0.5 m/s")
    assert 0.35 < values["velocity/forward"] < 0.55
    assert abs(values["velocity/yaw"]) < 0.1


def test_it_does_not_turn_on_the_spot(play):
    assert abs(play("yaw 0.3 rad/s")["velocity/yaw"]) < 0.1
