"""Trained G1 policies in plain MuJoCo: they stand, walk, and survive pushes, latency and noise."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.program import program
from trainer_proc.contract.bundle.gate_plan import plan_of

BUNDLES = Path(__file__).parents[1] / "recordings" / "bundles"


@cache
def player_of(name):
    """Return what plays the first episode of a cell of a bundle's plan, by the cell's name."""
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.play import Player
    from trainer_proc.verification.success import judge_of
    from trainer_proc.verification.suite import success_of

    bundle = load_bundle(BUNDLES / name)
    cells = {cell.name: cell for cell in plan_of(bundle.card, "quick")}
    player = Player(bundle, judge_of(success_of(bundle.card)[0]))
    return lambda cell: player.play(cells[cell], 0)


@pytest.fixture(scope="module", params=["g1-walk", "g1-walk-deploy"])
def play(request):
    return player_of(request.param)


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


def test_without_rewards_for_steps_slow_commands_are_a_dead_zone():
    assert abs(player_of("g1-walk")("lateral 0.2 m/s")["velocity/lateral"]) < 0.05


@pytest.mark.parametrize(
    ("name", "part", "commanded"),
    [
        ("forward -0.25 m/s", "forward", -0.25),
        ("lateral -0.2 m/s", "lateral", -0.2),
        ("lateral 0.2 m/s", "lateral", 0.2),
        ("yaw -0.35 rad/s", "yaw", -0.35),
        ("yaw 0.35 rad/s", "yaw", 0.35),
    ],
)
def test_with_them_it_also_follows_slow_commands(name, part, commanded):
    values = player_of("g1-walk-deploy")(name)
    assert values["success"] == 1.0
    assert 0.5 < values[f"velocity/{part}"] / commanded < 1.5


def test_verify_finds_all_of_it_in_order(tmp_path):
    shutil.copytree(BUNDLES / "g1-walk-deploy", tmp_path / "g1")
    found = json.loads(program(tmp_path, "verify", "g1", "--json"))  # its exit code is 0
    assert found["verified"]
    assert (found["problems"], found["faults"]) == ([], [])
    means = {group["group"]: group["means"] for group in found["groups"]}
    for group in ("stand", "commands"):
        assert means[group]["success"]["value"] >= 0.9, group
    assert not any(note.startswith("dead zone") for note in found["notes"])
    (gap,) = (one for one in found["gap"] if one["measure"] == "success")
    assert abs(gap["value"]) <= 0.05
    assert gap["episodes"] >= 50


def test_a_policy_without_velocity_reads_five_steps_and_the_training_agrees():
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.trace.check import check_trace

    bundle = load_bundle(BUNDLES / "g1-walk-deploy")
    assert "base_lin_vel" not in {term.quantity for term in bundle.card.observation_terms}
    assert {term.history_length for term in bundle.card.observation_terms} == {5}
    assert bundle.card.not_measured == []
    assert check_trace(bundle).faults == ()


def test_its_history_in_the_wrong_order_is_named(tmp_path):
    from tests.verification import faults
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.trace.check import check_trace
    from trainer_proc.verification.trace.observations import reversed_history

    good = BUNDLES / "g1-walk-deploy"
    order = reversed_history(load_bundle(good).card.observation_terms)
    bundle = faults.broken(good, tmp_path / "broken", network=faults.reordered(order))
    (fault,) = check_trace(load_bundle(bundle)).faults
    assert fault.startswith("policy.onnx: history newest first: ")
