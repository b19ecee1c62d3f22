"""When a verification makes the reference of a run's bundle, and what it says if it can't."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import msgspec
import pytest

from tests.verification.small_bundle import RARELY, write_bundle
from trainer_proc.contract.bundle.verification import SuiteResult, write_json
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.verification.reference import make_missing_reference

pytestmark = pytest.mark.usefixtures("empty_working_directory")

SPEC = RunSpec(
    preset="block", backend="nothing", task="Block", experiment="b", device="cpu", num_envs=1, iterations=1, seed=1
)


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "logs" / "block" / "block")
    folder.path.mkdir(parents=True)
    folder.write_spec(SPEC)
    write_bundle(folder.exported, **RARELY)
    return folder


def missing(bundle, level="quick"):
    return make_missing_reference(Path(bundle), level, lambda progress: None, Event())


def test_a_reference_that_cannot_be_made_has_a_reason(run):
    assert "nothing" in missing(run.exported)  # no such backend
    assert not (run.exported / "reference.json").exists()


def test_there_is_nothing_to_do_for_a_bundle_with_its_reference(run):
    made = SuiteResult(
        simulator="mjlab", versions={}, level="quick", policy_sha256="", run="block", iteration=0, cells=()
    )
    write_json(run.exported / "reference.json", made)
    assert missing(run.exported) == ""
    assert missing(run.exported, "full")
    write_json(run.exported / "reference.json", msgspec.structs.replace(made, iteration=3))
    assert missing(run.exported)


def test_a_bundle_of_another_run_or_outside_of_one_is_left_alone(run, tmp_path):
    write_bundle(tmp_path / "elsewhere", **RARELY)
    assert missing(tmp_path / "elsewhere") == ""
    write_bundle(run.exported, run="another", **RARELY)
    assert missing(run.exported) == ""
    (run.exported / "policy.json").write_text("{")
    assert missing(run.exported) == ""


def test_the_report_says_why_the_gap_is_unknown(run, prints):
    record = prints("verify", str(run.exported), "--min-success", "0.05", "--json")
    assert record["reference"] is None
    assert [note for note in record["notes"] if note.startswith("the transfer gap is unknown: ")]
    record = prints("verify", str(run.exported), "--min-success", "0.05", "--no-reference", "--json")
    assert "no reference.json: the transfer gap is unknown" in " ".join(record["notes"])
