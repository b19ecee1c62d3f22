"""A golden trace: a good bundle has no fault, and every fault of an exporter is called by its name.

The trace of the recorded bundle is of a G1 that walks in mjlab; that of the other is made here, and has a history.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"
LEFT, RIGHT = "left_knee_joint", "right_knee_joint"
WAIST = "waist_yaw_joint"


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global check_trace, faults, load_bundle, read_trace, reversed_history
    from tests.verification import faults
    from trainer_proc.contract.bundle.trace import read_trace
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.trace.check import check_trace
    from trainer_proc.verification.trace.observations import reversed_history


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a bundle whose trace was recorded just now."""
    from tests.verification.traced import traced_bundle

    return traced_bundle(tmp_path_factory.mktemp("traced"))


def found(bundle, tmp_path, change=None, network=None):
    changes = {} if change is None else {"change": change}
    return list(check_trace(load_bundle(faults.broken(bundle, tmp_path / "broken", network=network, **changes))).faults)


def test_a_good_bundle_has_no_fault():
    report = check_trace(load_bundle(RECORDED))
    assert (report.faults, report.notes) == ((), ())


@pytest.mark.real
def test_a_new_bundle_has_no_fault(made):
    report = check_trace(load_bundle(made))
    assert (report.faults, report.notes) == ((), ())


CARD_FAULTS = {
    "swapped actions": (
        lambda: faults.swapped(LEFT, RIGHT, "action_names"),
        r"^action_names: joints swapped: left_knee_joint ↔ right_knee_joint",
    ),
    "swapped observations": (
        lambda: faults.swapped("left_hip_roll_joint", "right_hip_roll_joint"),
        r"^observation_terms\.joint_(pos|vel)\.joints: joints swapped: left_hip_roll_joint ↔ right_hip_roll_joint",
    ),
    "gains of one joint": (
        lambda: faults.times("joint_stiffness", 2.0, WAIST),
        r"^joint_stiffness: stiffness of waist_yaw_joint is 2 times too high",
    ),
    "damping of all": (
        lambda: faults.times("joint_damping", 0.5),
        r"^joint_damping: damping of all is 2 times too low",
    ),
    "action scale": (
        lambda: faults.times("action_scale", 1.5),
        r"^action_scale: scale of all is 1\.5 times too high",
    ),
    "action scale of one joint": (
        lambda: faults.times("action_scale", 1.01, WAIST),
        r"^action_scale: scale of waist_yaw_joint is 1\.01 times too high",
    ),
    "observation scale": (
        lambda: faults.term("base_ang_vel", scale=[2.0]),
        r"^observation_terms\.base_ang_vel\.scale: scale is 2 times too high",
    ),
    "degrees": (
        lambda: faults.term("joint_vel", scale=[faults.DEGREES]),
        r"^observation_terms\.joint_vel\.scale: joint_vel is in deg/s, trained in rad/s",
    ),
    "default pose": (
        lambda: faults.shifted("robot_joint_positions", 0.04, LEFT),
        r"^robot_joint_positions: default position of left_knee_joint is 0\.04 rad too high",
    ),
    "action offset": (
        lambda: faults.shifted("action_offset", -0.1, WAIST),
        r"^action_offset: offset of waist_yaw_joint is 0\.1 rad too low",
    ),
    "control rate": (
        lambda: faults.control_rate(100.0, 2),
        r"^control_frequency: control rate 100 Hz, trained at 50 Hz",
    ),
    "frame": (
        lambda: faults.term("base_lin_vel", frame="pelvis"),
        r"^observation_terms\.base_lin_vel\.frame: in the axes of imu_in_pelvis in the training, of pelvis here",
    ),
    "effort limit": (
        lambda: faults.limited_to(2.0, LEFT),
        r"^joint_effort_limits: limit of left_knee_joint is too low: 2 N·m",
    ),
    "clipped": (
        lambda: faults.term("joint_vel", clip=(-0.1, 0.1)),
        r"^observation_terms\.joint_vel: differs from the training's by up to .*: check function, clip and modifiers",
    ),
}


@pytest.mark.parametrize("fault", CARD_FAULTS)
def test_a_fault_of_the_card_is_named(tmp_path, fault):
    change, named = CARD_FAULTS[fault]
    lines = found(RECORDED, tmp_path, change())
    assert lines
    assert [line for line in lines if not re.search(named, line)] == []
    assert all(line.endswith("; export the run again; if it persists, report it") for line in lines)


def test_degrees_in_the_default_pose_are_refused(tmp_path):
    copy = faults.broken(RECORDED, tmp_path / "b", faults.times("default_joint_positions", faults.DEGREES))
    from trainer_proc.deploy.errors import BundleRefused

    with pytest.raises(BundleRefused, match=r"default_joint_positions.*rad"):
        load_bundle(copy)


def test_a_missing_normalizer_is_named(tmp_path):
    trace = read_trace(RECORDED / "trace.npz")
    (line,) = found(RECORDED, tmp_path, network=faults.raw_observations(*trace.normalizer))
    assert line.startswith("policy.onnx: normalizer missing: ")


def test_another_policy_is_named(tmp_path):
    (line,) = found(RECORDED, tmp_path, network=faults.other_weights)
    assert re.match(r"policy\.onnx: actions differ from those of iteration 850 by up to \d", line)


@pytest.mark.real
def test_a_history_in_another_order_is_named(made, tmp_path):
    order = reversed_history(load_bundle(made).card.observation_terms)
    (line,) = found(made, tmp_path, network=faults.reordered(order))
    assert line.startswith("policy.onnx: history newest first: ")
    lines = found(made, tmp_path, faults.ordered_by_time)
    by_time = r"observation_terms\..*\.history_order: history ordered by term in the training, by time here"
    assert lines
    assert [line for line in lines if not re.match(by_time, line)] == []


@pytest.mark.real
def test_a_unit_is_named_in_a_history_too(made, tmp_path):
    lines = found(made, tmp_path, faults.term("joint_vel", scale=[0.05 * faults.DEGREES]))
    assert [line.partition(";")[0] for line in lines] == [
        "observation_terms.joint_vel.scale: joint_vel is in deg/s, trained in rad/s"
    ]


def test_a_trace_of_another_iteration_is_not_used(tmp_path):
    copy = faults.broken(RECORDED, tmp_path / "b", lambda card: faults.replace(card, iteration=8))
    report = check_trace(load_bundle(copy))
    assert report.faults == ()
    assert report.notes == (
        "trace.npz is of g1-walk-850 at 850, the bundle of g1-walk-850 at 8: not used; verify the run again",
    )


def test_without_a_trace_a_note_says_so(tmp_path):
    copy = shutil.copytree(RECORDED, tmp_path / "b")
    (copy / "trace.npz").unlink()
    report = check_trace(load_bundle(copy))
    assert (report.faults, len(report.notes)) == ((), 1)
    (copy / "trace.npz").write_bytes(b"damaged")
    assert "is no trace" in check_trace(load_bundle(copy)).notes[0]
