"""Success of holding joints at the end of an episode: counting steps against a loop, and poles of a real simulator."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.schema import SchemaError
from presets import load_preset
from presets.success import Success, read_success
from trainer_proc.contract.errors import TrainingError


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, JointLimits, Simulated, held_steps, make_rule, simulator_of, torch
    import torch

    from tests.trainer.knobs.simulated import CARTPOLE, Simulated
    from trainer_proc.metrics.success.joints import JointLimits, held_steps
    from trainer_proc.metrics.success.rules import make_rule
    from trainer_proc.simulators.registry import simulator_of


# --- counting ---


def counted(batches, environments):
    """Return how many steps in a row were within before each step, one environment and one step at a time."""
    found, held = [], [0] * environments
    for batch in batches:
        for steps in batch:
            found.append(list(held))
            for one, (within, done) in enumerate(steps):
                held[one] = (0 if done else held[one]) + 1 if within else 0
    return found


@st.composite
def recorded(draw):
    environments = draw(st.integers(1, 3))
    step = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=environments, max_size=environments)
    return environments, draw(st.lists(st.lists(step, min_size=1, max_size=6), min_size=1, max_size=4))


@given(recorded())
def test_steps_in_a_row_are_counted_as_a_loop_counts_them(recording):
    environments, batches = recording
    carried, found = torch.zeros(environments, dtype=torch.long), []
    for batch in batches:
        table = torch.tensor(batch)
        held, carried = held_steps(table[..., 0], table[..., 1], carried)
        found += held.tolist()
    assert found == counted(batches, environments)


# --- definitions ---


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, "success: kind joints needs limits in `positions` or `angles`, got none"),
        ({"angles": {"a": [1, 0]}}, "success: a: expected LOW ≤ HIGH, got 1:0"),
        ({"angles": {"a": [0, math.inf]}}, "success: a: expected a finite number, got inf"),
        ({"angles": {"a": [0, 1]}, "positions": {"a": [0, 1]}}, "success: a is in `positions` and in `angles`"),
        ({"angles": {"a": [0, 1]}, "last": 0}, "success.last: expected a number above 0"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(table, problem):
    with pytest.raises(SchemaError) as error:
        read_success({"kind": "joints"} | table)
    assert problem in str(error.value)


def test_a_joint_that_the_robot_does_not_have_is_refused():
    robot = SimpleNamespace(joint_names=("slider", "hinge_1"))
    definition = Success(kind="joints", angles={"hinge": (0, 1)})
    with pytest.raises(TrainingError, match="success of kind joints: no such joint: hinge; nearest: hinge_1"):
        JointLimits(definition, robot, step_dt=0.5, longest=8)


@pytest.mark.parametrize("leaves_at", [None, 1])
def test_of_an_episode_shorter_than_its_last_seconds_all_counts(leaves_at):
    positions = torch.zeros(1, 1)
    robot = SimpleNamespace(joint_names=("hinge",), data=SimpleNamespace(joint_pos=positions))
    rule = JointLimits(Success(kind="joints", angles={"hinge": (-1, 1)}, last=60.0), robot, step_dt=0.5, longest=4)
    rule.begin()
    for step in range(4):
        positions[:] = 2.0 if step == leaves_at else 0.0
        rule.step()
    dones = torch.tensor([[False], [False], [False], [True]])
    assert rule.judge(dones, dones).success.tolist()[-1] == [leaves_at is None]


# --- a real simulator ---

STEPS, HELD = 20, 10


@pytest.fixture(scope="module")
def cartpole():
    def short(cfg):
        cfg.episode_length_s = STEPS * 0.05

    return Simulated(CARTPOLE, 6, short)


def outcomes(cartpole, definition, positions_at, episodes=2):
    """Put the joints at `positions_at(step)` after each step; return success and score at the end of each episode."""
    rule = make_rule(definition, cartpole.env, simulator_of(cartpole.env))
    cartpole.reset()
    rule.begin()
    ended, steps = [], []
    for number in range(episodes * STEPS):
        with torch.inference_mode():
            _, _, dones, extras = cartpole.runner.env.step(torch.zeros(6, 1))
            positions = positions_at(number % STEPS)
            cartpole.robot.write_joint_state_to_sim(positions, torch.zeros_like(positions))
            rule.step()
        steps.append((dones > 0, extras["time_outs"].clone()))
        if number % 7 == 6 or number == episodes * STEPS - 1:  # iterations end within episodes
            dones, time_outs = (torch.stack(seen) for seen in zip(*steps, strict=True))
            judged = rule.judge(dones, time_outs)
            at_end = dones.all(1)
            ended += zip(judged.success[at_end].tolist(), judged.values["score"][at_end].tolist(), strict=True)
            steps.clear()
    return ended


def test_only_the_end_of_an_episode_decides(cartpole):
    definition = Success(
        kind="joints", positions={"slider": (-0.5, 0.5)}, angles={"hinge_1": (-0.2, 0.2)}, last=HELD * 0.05
    )

    def positions_at(step):
        positions = torch.zeros(6, 2)  # slider, hinge_1
        is_early, is_late = step < STEPS - HELD - 2, step == STEPS - 3
        positions[1, 1] = math.pi if is_early else 0.0  # hangs first
        positions[2, 1] = 0.3 if is_late else 0.0  # leaves near the end
        positions[3, 0] = 0.6 if is_late else 0.0
        positions[4, 1] = 2 * math.pi + 0.1  # upright after a turn
        positions[5, 1] = math.nan if is_late else 0.0
        return positions

    first, second = outcomes(cartpole, definition, positions_at)
    assert first[0] == second[0] == [True, True, False, False, True, False]
    assert second[1][0] == 1.0  # in every measured step
    assert 0.5 < second[1][1] < 0.7
    assert second[1][2] == pytest.approx(1 - 1 / (STEPS - 1))


@pytest.mark.parametrize("name", ["cartpole", "cartpole-swingup"])
def test_a_pole_that_hangs_or_turns_has_no_success_with_the_presets(cartpole, name):
    definition = read_success(load_preset(name).success | {"last": HELD * 0.05})

    def positions_at(step):
        positions = torch.zeros(6, 2)
        positions[0, 1] = math.pi
        positions[1, 1] = step * 0.7
        positions[2, 0] = 1.5
        positions[3, 1] = -0.5
        return positions

    assert [success for success, _ in outcomes(cartpole, definition, positions_at)] == [
        [False, False, False, False, True, True]
    ] * 2
