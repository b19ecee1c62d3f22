"""Which results verify a bundle."""

from __future__ import annotations

import pytest

from trainer_proc.contract.bundle.description import Command, CommandPart
from trainer_proc.contract.bundle.gate import VELOCITY_PARTS, GateCell
from trainer_proc.contract.bundle.verification import CellResult, SuiteResult, Thresholds
from trainer_proc.verification.dead_zones import dead_zones
from trainer_proc.verification.verdict import problems_of, walking_text

TWIST = Command("twist", "velocity", [CommandPart(name, "", -1.0, 1.0) for name in VELOCITY_PARTS])


def result_of(*cells):
    return SuiteResult(simulator="mujoco", versions={}, level="quick", policy_sha256="", cells=cells)


def one(name, group, command=(0.0, 0.0, 0.0), **values):
    count = len(next(iter(values.values())))
    cell = GateCell(name=name, group=group, command=command, seconds=1.0, episodes=count)
    return CellResult(cell=cell, values={name.replace("__", "/"): tuple(of) for name, of in values.items()})


def cells(nominal, pushed=(1.0,) * 10):
    return result_of(
        one("forward", "commands", success=nominal, survived=(1.0,) * len(nominal)),
        one("push left", "pushes", success=(0.0,) * len(pushed), survived=pushed),
    )


def test_exactly_the_least_share_verifies_whatever_follows_a_push():
    assert problems_of(cells((1.0,) * 9 + (0.0,)), Thresholds()) == []


def test_one_episode_less_does_not():
    (problem,) = problems_of(cells((1.0,) * 8 + (0.0,) * 2), Thresholds())
    assert problem == (
        "nominal conditions: expected 90% of episodes successful, got 80% (49% to 94%, 8 of 10): forward"
    )
    assert problems_of(cells((1.0,) * 8 + (0.0,) * 2), Thresholds(min_success=0.8)) == []


def test_falls_after_a_push_do_not_verify():
    (problem,) = problems_of(cells((1.0,) * 10, (1.0, 0.0)), Thresholds())
    assert problem.startswith("pushes: expected 90% of episodes without a fall, got 50%")
    assert problem.endswith("1 of 2): push left")


def test_the_worst_cells_are_named():
    failing = [one(f"cell {number}", "commands", success=(0.0, 1.0 if number else 0.0)) for number in range(5)]
    (problem,) = problems_of(result_of(*failing), Thresholds())
    assert problem.endswith("4 of 10): cell 0; cell 1; cell 2; 2 more")


def test_a_dead_zone_is_reported_of_commands_of_one_part_alone():
    result = result_of(
        one("a", "commands", (0.5, 0.0, 0.0), velocity__forward=(0.4, 0.5)),
        one("b", "commands", (0.0, 0.0, 0.3), velocity__yaw=(0.02, 0.0)),
        one("c", "commands", (0.5, 0.0, 0.3), velocity__yaw=(0.0, 0.0)),
        one("d", "commands", (0.0, 0.2, 0.0), velocity__lateral=(None, None)),
    )
    assert list(dead_zones(result, TWIST)) == ["dead zone, yaw (rad/s): 0.3 gives 0.01"]


def test_walking_is_told_apart_from_turning_on_the_spot():
    result = result_of(
        one("a", "commands", (0.5, 0.0, 0.3), success=(1.0, 1.0)),
        one("b", "commands", (0.0, -0.2, 0.0), success=(1.0, 0.0)),
        one("c", "commands", (0.0, 0.0, 0.3), success=(0.0, 0.0)),
        one("d", "stand", success=(0.0,)),
    )
    assert walking_text(result, TWIST) == "walking: 75% of 4 episodes successful (30% to 95%)"
    assert walking_text(result_of(result.cells[2]), TWIST) == ""


@pytest.mark.parametrize("group", ["starts", "motors", "latency", "noise"])
def test_each_kind_of_disturbance_counts_by_itself(group):
    problems = problems_of(result_of(*cells((1.0,)).cells, one("x", group, survived=(0.0, 1.0, 1.0))), Thresholds())
    assert len(problems) == 1
