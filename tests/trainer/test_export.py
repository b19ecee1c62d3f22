"""Exports made with rsl-rl's own models, read back with onnx, onnxruntime and torch."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import msgspec
import numpy
import pytest

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.products import ExportFinished
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export.actor import read_actor
from trainer_proc.export.provenance import git_commit
from trainer_proc.export.task_export import DESCRIBED_HERE
from trainer_proc.export.write import export_policy
from tui.charts.files.export import proposed_file, write_file


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CHANGE, FILES, MLPModel, SIZE, contents, description, groups_of, hidden, make_run, normalizing, onnx
    global recurrent, run_onnx, torch, write_journal
    import onnx
    import torch
    from rsl_rl.models import MLPModel

    from tests.trainer.exported_policies import (
        CHANGE,
        FILES,
        SIZE,
        contents,
        description,
        groups_of,
        hidden,
        make_run,
        normalizing,
        recurrent,
        run_onnx,
        write_journal,
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[RunFolder, MLPModel, ExportFinished]:
    folder, checkpoint, actor = make_run(tmp_path_factory.mktemp("logs") / "walk", normalizing())
    write_journal(folder)
    return folder, actor, export_policy(folder, checkpoint)


@pytest.fixture
def plain(tmp_path) -> tuple[RunFolder, Path]:
    return make_run(tmp_path / "run", description())[:2]


# --- Valid exports ----------------------------------------------------------------------------------------


def test_three_files_and_nothing_else_are_written(exported):
    folder, _, result = exported
    assert set(contents(folder.exported)) == FILES
    assert hidden(folder.path) == []
    assert result.iteration == 120
    assert result.folder == "exported"
    assert 0 <= result.largest_difference <= 1e-5
    assert result.rate_hz == pytest.approx(1e6 / result.latency_p99_us)


def test_both_files_compute_the_policys_actions_from_raw_observations(exported):
    folder, actor, _ = exported
    observations = torch.randn(50, SIZE) * 4 + 20
    expected = actor(groups_of(observations)).detach().numpy()
    assert numpy.abs(run_onnx(folder.exported / "policy.onnx", observations) - expected).max() < 1e-5
    scripted = torch.jit.load(folder.exported / "policy.pt")(observations).detach().numpy()
    assert numpy.abs(scripted - expected).max() < 1e-5
    # without the normalizer, an export would apply the network to the raw observations
    assert numpy.abs(actor.mlp(observations).detach().numpy() - expected).max() > 0.1


def test_the_onnx_file_is_complete_and_describes_itself(exported):
    model = onnx.load(exported[0].exported / "policy.onnx", load_external_data=False)
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"obs": [1, SIZE], "actions": [1, 2]}
    assert [(part.domain, part.version) for part in model.opset_import] == [("", 18)]
    assert not any(weight.external_data for weight in model.graph.initializer)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["task"] == "Walk-Flat"
    assert metadata["joint_names"] == "hip,knee"
    assert metadata["default_joint_pos"] == "0.100000000,-0.200000000"
    assert metadata["observation_names"] == "joint_pos,command"
    assert metadata["iteration"] == "120"
    assert metadata["clip_actions"] == "2.0"
    assert metadata["observation_terms_clip"] == "-9.000000000;9.000000000,-inf;inf"
    assert metadata["observation_terms_scale"] == "0.500000000,2.000000000;2.000000000;0.250000000"
    assert metadata["observation_terms_history_length"] == "5,0"
    assert metadata["action_kinds"] == "position,position"
    assert metadata["action_clip"] == "-1.000000000;inf,-inf;inf"
    assert msgspec.json.decode(metadata["policy_json"], type=PolicyDescription) == normalizing()
    assert "not_included" not in metadata
    assert set(metadata) <= DESCRIBED_HERE  # so that no task's own exporter guesses what is unknown here


def test_unknown_gains_are_no_numbers_in_the_onnx_file(tmp_path):
    described = description(joint_stiffness=[40.0, None], joint_damping=[None, None], not_included=["a: b", "c: d"])
    folder, checkpoint, _ = make_run(tmp_path / "run", described)
    export_policy(folder, checkpoint)
    metadata = {entry.key: entry.value for entry in onnx.load(folder.exported / "policy.onnx").metadata_props}
    assert metadata["joint_stiffness"] == "40.000000000,none"
    assert "joint_damping" not in metadata
    assert metadata["not_included"] == "a: b; c: d"


def test_an_export_of_a_run_that_an_older_version_described_says_what_is_unknown(tmp_path):
    described = msgspec.structs.replace(description(), format=1, clip_actions=None)
    folder, checkpoint, _ = make_run(tmp_path / "run", described)
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert (card.joint_names, card.joint_stiffness, card.joint_damping) == (["hip", "knee"], [], [])
    (line,) = card.not_included
    assert "it can't be described again" in line
    metadata = {entry.key: entry.value for entry in onnx.load(folder.exported / "policy.onnx").metadata_props}
    assert "clip_actions" not in metadata
    assert metadata["not_included"] == line


def test_the_onnx_file_holds_no_paths_of_this_machine(exported):
    assert b"site-packages" not in (exported[0].exported / "policy.onnx").read_bytes()


def test_policy_json_describes_how_to_feed_the_policy_and_where_it_comes_from(exported):
    folder, _, result = exported
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    for name in PolicyDescription.__struct_fields__:
        assert getattr(card, name) == getattr(normalizing(), name)
    assert (card.run, card.iteration, card.observation_size) == ("walk", 120, SIZE)
    assert card.recurrent_inputs == []
    assert card.onnx_sha256 == hashlib.sha256((folder.exported / "policy.onnx").read_bytes()).hexdigest()
    assert card.versions["torch"] == torch.__version__.split("+")[0]
    assert {"python", "rsl-rl-lib", "onnx", "onnxruntime"} <= set(card.versions)
    assert card.check.observations >= 256
    assert card.check.largest_difference == result.largest_difference
    assert card.latency.p99_us == result.latency_p99_us


def test_policy_json_lists_the_interventions_that_were_applied(exported):
    card = json.loads((exported[0].exported / "policy.json").read_bytes())
    (only,) = card["interventions"]
    assert (only["number"], only["origin"], only["iteration"]) == (3, "person", 41)
    assert only["changes"] == [{"knob": CHANGE.knob, "old": -0.1, "new": -0.2}]
    assert only["note"] == "less shaking"
    assert card["journal_problem"] == ""


def test_a_policy_without_a_normaliser_takes_its_groups_in_order(tmp_path):
    folder, checkpoint, actor = make_run(tmp_path / "run", description())
    out = tmp_path / "elsewhere" / "policy"
    result = export_policy(folder, checkpoint, out)
    assert result.folder == str(out)
    assert not folder.exported.exists()
    observations = torch.randn(20, SIZE)
    expected = actor(groups_of(observations)).detach().numpy()
    assert numpy.abs(run_onnx(out / "policy.onnx", observations) - expected).max() < 1e-5


@pytest.mark.parametrize(("kind", "states"), [("lstm", ["h_in", "c_in"]), ("gru", ["h_in"])])
def test_a_recurrent_policy_carries_its_state_through_further_inputs(tmp_path, kind, states):
    folder, checkpoint, _ = make_run(tmp_path / "run", recurrent(kind))
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert card.recurrent_inputs == states


def test_a_snapshot_is_enough_and_the_file_name_gives_the_iteration(plain):
    folder, checkpoint = plain
    weights = torch.load(checkpoint)["actor_state_dict"]
    snapshot = folder.checkpoint(77)
    torch.save({"actor_state_dict": weights}, snapshot)
    assert export_policy(folder, snapshot).iteration == 77
    unnamed = folder.path / "snapshot.pt"
    torch.save({"actor_state_dict": weights}, unnamed)
    assert read_actor(unnamed)[0] == -1


def test_a_new_export_replaces_the_earlier_one(plain):
    folder, checkpoint = plain
    folder.exported.mkdir()
    for name in (*FILES, "policy.onnx.data"):
        (folder.exported / name).write_bytes(b"old")
    export_policy(folder, checkpoint)
    assert set(contents(folder.exported)) == FILES
    assert b"old" not in contents(folder.exported).values()


def test_an_export_leaves_the_files_of_others_alone(plain):
    folder, checkpoint = plain
    chart = write_file(proposed_file(folder.path, "reward", "svg"), b"a chart", overwrite=False)
    (folder.exported / "notes.txt").write_bytes(b"mine")
    for _ in range(2):
        export_policy(folder, checkpoint)
        assert {path.name for path in folder.exported.iterdir()} == {*FILES, "views", "notes.txt"}
    assert chart.parent == folder.exported / "views"
    assert (chart.read_bytes(), (folder.exported / "notes.txt").read_bytes()) == (b"a chart", b"mine")


def test_a_missing_journal_is_reported_in_policy_json(plain):
    folder, checkpoint = plain
    folder.journal.unlink(missing_ok=True)
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert card.interventions == []
    assert card.journal_problem == "the run has no journal, so changes may be missing here"


def test_a_damaged_journal_is_reported_in_policy_json(plain):
    folder, checkpoint = plain
    folder.journal.write_bytes(b"\x00" * 64)
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert card.interventions == []
    assert card.journal_problem == "journal damaged: 1 stretch of 64 B skipped, so changes may be missing here"


def test_the_git_commit_is_the_working_directorys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert git_commit() is None
    identity = ["-c", "user.name=n", "-c", "user.email=e@e"]
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / "file").write_text("one")
    subprocess.run(["git", "add", "file"], check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "message"], check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert git_commit() == commit
    (tmp_path / "file").write_text("two")
    assert git_commit() == f"{commit}-dirty"
