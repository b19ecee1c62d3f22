"""Faults of an exporter are caught without a trace too: the robot falls, or doesn't follow its command."""

from __future__ import annotations

from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"
CELLS = ("forward 0.5 m/s", "latency 2 steps")


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Player, check_trace, faults, judge_for, load_bundle, plan_of, read_suite_result, replace, result_of
    global smoothness_problems
    from msgspec.structs import replace

    from tests.verification import faults
    from trainer_proc.contract.bundle.gate_plan import plan_of
    from trainer_proc.contract.bundle.verification import read_suite_result
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.smoothness import smoothness_problems
    from trainer_proc.verification.suite import judge_for, result_of
    from trainer_proc.verification.trace.check import check_trace


def successes(folder):
    bundle = load_bundle(folder)
    player = Player(bundle, judge_for(bundle.card)[0])
    cells = {cell.name: cell for cell in plan_of(bundle.card, "quick")}
    return [player.play(cells[name], 0)["success"] for name in CELLS]


def test_the_good_bundle_succeeds():
    assert successes(RECORDED) == [1.0, 1.0]


FALLING = (
    "actions of the knees swapped",
    "observations of the knees swapped",
    "stiffness × 0.5",
    "stiffness × 2",
    "action scale × 1.5",
    "action scale × 2",
    "joint velocities in deg/s",
    "gyroscope in deg/s",
    "no normalizer",
    "observation columns reversed",
    "control rate 25 Hz",
)


@pytest.mark.parametrize("fault", FALLING)
def test_a_fault_fails(tmp_path, fault):
    copy = faults.broken(RECORDED, tmp_path / "broken", *faults.faults_of_a_walk(RECORDED)[fault])
    (copy / "trace.npz").unlink()
    assert 0.0 in successes(copy)


def test_all_other_faults_are_those_that_only_the_trace_shows(tmp_path):
    of_walk = faults.faults_of_a_walk(RECORDED)
    assert set(of_walk) == {*FALLING, *faults.ONLY_THE_TRACE_SHOWS}
    for fault in faults.ONLY_THE_TRACE_SHOWS:
        copy = faults.broken(RECORDED, tmp_path / fault, *of_walk[fault])
        assert check_trace(load_bundle(copy)).faults


def smoothness(folder):
    """Return what differs in the commands with a velocity ahead, one episode each, from the recorded reference."""
    bundle = load_bundle(folder)
    player = Player(bundle, judge_for(bundle.card)[0])
    reference = read_suite_result(RECORDED / "reference.json")
    cells = [one for one in reference.cells if one.cell.group == "commands" and one.cell.command[0]]
    played = tuple(result_of(one.cell, [player.play(one.cell, 0)]) for one in cells)
    return smoothness_problems(replace(reference, cells=played), reference)


def test_faults_with_which_the_robot_walks_change_its_smoothness(tmp_path):
    assert smoothness(RECORDED) == []
    of_walk = faults.faults_of_a_walk(RECORDED)
    for fault in ("weights with little noise", "control rate 100 Hz"):  # the third needs the 34 pairs of `quick`
        (line, *_) = smoothness(faults.broken(RECORDED, tmp_path / fault, *of_walk[fault]))
        assert line.startswith("smoothness: expected changes of actions within 5% of those in the training's"), fault
