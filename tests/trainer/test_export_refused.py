"""Exports that are refused or fail: one line says why, and an earlier export remains."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy
import pytest

from trainer_proc.contract.bundle.description import ObservationTerm, write_policy_description
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.products import ExportFinished
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export import check as export_check
from trainer_proc.export import write as export
from trainer_proc.export.models import write_models
from trainer_proc.export.write import export_policy, main


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global FILES, SIZE, contents, description, hidden, make_run, normalizing, onnx, torch
    import onnx
    import torch

    from tests.trainer.exported_policies import FILES, SIZE, contents, description, hidden, make_run, normalizing


@pytest.fixture
def plain(tmp_path) -> tuple[RunFolder, Path]:
    return make_run(tmp_path / "run", description())[:2]


@pytest.fixture
def as_program(monkeypatch):
    """Run `main` in this process and restore the settings that it changes."""
    monkeypatch.setattr(os, "nice", lambda step: step)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


# --- Refused exports --------------------------------------------------------------------------------------


def refused(folder: RunFolder, checkpoint: Path) -> str:
    """Return why the export was refused, after checking that it left no file."""
    before = sorted(path.name for path in folder.path.iterdir())
    with pytest.raises(ExportError) as caught:
        export_policy(folder, checkpoint)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in folder.path.iterdir()) == before
    return str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_checkpoint_that_was_cut_off_is_refused(plain, share):
    folder, checkpoint = plain
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: int(len(whole) * share)])
    assert "is cut off or" in refused(folder, checkpoint)


def test_a_checkpoint_that_would_run_code_is_refused(plain):
    folder, checkpoint = plain
    torch.save({"actor_state_dict": {}, "infos": os.system}, checkpoint)
    assert "loaded safely" in refused(folder, checkpoint)


def test_foreign_and_missing_checkpoints_are_refused(plain):
    folder, checkpoint = plain
    torch.save({"model_state_dict": {}}, checkpoint)
    assert "holds no actor_state_dict" in refused(folder, checkpoint)
    checkpoint.unlink()
    assert "no such checkpoint" in refused(folder, checkpoint)


def test_weights_of_another_shape_are_refused(plain):
    folder, checkpoint = plain
    write_policy_description(folder, description(actor=description().actor | {"hidden_dims": [16, 9]}))
    assert "doesn't fit params/policy.json" in refused(folder, checkpoint)


def test_a_normaliser_that_is_missing_in_the_checkpoint_is_refused(plain):
    folder, checkpoint = plain
    write_policy_description(folder, normalizing())
    assert "obs_normalizer" in refused(folder, checkpoint)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"actor": {"class_name": "NoSuchModel"}}, "NoSuchModel"),
        ({"actor": {"class_name": "builtins:print"}}, "is no torch module"),
        (
            {"actor": {"class_name": "MLPModel", "distribution_cfg": {"class_name": "pydoc:pipepager", "cmd": "true"}}},
            "is no torch module",
        ),
        ({"actor": {}}, "class_name"),
        ({"observation_sizes": {"first": 3}}, "second"),
        ({"observation_terms": [ObservationTerm("joint_pos", 7)]}, "its terms have 7 numbers, the actor reads 8"),
    ],
)
def test_a_description_that_makes_no_actor_is_refused(plain, changes, reason):
    folder, checkpoint = plain
    write_policy_description(folder, description(**changes))
    assert reason in refused(folder, checkpoint)


def test_a_missing_or_broken_description_is_refused(plain):
    folder, checkpoint = plain
    folder.policy_description.write_text("{")
    assert "policy.json can't be read" in refused(folder, checkpoint)
    folder.policy_description.unlink()
    assert "policy.json is missing" in refused(folder, checkpoint)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "onnxscript"])
def test_a_missing_package_is_shown_with_the_command_that_installs_it(plain, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    reason = refused(*plain)
    assert f"needs package {package} " in reason
    assert "uv sync --extra mjlab --extra export" in reason
    folder, checkpoint = plain
    write_policy_description(folder, description(backend="isaaclab"))
    assert f"install it for {sys.executable}" in refused(folder, checkpoint)


# --- Complete or absent -----------------------------------------------------------------------------------


def spoiled(spoil):
    """Return a `write_models` that lets `spoil` change `policy.onnx` afterwards."""

    def write(model, scripted, metadata, into):
        write_models(model, scripted, metadata, into)
        spoil(into / "policy.onnx")

    return write


def add_to_biases(amount: float):
    def spoil(file: Path) -> None:
        model = onnx.load(file)
        for weight in model.graph.initializer:
            if weight.name.endswith("bias"):
                moved = onnx.numpy_helper.to_array(weight) + numpy.float32(amount)
                weight.CopyFrom(onnx.numpy_helper.from_array(moved, weight.name))
        onnx.save(model, file)

    return spoil


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (add_to_biases(1e-4), "policy.onnx: expected a difference of at most"),
        (add_to_biases(float("nan")), "policy.onnx: expected a difference of at most"),
        (cut_off, "onnxruntime refuses"),
    ],
)
def test_a_failed_check_keeps_the_earlier_export_and_leaves_nothing_else(plain, monkeypatch, spoil, reason):
    folder, checkpoint = plain
    monkeypatch.setattr(export, "write_models", spoiled(spoil))
    folder.exported.mkdir()
    for name in FILES:
        (folder.exported / name).write_text("earlier")
    assert reason in refused(folder, checkpoint)
    assert contents(folder.exported) == dict.fromkeys(FILES, b"earlier")


def test_a_wrong_torchscript_file_fails_the_check_and_leaves_no_file(plain, monkeypatch):
    spoil = spoiled(lambda file: torch.jit.script(torch.nn.Linear(SIZE, 2)).save(file.with_name("policy.pt")))
    monkeypatch.setattr(export, "write_models", spoil)
    assert "policy.pt: expected a difference of at most" in refused(*plain)


def test_a_diverged_policy_is_refused(plain):
    folder, checkpoint = plain
    content = torch.load(checkpoint)
    content["actor_state_dict"]["mlp.0.weight"][0, 0] = float("nan")
    torch.save(content, checkpoint)
    assert "not finite" in refused(folder, checkpoint)


def test_a_file_in_place_of_the_folder_and_a_folder_in_place_of_a_file_are_refused(plain):
    folder, checkpoint = plain
    folder.exported.write_text("mine")
    assert "expected a folder, got the file" in refused(folder, checkpoint)
    assert folder.exported.read_text() == "mine"
    folder.exported.unlink()
    (folder.exported / "policy.pt").mkdir(parents=True)
    assert "policy.pt, got a folder" in refused(folder, checkpoint)


# --- The program ------------------------------------------------------------------------------------------


def test_the_program_prints_the_result_as_one_line(plain):
    folder, checkpoint = plain
    command = [sys.executable, "-m", "trainer_proc.export.write", str(folder.path), "--checkpoint", str(checkpoint)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = msgspec.json.decode(line, type=ExportFinished)
    assert result.iteration == 120
    assert set(contents(folder.exported)) == FILES


def test_other_output_goes_to_standard_error_and_the_gpu_is_hidden(plain, as_program, monkeypatch, capfd):
    folder, checkpoint = plain
    measure = export_check.measure_latency

    def chatty(session):
        sys.stdout.write("from Python\n")
        os.write(1, b"from C\n")
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
        return measure(session)

    monkeypatch.setattr(export, "measure_latency", chatty)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert main([str(folder.path), "--checkpoint", str(checkpoint)]) == 0
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 1
    assert json.loads(out)["iteration"] == 120
    assert "from Python" in err
    assert "from C" in err


def test_an_interrupted_export_leaves_nothing(plain, as_program, monkeypatch, capfd):
    folder, checkpoint = plain
    monkeypatch.setattr(export, "measure_latency", lambda session: os.kill(os.getpid(), signal.SIGTERM))
    assert main([str(folder.path), "--checkpoint", str(checkpoint)]) == 1
    assert json.loads(capfd.readouterr().out) == {"error": "the export was interrupted"}
    assert not folder.exported.exists()


def test_errors_are_one_line_of_json(plain, as_program, monkeypatch, capfd):
    folder, checkpoint = plain
    assert main([str(folder.path), "--checkpoint", "nowhere.pt"]) == 1
    assert "no such checkpoint: nowhere.pt" in json.loads(capfd.readouterr().out)["error"]
    assert main([str(folder.path)]) == 2
    assert "--checkpoint" in json.loads(capfd.readouterr().out)["error"]
    monkeypatch.setattr(export, "read_actor", lambda path, library: 1 / 0)
    assert main([str(folder.path), "--checkpoint", str(checkpoint)]) == 1
    out, err = capfd.readouterr()
    assert "ZeroDivisionError" in json.loads(out)["error"]
    assert "Traceback" in err


def test_an_observation_of_unknown_shape_is_refused(plain):
    folder, checkpoint = plain
    described = json.loads(folder.policy_description.read_text())
    described["observation_groups"]["actor"].append("camera")
    folder.policy_description.write_text(json.dumps(described))
    assert "got neither: camera" in refused(folder, checkpoint)
