"""`policy.json` and the metadata of `policy.onnx` must say the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from trainer_proc.contract.bundle.card import CARD, PolicyCard

RECORDED = Path(__file__).parents[1] / "recordings" / "bundles" / "g1-walk"


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global faults, load_bundle, metadata_faults, write_bundle
    from tests.verification import faults
    from tests.verification.small_bundle import write_bundle
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.metadata_check import metadata_faults


def test_an_exported_policy_agrees_with_its_metadata(tmp_path):
    assert metadata_faults(load_bundle(RECORDED)) == ()
    changed_in_both = faults.broken(RECORDED, tmp_path / "b", faults.times("joint_stiffness", 2.0))
    assert metadata_faults(load_bundle(changed_in_both)) == ()


def test_a_network_of_another_program_has_no_description(tmp_path):
    write_bundle(tmp_path / "b")
    assert metadata_faults(load_bundle(tmp_path / "b")) == ()


def test_an_edited_card_is_named_by_its_fields(tmp_path):
    copy = faults.broken(RECORDED, tmp_path / "b")
    card = msgspec.json.decode((copy / CARD).read_bytes(), type=PolicyCard)
    edited = faults.control_rate(100.0, 2)(card)
    (copy / CARD).write_bytes(msgspec.json.encode(edited))
    assert metadata_faults(load_bundle(copy)) == (
        "control_frequency, decimation: policy.json says something else than the metadata of policy.onnx; "
        "export the run again",
    )
