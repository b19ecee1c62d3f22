"""Faults of an exporter are caught without a trace too: the robot falls, or doesn't follow its command."""

from __future__ import annotations

from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"
LEFT, RIGHT = "left_knee_joint", "right_knee_joint"
CELLS = ("forward 0.5 m/s", "latency 2 steps")


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Player, faults, judge_for, load_bundle, plan_of, read_trace
    from tests.verification import faults
    from trainer_proc.contract.bundle.gate_plan import plan_of
    from trainer_proc.contract.bundle.trace import read_trace
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.suite import judge_for


def successes(folder):
    bundle = load_bundle(folder)
    player = Player(bundle, judge_for(bundle.card)[0])
    cells = {cell.name: cell for cell in plan_of(bundle.card, "quick")}
    return [player.play(cells[name], 0)["success"] for name in CELLS]


def test_the_good_bundle_succeeds():
    assert successes(RECORDED) == [1.0, 1.0]


FAULTS = {
    "swapped joints": lambda: (faults.swapped(LEFT, RIGHT, "action_names"), None),
    "swapped observations": lambda: (faults.swapped(LEFT, RIGHT), None),
    "high gains": lambda: (faults.times("joint_stiffness", 2.0), None),
    "low gains": lambda: (faults.times("joint_stiffness", 0.5), None),
    "wrong scale": lambda: (faults.times("action_scale", 1.5), None),
    "degrees": lambda: (faults.term("joint_vel", scale=[faults.DEGREES]), None),
    "half the control rate": lambda: (faults.control_rate(25.0, 8), None),  # this policy also walks at twice the rate
    "no normalizer": lambda: (
        lambda card: card,
        faults.raw_observations(*read_trace(RECORDED / "trace.npz").normalizer),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails(tmp_path, fault):
    change, network = FAULTS[fault]()
    copy = faults.broken(RECORDED, tmp_path / "broken", change, network)
    (copy / "trace.npz").unlink()
    assert 0.0 in successes(copy)
