"""The sums of a motion's cost, against motions whose values are known."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

STEP_S = 0.02


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ActionDelay, Wear, torch
    import torch

    from trainer_proc.evaluation.latency import ActionDelay
    from trainer_proc.evaluation.wear import Wear


class Motion:
    """Two joints and one foot in `num_envs` environments; a test sets what they do in the next step."""

    def __init__(self, num_envs=1, *, limits=((-1.0, 1.0), (-math.inf, math.inf)), feet=True):
        self.position_limits = torch.tensor(limits).expand(num_envs, 2, 2)
        self.effort_limits = torch.tensor([[-10.0, 10.0], [-math.inf, math.inf]])
        self.position = torch.zeros(num_envs, 2)
        self.velocity = torch.zeros(num_envs, 2)
        self.effort = torch.zeros(num_envs, 2)
        self.speed = torch.zeros(num_envs, 1)
        self.touches = torch.zeros(num_envs, 1, dtype=torch.bool)
        self.root = torch.zeros(num_envs, 3)
        self._feet = feet

    def positions(self):
        return self.position

    def velocities(self):
        return self.velocity

    def efforts(self):
        return self.effort

    def mass(self):
        return torch.full((len(self.root),), 10.0)

    def feet(self):
        return (self.speed, self.touches) if self._feet else None


def wear_of(motion, steps, move=lambda step: None, *, fixed=False, actions=lambda step: 0.0, running=None):
    root = None if fixed else SimpleNamespace(position=lambda: motion.root)
    wear = Wear(motion, root, STEP_S)
    running = torch.ones(len(motion.root), dtype=torch.bool) if running is None else running
    for step in range(steps):
        move(step)
        wear.step(torch.full((len(motion.root), 3), actions(step)), running)
    return {name: values.tolist() for name, values in wear.values().items()}


def test_a_sine_has_its_jerk_and_its_power():
    motion, amplitude, rate = Motion(), 0.3, 2.0 * math.pi

    def move(step):
        time = step * STEP_S
        motion.velocity[:] = amplitude * rate * math.cos(rate * time)
        motion.effort[:] = 2.0 * math.copysign(1.0, motion.velocity[0, 0].item())

    values = wear_of(motion, 500, move)  # ten periods
    assert values["jerk"][0] == pytest.approx(amplitude * rate**3 / math.sqrt(2.0), rel=0.01)
    # both joints, 2 N·m against a mean speed of 2/π of the largest
    assert values["power"][0] == pytest.approx(2 * 2.0 * amplitude * rate * 2.0 / math.pi, rel=0.01)


def test_energy_is_for_each_metre_of_the_path_and_not_for_its_sway():
    motion, still = Motion(), Motion()
    for one in (motion, still):
        one.velocity[:, 0], one.effort[:, 0] = 1.0, 5.0  # 5 W

    def walk(step):  # 0.5 m/s, swaying twice a second
        time = (step + 1) * STEP_S
        motion.root[0] = torch.tensor([0.5 * time, 0.03 * math.sin(4.0 * math.pi * time), 0.7])

    values = wear_of(motion, 500, walk)
    assert values["energy_per_metre"][0] == pytest.approx(10.0, rel=0.001)
    assert values["cost_of_transport"][0] == pytest.approx(10.0 / (10.0 * 9.81), rel=0.001)
    assert math.isnan(wear_of(still, 500)["energy_per_metre"][0])
    assert "energy_per_metre" not in wear_of(motion, 500, fixed=True)


def test_limits_count_within_two_percent_of_their_range():
    motion = Motion(3)
    motion.position[:, 0] = torch.tensor([0.95, 0.97, -0.99])  # the range is 2 wide
    motion.position[:, 1] = 1e6  # has none
    motion.effort[:, 0] = torch.tensor([9.7, 9.9, -9.9])
    motion.effort[:, 1] = 1e6
    values = wear_of(motion, 4)
    assert values["joint_limits"] == [0.0, 1.0, 1.0]
    assert values["torque_saturation"] == [0.0, 1.0, 1.0]


def test_only_feet_on_the_ground_slip():
    motion = Motion(3)
    motion.speed[:] = torch.tensor([[0.4], [0.4], [0.4]])

    def move(step):
        motion.touches[:, 0] = torch.tensor([True, step % 2 == 0, False])

    values = wear_of(motion, 10, move)["foot_slip"]
    assert values[:2] == pytest.approx([0.4, 0.4])
    assert math.isnan(values[2])
    assert "foot_slip" not in wear_of(Motion(feet=False), 3)


def test_the_rate_of_actions_is_that_of_a_second():
    assert wear_of(Motion(), 50, actions=lambda step: 0.1 * step)["action_rate"][0] == pytest.approx(5.0, rel=1e-4)


def test_an_ended_episode_adds_nothing_and_a_single_step_has_no_rates():
    motion = Motion(2)
    motion.effort[:] = motion.velocity[:] = torch.tensor([[1.0, 1.0], [math.nan, math.nan]])
    values = wear_of(motion, 10, running=torch.tensor([True, False]))
    assert values["power"][0] == pytest.approx(2.0)
    assert math.isnan(values["power"][1])
    assert math.isnan(wear_of(motion, 1)["jerk"][0])


@pytest.mark.parametrize("delays", [[0, 0], [0, 1], [2, 1]])
def test_motors_get_actions_late_and_an_episode_begins_with_its_first(delays):
    received = []
    term = SimpleNamespace(process_actions=lambda actions: received.append(actions[:, 0].tolist()))
    env = SimpleNamespace(
        action_manager=SimpleNamespace(active_terms=["joints"], get_term=lambda name: term),
        episode_length_buf=torch.zeros(2, dtype=torch.long),
        num_envs=2,
        device="cpu",
    )
    ActionDelay(env, max(delays)).delays = torch.tensor(delays)
    for step in range(6):
        if step == 3:
            env.episode_length_buf[0] = 0  # its episode has ended
        term.process_actions(torch.full((2, 1), float(step)))
        env.episode_length_buf += 1
    begins = [[0, 0, 0, 3, 3, 3], [0] * 6]
    assert received == [
        [max(step - delay, first[step]) for delay, first in zip(delays, begins, strict=True)] for step in range(6)
    ]
