"""The training simulator plays the gate's episodes: the same robot, starts, commands and disturbances."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from trainer_proc.contract.bundle.gate import GateCell, Push
from trainer_proc.contract.bundle.reference_request import REFERENCE_WORKER, ReferenceRequest
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.worker import WorkerError
from trainer_proc.contract.worker_process import WorkerProcess

BUNDLE = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"
SPEC = RunSpec(
    preset="g1-walk",
    backend="mjlab",
    task="Mjlab-Velocity-Flat-Unitree-G1",
    experiment="g1_walk",
    device="cpu",
    num_envs=1,
    iterations=1,
    seed=1,
)
SECONDS = 1.0


def cell(name, **changes):
    return GateCell(name=name, group="commands", command=(0.5, 0.0, 0.0), seconds=SECONDS, episodes=1, **changes)


CELLS = (
    cell("walk"),
    cell("push", push=Push(0.6, 0.2, 0.5)),
    cell("start", start=1.0),
    cell("weak", motor_strength=0.8),
    cell("late", latency_steps=2),
)


def run_in(folder):
    """Make the folder of a run of the recorded bundle's task."""
    run = RunFolder(folder / "g1-walk-850")
    run.path.mkdir()
    run.write_spec(SPEC)
    return run


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    from tests.verification.both_simulators import play_in_both

    folder = run_in(tmp_path_factory.mktemp("runs"))
    return play_in_both(folder, BUNDLE / "policy.onnx", BUNDLE, CELLS)


@pytest.mark.real
@pytest.mark.parametrize("name", [one.name for one in CELLS])
def test_an_episode_is_the_same_in_both_simulators(played, name):
    here, there = played[0][name]
    assert here.survived
    assert there.survived
    assert there.steps == here.steps == there.planned_steps - 1
    origin = there.start_position * (1.0, 1.0, 0.0)  # of its environment
    np.testing.assert_allclose(there.start_position - origin, here.start_position, atol=1e-5)
    np.testing.assert_allclose(there.joint_positions[:5], here.joint_positions[:5], atol=1e-3)
    np.testing.assert_allclose(there.joint_positions, here.joint_positions, atol=0.1)
    np.testing.assert_allclose(there.positions - origin, here.positions, atol=0.01)


@pytest.mark.real
def test_each_condition_changes_the_episode(played):
    walk = played[0]["walk"][1]
    for name in ("push", "start", "weak", "late"):
        assert np.abs(played[0][name][1].joint_positions - walk.joint_positions).max() > 0.05


@pytest.mark.real
def test_a_reference_is_written_into_the_bundle(tmp_path, monkeypatch):
    import torch

    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.evaluation.reference import reference
    from trainer_proc.verification.gap import read_reference
    from trainer_proc.verification.trace.check import check_trace

    run = run_in(tmp_path)
    shutil.copytree(BUNDLE, run.exported, ignore=shutil.ignore_patterns("reference.json", "trace.npz"))
    noisy = cell("noise", noise=1.0)
    monkeypatch.setattr(reference, "plan_of", lambda card, level: (*CELLS[:2], noisy))
    policy = run.exported / "policy.onnx"
    request = ReferenceRequest(run=str(run.path), bundle=str(run.exported), policy=str(policy))
    made = reference.make_reference(request, lambda one: None)
    assert [one.cell for one in made.cells] == list(CELLS[:2])  # the noise would be another one
    assert (made.simulator, made.run, made.iteration) == ("mjlab", "g1-walk-850", 850)
    assert made.policy_sha256 == hashlib.sha256(policy.read_bytes()).hexdigest()
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    bundle = load_bundle(run.exported)
    assert read_reference(run.exported, bundle.card, made) == (made, "")
    walk = made.cells[0].values
    assert walk["survived"] == (1.0,)
    assert 0.0 < walk["velocity/forward"][0] < 1.0
    report = check_trace(bundle)
    assert report.faults == ()
    assert report.notes == ("trace.npz was recorded with the exported policy itself: it can't show a wrong network",)


def test_runs_of_another_simulator_are_refused_before_anything_is_built(tmp_path):
    run = run_in(tmp_path)
    run.write_spec(msgspec.structs.replace(SPEC, backend="isaaclab"))
    request = ReferenceRequest(run=str(run.path), bundle=str(BUNDLE), policy=str(BUNDLE / "policy.onnx"))
    process = WorkerProcess(REFERENCE_WORKER, request, tmp_path / "log", is_log_kept=False)
    with pytest.raises(WorkerError, match="expected a run of mjlab, got one of isaaclab: no reference for it yet"):
        process.result()


@pytest.mark.real
def test_the_trace_of_an_exported_policy_says_so(played):
    header = played[1].header
    assert header.is_exported
    assert (header.run, header.iteration) == ("g1-walk-850", 850)
    assert played[1].steps == round(SECONDS / 0.02)
