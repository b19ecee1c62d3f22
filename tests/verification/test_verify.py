"""The worker: a bundle in, `verification.json` out; refusals in one line that leave nothing behind."""

from __future__ import annotations

import hashlib
import json
import threading

import msgspec
import pytest

from tests.verification.small_bundle import RARELY, write_bundle
from trainer_proc.contract.bundle.gate_plan import plan_of
from trainer_proc.contract.bundle.verification import Thresholds, read_verification
from trainer_proc.contract.bundle.verify_request import VERIFICATION_WORKER, VerifyRequest
from trainer_proc.contract.worker import WorkerError, WorkerRefused
from trainer_proc.contract.worker_process import WorkerProcess


def verify(folder, tmp_path, progress=lambda one: None, **changes):
    request = VerifyRequest(bundle=str(folder), **changes)
    return WorkerProcess(VERIFICATION_WORKER, request, tmp_path / "log", is_log_kept=False).result(progress)


def test_a_block_that_cannot_walk_is_not_verified(tmp_path):
    card = write_bundle(tmp_path / "bundle", **RARELY)
    seen = []
    found = verify(tmp_path / "bundle", tmp_path, seen.append)
    assert not found.verified
    assert found.problems[0].startswith("nominal conditions: expected 90% of episodes successful")
    assert [one.cell for one in found.result.cells] == list(plan_of(card, "quick"))
    assert "dead zone, forward (m/s): 0.5 gives 0.00, 1 gives 0.00" in found.notes
    assert seen[-1].done == seen[-1].total == sum(one.cell.episodes for one in found.result.cells)
    assert read_verification(tmp_path / "bundle" / "verification.json") == found
    for name, expected in found.files.items():
        assert hashlib.sha256((tmp_path / "bundle" / name).read_bytes()).hexdigest() == expected
    assert set(found.files) == {"policy.json", "policy.onnx", "robot.xml"}


def test_lower_thresholds_verify_what_they_allow(tmp_path):
    write_bundle(tmp_path / "bundle", **RARELY)
    assert verify(tmp_path / "bundle", tmp_path, thresholds=Thresholds(min_success=0.05)).verified


def test_a_training_with_another_success_is_judged_by_velocity(tmp_path):
    write_bundle(tmp_path / "bundle", success={}, **RARELY)
    found = verify(tmp_path / "bundle", tmp_path)
    assert not found.verified
    assert found.notes[0].startswith("the training's success was time-out")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": 2}, "format"),
        ({"default_joint_positions": [57.3]}, "default_joint_positions"),
        ({"robot_model": "", "robot_model_sha256": ""}, "robot_model"),
        ({"onnx_sha256": "0" * 64}, "onnx"),
    ],
)
def test_a_bundle_that_cannot_run_is_refused_in_one_line(tmp_path, changes, expected):
    write_bundle(tmp_path / "bundle", **changes)
    with pytest.raises(WorkerError) as refused:
        verify(tmp_path / "bundle", tmp_path)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "bundle" / "verification.json").exists()


def test_the_number_of_threads_changes_no_value(tmp_path):
    write_bundle(tmp_path / "bundle", gain=1.0, feedback=5.0, **RARELY)
    one, several = (verify(tmp_path / "bundle", tmp_path, threads=threads) for threads in (1, 3))
    assert one.result.cells == several.result.cells


def test_shares_outside_of_0_to_1_are_refused(tmp_path):
    write_bundle(tmp_path / "bundle")
    with pytest.raises(WorkerRefused, match="expected min_success from 0 to 1, got 90"):
        verify(tmp_path / "bundle", tmp_path, thresholds=Thresholds(min_success=90))


def test_a_policy_with_another_command_is_refused(tmp_path):
    card = write_bundle(tmp_path / "bundle")
    other = [msgspec.structs.replace(card.commands[0], kind="other")]
    write_bundle(tmp_path / "bundle", commands=other)
    with pytest.raises(WorkerError, match=r"got twist \(other\)"):
        verify(tmp_path / "bundle", tmp_path)


def test_files_that_are_replaced_meanwhile_are_not_called_verified(tmp_path):
    write_bundle(tmp_path / "bundle", **RARELY)

    def replace_once(progress):
        if progress.done == 1:
            write_bundle(tmp_path / "bundle", gain=0.5, **RARELY)

    with pytest.raises(WorkerError, match=r"policy.json was replaced during the verification: verify again"):
        verify(tmp_path / "bundle", tmp_path, replace_once)
    assert not (tmp_path / "bundle" / "verification.json").exists()


def test_a_cancelled_verification_leaves_nothing(tmp_path):
    write_bundle(tmp_path / "bundle")
    request = VerifyRequest(bundle=str(tmp_path / "bundle"), level="full")
    process = WorkerProcess(VERIFICATION_WORKER, request, tmp_path / "log", is_log_kept=False)
    begun = threading.Event()
    canceller = threading.Thread(target=lambda: (begun.wait(), process.cancel()))
    canceller.start()
    try:
        with pytest.raises(WorkerError, match="cancelled"):
            process.result(lambda progress: begun.set() if progress.done else None)
    finally:
        begun.set()
        canceller.join()
    assert {one.name for one in (tmp_path / "bundle").iterdir()} == {"policy.json", "policy.onnx", "robot.xml"}


def test_a_verification_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "verification.json").write_text(json.dumps({"type": "Verification"}))
    from trainer_proc.contract.bundle.verification import VerificationError

    with pytest.raises(VerificationError, match="can't be read as a verification"):
        read_verification(tmp_path / "verification.json")
