"""Exports made with rsl-rl's own models, read back with onnx, onnxruntime and torch."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy
import onnx
import pytest
import torch
from rsl_rl.models import MLPModel, RNNModel
from tensordict import TensorDict

from trainer_proc.contract.codec import encode
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Change, ExportFinished, Frame, InterventionApplied, InterventionQueued
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export import check as export_check
from trainer_proc.export import write as export
from trainer_proc.export.policy import ObservationTerm, PolicyDescription, write_policy_description
from trainer_proc.export.write import PolicyCard, export_policy, main

GAUSSIAN = {"class_name": "GaussianDistribution", "init_std": 1.0, "std_type": "scalar"}
FILES = {"policy.onnx", "policy.pt", "policy.json"}
GROUP_SIZES = {"second": 5, "first": 3}
SIZE = 8
CHANGE = Change("reward.action_rate_l2.weight", -0.1, -0.2)


def description(**changes) -> PolicyDescription:
    whole = PolicyDescription(
        task="Walk-Flat",
        backend="mjlab",
        actor={"class_name": "MLPModel", "hidden_dims": [16, 8], "activation": "elu", "distribution_cfg": GAUSSIAN},
        observation_groups={"actor": ["second", "first"], "critic": ["first"]},
        observation_sizes={"first": 3, "second": 5},
        num_actions=2,
        observation_terms=[ObservationTerm("joint_pos", 5), ObservationTerm("command", 3)],
        action_names=["joint_pos"],
        action_scale=[0.25, 0.5],
        action_offset=[0.1, -0.2],
        joint_names=["hip", "knee"],
        default_joint_positions=[0.1, -0.2],
        joint_stiffness=[40.0, 60.0],
        joint_damping=[2.0, 3.0],
        control_frequency=50.0,
    )
    return msgspec.structs.replace(whole, **changes)


def normalizing() -> PolicyDescription:
    return description(actor=description().actor | {"obs_normalization": True})


def recurrent(kind: str) -> PolicyDescription:
    return description(
        actor={"class_name": "RNNModel", "hidden_dims": [8], "rnn_type": kind, "rnn_hidden_dim": 6, "rnn_num_layers": 1}
    )


def groups_of(observations: torch.Tensor) -> TensorDict:
    parts = observations.split(list(GROUP_SIZES.values()), dim=-1)
    return TensorDict(dict(zip(GROUP_SIZES, parts, strict=True)), batch_size=[len(observations)])


def make_run(path: Path, described: PolicyDescription) -> tuple[RunFolder, Path, MLPModel]:
    """Make a run folder with a checkpoint of a policy trained on observations far from zero."""
    torch.manual_seed(1)
    folder = RunFolder(path)
    write_policy_description(folder, described)
    arguments = copy.deepcopy(described.actor)
    model = {"MLPModel": MLPModel, "RNNModel": RNNModel}[arguments.pop("class_name")]
    actor = model(groups_of(torch.zeros(1, SIZE)), described.observation_groups, "actor", 2, **arguments)
    actor.update_normalization(groups_of(torch.randn(500, SIZE) * 4 + 20))
    checkpoint = folder.checkpoint(120)
    torch.save({"actor_state_dict": actor.state_dict(), "iter": 120, "infos": {"env_state": {"steps": 9}}}, checkpoint)
    return folder, checkpoint, actor.eval()


def write_journal(folder: RunFolder) -> None:
    writer = JournalWriter(folder.journal)
    writer.append(encode(Frame(0, 1.0, InterventionQueued(3, "person", (CHANGE,), "less shaking"))))
    writer.append(
        encode(
            Frame(
                1,
                2.0,
                InterventionApplied(
                    number=3, origin="person", iteration=41, revision=2, changes=(CHANGE,), note="less shaking"
                ),
            )
        )
    )
    writer.close()


def run_onnx(file: Path, observations: torch.Tensor) -> numpy.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return numpy.concatenate([session.run(["actions"], {"obs": row[None].numpy()})[0] for row in observations])


def hidden(folder: RunFolder) -> list[str]:
    return [path.name for path in folder.path.iterdir() if path.name.startswith(".")]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[RunFolder, MLPModel, ExportFinished]:
    folder, checkpoint, actor = make_run(tmp_path_factory.mktemp("logs") / "walk", normalizing())
    write_journal(folder)
    return folder, actor, export_policy(folder, checkpoint)


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


# --- Valid exports ----------------------------------------------------------------------------------------


def test_three_files_and_nothing_else_are_written(exported):
    folder, _, result = exported
    assert set(contents(folder.exported)) == FILES
    assert hidden(folder) == []
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
    assert metadata["default_joint_pos"] == "0.1,-0.2"
    assert metadata["observation_names"] == "joint_pos,command"
    assert metadata["iteration"] == "120"


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
    assert export_check.read_actor(unnamed)[0] == -1


def test_a_new_export_replaces_the_earlier_one(plain):
    folder, checkpoint = plain
    folder.exported.mkdir()
    for name in (*FILES, "policy.onnx.data"):
        (folder.exported / name).write_bytes(b"old")
    export_policy(folder, checkpoint)
    assert set(contents(folder.exported)) == FILES
    assert b"old" not in contents(folder.exported).values()
    assert hidden(folder) == []


def test_a_damaged_journal_is_reported_in_policy_json(plain):
    folder, checkpoint = plain
    folder.journal.write_bytes(b"\x00" * 64)
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert card.interventions == []
    assert "damaged at byte 0" in card.journal_problem


def test_the_git_commit_is_the_working_directorys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export._git_commit() is None
    identity = ["-c", "user.name=n", "-c", "user.email=e@e"]
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / "file").write_text("one")
    subprocess.run(["git", "add", "file"], check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "message"], check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert export._git_commit() == commit
    (tmp_path / "file").write_text("two")
    assert export._git_commit() == f"{commit}-dirty"


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

    def write(actor, metadata, into):
        names = export_check.write_models(actor, metadata, into)
        spoil(into / "policy.onnx")
        return names

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


def test_a_folder_with_other_files_is_not_replaced(plain):
    folder, checkpoint = plain
    folder.exported.mkdir()
    (folder.exported / "notes.txt").write_text("mine")
    assert "notes.txt" in refused(folder, checkpoint)
    assert contents(folder.exported) == {"notes.txt": b"mine"}


def test_a_rename_that_fails_brings_the_earlier_export_back(plain, monkeypatch):
    folder, checkpoint = plain
    folder.exported.mkdir()
    (folder.exported / "policy.onnx").write_text("earlier")
    rename = Path.rename

    def failing(self, target):
        if target == folder.exported and not self.name.endswith(".previous"):
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    assert "can't be written: no space" in refused(folder, checkpoint)
    assert contents(folder.exported) == {"policy.onnx": b"earlier"}


def test_what_a_killed_export_left_is_removed_and_a_running_ones_folder_is_not(plain):
    folder, checkpoint = plain
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    killed = folder.path / f".exported.1.{ended.pid}"
    running = folder.path / f".exported.1.{os.getpid()}"
    killed.mkdir()
    running.mkdir()
    export_policy(folder, checkpoint)
    assert hidden(folder) == [running.name]


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
    assert hidden(folder) == []
    assert not folder.exported.exists()


def test_errors_are_one_line_of_json(plain, as_program, monkeypatch, capfd):
    folder, checkpoint = plain
    assert main([str(folder.path), "--checkpoint", "nowhere.pt"]) == 1
    assert "no such checkpoint: nowhere.pt" in json.loads(capfd.readouterr().out)["error"]
    assert main([str(folder.path)]) == 2
    assert "--checkpoint" in json.loads(capfd.readouterr().out)["error"]
    monkeypatch.setattr(export, "read_actor", lambda path: 1 / 0)
    assert main([str(folder.path), "--checkpoint", str(checkpoint)]) == 1
    out, err = capfd.readouterr()
    assert "ZeroDivisionError" in json.loads(out)["error"]
    assert "Traceback" in err


def test_a_policy_that_sees_images_is_refused_in_plain_words(plain):
    folder, checkpoint = plain
    described = json.loads(folder.policy_description.read_text())
    described["observation_groups"]["actor"].append("camera")
    folder.policy_description.write_text(json.dumps(described))
    assert "got images (camera)" in refused(folder, checkpoint)
