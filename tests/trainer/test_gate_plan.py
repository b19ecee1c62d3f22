"""The plan of a gate: cells within the trained commands, the same start for the same seed."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.bundle.description import Command, CommandPart, PolicyDescription
from trainer_proc.contract.bundle.gate import (
    NOMINAL_JOINT,
    SUCCESS_GROUPS,
    VELOCITY_PARTS,
    GateRefused,
    start_of,
    velocity_of,
)
from trainer_proc.contract.bundle.gate_plan import plan_of

_LOW, _HIGH = st.floats(-2.0, 0.0), st.floats(0.0, 2.0)


def _policy(*ranges: tuple[float, float], deadband: float = 0.0, kind: str = "velocity") -> PolicyDescription:
    parts = [CommandPart(name, "m/s", *ends) for name, ends in zip(VELOCITY_PARTS, ranges, strict=False)]
    return PolicyDescription(
        task="walk",
        backend="mjlab",
        actor={},
        observation_groups={},
        observation_sizes={},
        num_actions=2,
        commands=[Command("twist", kind, parts, deadband=deadband)],  # type: ignore[arg-type]
    )


@given(st.lists(st.tuples(_LOW, _HIGH), min_size=3, max_size=3), st.sampled_from(("quick", "full")))
def test_all_commands_are_within_the_trained_ranges(ranges, level):
    cells = plan_of(_policy(*ranges), level)
    assert len({cell.name for cell in cells}) == len(cells)
    for cell in cells:
        assert all(low - 1e-6 <= value <= high + 1e-6 for value, (low, high) in zip(cell.command, ranges, strict=True))


def test_every_end_of_a_range_is_commanded():
    commands = [cell.command for cell in plan_of(_policy((-0.5, 1.0), (-0.2, 0.2), (-0.3, 0.3)), "quick")]
    ends = {(-0.5, 0, 0), (1.0, 0, 0), (0, -0.2, 0), (0, 0.2, 0), (0, 0, -0.3), (0, 0, 0.3)}
    assert ends <= set(commands)


def test_a_deadband_has_no_commands():
    cells = plan_of(_policy((0.0, 0.5), (-0.2, 0.2), (-0.3, 0.3), deadband=0.25), "full")
    moving = [cell.command for cell in cells if cell.group == "commands"]
    assert moving
    assert all(math.hypot(*command) >= 0.25 for command in moving)


def test_a_policy_that_never_stands_is_not_asked_to():
    cells = plan_of(_policy((0.3, 1.0), (-0.2, 0.2), (-0.3, 0.3)), "quick")
    assert not any(cell.group == "stand" for cell in cells)
    assert all(cell.command[0] >= 0.3 for cell in cells)


def test_pushes_come_from_eight_directions():
    pushes = [cell.push for cell in plan_of(_policy((0.0, 0.5), (-0.2, 0.2), (-0.3, 0.3)), "quick") if cell.push]
    assert {round(math.degrees(math.atan2(push.left, push.forward))) % 360 for push in pushes} == set(range(0, 360, 45))
    assert {round(math.hypot(push.forward, push.left), 5) for push in pushes} == {0.5}


def test_the_same_episode_starts_alike_and_another_differs():
    cell = plan_of(_policy((0.0, 0.5), (-0.2, 0.2), (-0.3, 0.3)), "quick")[0]
    assert start_of(cell, 0, 29) == start_of(cell, 0, 29)
    assert start_of(cell, 0, 29) != start_of(cell, 1, 29)
    nominal = start_of(cell, 0, 29)
    assert max(map(abs, nominal.joint_offsets)) <= NOMINAL_JOINT
    assert nominal.roll == nominal.lift == 0.0
    assert start_of(msgspec.structs.replace(cell, start=1.0), 0, 29).roll != 0.0


def test_a_task_without_a_command_balances():
    cells = plan_of(msgspec.structs.replace(_policy(), commands=[]), "quick")
    assert any(cell.group == "balance" for cell in cells)
    assert not any(cell.push or cell.command for cell in cells)
    assert "balance" in SUCCESS_GROUPS


def test_another_command_and_a_command_without_parts_are_refused():
    with pytest.raises(GateRefused, match=r"got twist \(other\)"):
        plan_of(_policy(kind="other"), "quick")
    with pytest.raises(GateRefused, match="expected ang_vel_z in twist, got lin_vel_x, lin_vel_y"):
        plan_of(_policy((0, 1), (0, 1)), "quick")


def test_parts_of_a_command_are_found_by_name():
    command = Command("twist", "velocity", [CommandPart(name, "", 0, 1) for name in reversed(VELOCITY_PARTS)])
    assert velocity_of(command, (1.0, 2.0, 3.0)) == (3.0, 2.0, 1.0)
