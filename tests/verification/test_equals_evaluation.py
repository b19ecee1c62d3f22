"""Success and wear in numpy are those of the training, on the same motion."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from presets.success import Success
from tests.verification.trajectories import trajectory_of
from trainer_proc.verification.success import judge_of
from trainer_proc.verification.trajectory import JointEnds, wear

STEPS, STEP_S = 60, 0.02


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Velocity, Wear, torch
    import torch

    from trainer_proc.evaluation.wear import Wear
    from trainer_proc.metrics.success.velocity import Velocity


def swinging(random, offset):
    """Return velocities of a gait around `offset`, [STEPS, 3]."""
    phase = np.arange(STEPS)[:, None] * 0.3 + random.uniform(0, 6, 3)
    return offset + 0.5 * np.sin(phase) + random.normal(0, 0.05, (STEPS, 3))


class _Root:
    """A root that looks along x and moves as told."""

    def __init__(self, velocities):
        self._velocities, self.step = velocities, 0

    def orientation(self):
        return torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.double)

    def velocity(self):
        x, y, yaw = self._velocities[min(self.step, STEPS - 1)]
        return torch.tensor([[x, y, 0.0, 0.0, 0.0, yaw]], dtype=torch.double)

    def velocity_in_root_frame(self, orientation, velocity):
        return velocity[..., :3], velocity[..., 3:]


def judged_by_training(definition, velocities, command, survived):
    root = _Root([np.zeros(3), *velocities])
    rule = Velocity(
        definition,
        SimpleNamespace(command=torch.tensor([command], dtype=torch.double)),
        root,
        step_dt=STEP_S,
        longest=STEPS,
    )
    rule.begin()
    for step in range(1, STEPS + 1):
        root.step = step
        rule.step()
    dones = torch.zeros(STEPS, 1, dtype=torch.bool)
    dones[-1] = True
    judgement = rule.judge(dones, dones & survived)
    values = {name: float(value[-1, 0]) for name, value in judgement.values.items()}
    return values | {"success": float(judgement.success[-1, 0])}


@pytest.mark.parametrize("survived", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_velocity_is_judged_as_in_the_training(seed, survived):
    random = np.random.default_rng(seed)
    command = random.uniform(-0.5, 0.5, 3).round(2).tolist()
    velocities = swinging(random, np.array(command) + random.uniform(-0.3, 0.3, 3))
    definition = Success(kind="velocity")
    expected = judged_by_training(definition, velocities, command, survived)
    found = judge_of(definition)(trajectory_of(velocities[:-1], survived=survived), tuple(command))
    assert found["success"] == expected["success"]
    for name in ("error/linear", "error/lateral", "error/yaw"):
        assert found[name] == pytest.approx(expected[name], rel=1e-6)


def test_both_verdicts_occur():
    """The seeds above would prove little if all episodes succeeded."""
    found = set()
    for seed in range(6):
        random = np.random.default_rng(seed)
        command = random.uniform(-0.5, 0.5, 3).round(2).tolist()
        velocities = swinging(random, np.array(command) + random.uniform(-0.3, 0.3, 3))
        found.add(judge_of(Success(kind="velocity"))(trajectory_of(velocities), tuple(command))["success"])
    assert found == {0.0, 1.0}


def test_wear_is_that_of_the_suite_smoothness():
    random = np.random.default_rng(3)
    actions, velocities = random.normal(size=(STEPS, 2)), random.normal(size=(STEPS, 2))
    positions, efforts = random.uniform(-1, 1, (STEPS, 2)), random.uniform(-10, 10, (STEPS, 2))
    position_limits = [[-1.0, 1.0], [-np.inf, np.inf]]
    effort_limits = [[-9.0, 9.0], [-np.inf, np.inf]]
    mechanics = SimpleNamespace(
        position_limits=torch.tensor([position_limits]),
        effort_limits=torch.tensor(effort_limits),
        feet=lambda: None,
        mass=lambda: torch.ones(1),
    )
    suite = Wear(mechanics, None, STEP_S)
    for step in range(STEPS):
        for name, values in (("positions", positions), ("velocities", velocities), ("efforts", efforts)):
            setattr(mechanics, name, lambda row=values[step]: torch.tensor(row).unsqueeze(0))
        suite.step(torch.tensor(actions[step]).unsqueeze(0), torch.ones(1, dtype=torch.bool))
    expected = {name: float(value) for name, value in suite.values().items()}
    recorded = trajectory_of(
        np.zeros((STEPS, 3)), actions=actions, joint_positions=positions, joint_velocities=velocities, efforts=efforts
    )
    found = wear(recorded, JointEnds(np.array(position_limits), np.array(effort_limits)))
    assert 0.0 < found["joint_limits"] < 1.0
    assert 0.0 < found["torque_saturation"] < 1.0
    assert found == pytest.approx({name: expected[name] for name in found}, rel=1e-5)
