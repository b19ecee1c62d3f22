"""The transfer gap compares the same episodes only, and too large a loss of success is a problem."""

from __future__ import annotations

import msgspec
import pytest

from trainer_proc.contract.bundle.gate import GateCell
from trainer_proc.contract.bundle.verification import CellResult, SuiteResult, Thresholds, write_json
from trainer_proc.verification.gap import gap_problems, gaps_of, read_reference


class Card(msgspec.Struct):
    run: str = "run"
    iteration: int = 7


def suite(*cells, **changes):
    return SuiteResult(
        simulator="mujoco", versions={}, level="quick", policy_sha256="", run="run", iteration=7, cells=cells, **changes
    )


def cell(name, success, errors=(), group="commands", **changes):
    values = {"success": tuple(success), "survived": tuple(success)}
    if errors:
        values["error/linear"] = tuple(errors)
    of_cell = GateCell(name=name, group=group, seconds=6.0, episodes=len(success), **changes)
    return CellResult(cell=of_cell, values=values)


def by_measure(gaps):
    return {gap.measure: gap for gap in gaps}


def test_a_loss_of_success_is_a_negative_gap_with_its_interval():
    gaps = by_measure(gaps_of(suite(cell("a", [1, 1, 0, 0] * 5)), suite(cell("a", [1, 1, 1, 1] * 5))))
    success = gaps["success"]
    assert success.value == pytest.approx(-0.5)
    assert success.low < -0.5 < success.high < 0.0
    assert success.episodes == 20


def test_errors_are_compared_in_pairs_where_both_have_one():
    here = suite(cell("a", [1, 1, 1], [0.2, None, 0.4]))
    there = suite(cell("a", [1, 1, 1], [0.1, 0.5, 0.1]))
    error = by_measure(gaps_of(here, there))["error/linear"]
    assert error.value == pytest.approx(0.2)
    assert error.episodes == 2


def test_only_equal_conditions_are_compared():
    here = suite(cell("a", [0, 0]), cell("b", [1, 1]), cell("push", [0], group="pushes"))
    there = suite(cell("a", [1, 1], latency_steps=1), cell("b", [1, 1]), cell("push", [1], group="pushes"))
    gaps = by_measure(gaps_of(here, there))
    assert (gaps["success"].value, gaps["success"].episodes) == (0.0, 2)  # a push need not be followed
    assert (gaps["survived"].value, gaps["survived"].episodes) == (pytest.approx(-1 / 3), 3)


def test_only_a_loss_above_the_threshold_is_a_problem():
    good, bad = suite(cell("a", [1] * 20)), suite(cell("a", [1] * 18 + [0] * 2))
    assert gap_problems(gaps_of(good, bad), Thresholds()) == []  # better in MuJoCo
    assert gap_problems(gaps_of(bad, good), Thresholds(max_gap=0.1)) == []
    (line,) = gap_problems(gaps_of(bad, good), Thresholds())
    assert line.startswith("transfer gap: expected at most 5% less success in MuJoCo than in the training's simulator")
    assert "got 10%" in line
    assert line.endswith("over 20 episodes")


def test_a_reference_of_another_policy_or_plan_is_not_used(tmp_path):
    result = suite(cell("a", [1, 1]))
    assert "the transfer gap is unknown" in read_reference(tmp_path, Card(), result)[1]
    write_json(tmp_path / "reference.json", result)
    assert read_reference(tmp_path, Card(), result) == (result, "")
    assert "is of run at 7, not of this policy" in read_reference(tmp_path, Card(iteration=8), result)[1]
    assert "none of these episodes" in read_reference(tmp_path, Card(), suite(cell("b", [1])))[1]
    (tmp_path / "reference.json").write_text("{")
    assert "can't be read as a reference" in read_reference(tmp_path, Card(), result)[1]
