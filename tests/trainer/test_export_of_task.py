"""What a task's own exporter adds to a policy is in this program's export too."""

from __future__ import annotations

import msgspec
import numpy
import pytest

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export.write import export_policy

FRAMES = 50
OWN_METADATA = {"anchor_body_name": "torso", "body_names": "torso,foot", "joint_stiffness": "1.000,1.000"}
"""Of it, this program knows better gains."""


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global DESCRIBED_HERE, Exporter, SIZE, description, groups_of, keep_task_export, make_run, normalizing
    global onnx, onnxruntime, recurrent, torch
    import onnx
    import onnxruntime
    import torch

    from tests.trainer.exported_policies import SIZE, description, groups_of, make_run, normalizing, recurrent
    from trainer_proc.export.task_export import DESCRIBED_HERE, keep_task_export

    class Exporter(torch.nn.Module):
        """A tracking task's: the policy, and a motion at a time step, as mjlab's `_OnnxMotionModel`."""

        def __init__(self, actor):
            super().__init__()
            self.policy = actor.as_onnx(verbose=False)
            self.register_buffer("motion", torch.arange(FRAMES * 3, dtype=torch.float32).reshape(FRAMES, 3))

        def forward(self, obs, time_step):
            step = torch.clamp(time_step.long().squeeze(-1), max=FRAMES - 1)
            actions = self.policy(obs)
            return actions, self.motion[step], actions.abs().sum()


def export_as_task(actor, file, opset=18, outputs=("actions", "joint_pos", "effort"), **metadata):
    """Write the file of the task's own exporter."""
    inputs = (torch.zeros(1, SIZE), torch.zeros(1, 1))
    names = {"input_names": ["obs", "time_step"], "output_names": list(outputs)}
    torch.onnx.export(Exporter(actor).eval(), inputs, file, opset_version=opset, dynamo=False, **names)
    model = onnx.load(file)
    onnx.helper.set_model_props(model, OWN_METADATA | metadata)
    onnx.save(model, file)


def read_card(folder: RunFolder) -> PolicyCard:
    return msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)


@pytest.mark.parametrize(("name", "opset"), [("run.onnx", 18), ("policy.onnx", 14)])
def test_outputs_and_metadata_of_the_tasks_own_file_are_taken_over(tmp_path, name, opset):
    folder, checkpoint, actor = make_run(tmp_path / "run", normalizing())
    export_as_task(make_run(tmp_path / "untrained", normalizing())[2], folder.path / name, opset)
    export_policy(folder, checkpoint)
    card = read_card(folder)
    assert (card.task_inputs, card.task_outputs) == (["time_step"], ["joint_pos"])
    assert card.task_metadata == {"anchor_body_name": "torso", "body_names": "torso,foot"}
    assert card.not_included == ["output effort of the task's own exporter: it depends on the weights"]

    file = folder.exported / "policy.onnx"
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_inputs()] == ["obs", "time_step"]
    assert [node.name for node in session.get_outputs()] == ["actions", "joint_pos"]
    observations = torch.randn(20, SIZE) * 4 + 20
    expected = actor(groups_of(observations)).detach().numpy()
    for row, step in enumerate((0, 1, 7, FRAMES - 1, FRAMES + 5)):
        fed = {"obs": observations[row : row + 1].numpy(), "time_step": numpy.full((1, 1), step, numpy.float32)}
        actions, joints = session.run(None, fed)
        assert numpy.abs(actions - expected[row]).max() < 1e-5
        assert joints.tolist() == [[3.0 * min(step, FRAMES - 1) + i for i in range(3)]]
    metadata = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert (metadata["anchor_body_name"], metadata["body_names"]) == ("torso", "torso,foot")
    assert metadata["joint_stiffness"] == "40.000000000,60.000000000"


def test_a_fact_that_is_unknown_here_is_not_taken_from_the_task(tmp_path):
    described = msgspec.structs.replace(normalizing(), joint_stiffness=[])
    folder, checkpoint, actor = make_run(tmp_path / "run", described)
    export_as_task(actor, folder.path / "run.onnx")
    export_policy(folder, checkpoint)
    added = {"anchor_body_name", "body_names"}
    metadata = {entry.key for entry in onnx.load(folder.exported / "policy.onnx").metadata_props}
    assert added <= metadata <= DESCRIBED_HERE | added
    assert "joint_stiffness" not in metadata


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda actor, file: file.write_bytes(b"no model"), "DecodeError"),
        (
            lambda actor, file: export_as_task(actor, file, outputs=("actions", "mlp.0.weight", "effort")),
            "it uses names of the policy: mlp.0.weight",
        ),
    ],
    ids=["no model", "same names"],
)
def test_a_file_that_can_not_be_used_is_named_and_blocks_no_export(tmp_path, spoil, reason):
    folder, checkpoint, actor = make_run(tmp_path / "run", description())
    spoil(actor, folder.path / "policy.onnx")
    export_policy(folder, checkpoint)
    card = read_card(folder)
    assert (card.task_outputs, card.task_metadata) == ([], {})
    (line,) = card.not_included
    assert line.startswith("policy.onnx of the task's own exporter: ")
    assert reason in line


class Runner:
    """A runner whose class exports at each save; `save` is replaced on the instance, as the backend of mjlab does."""

    def __init__(self, actor, problem=None):
        self.alg = self
        self._actor = actor
        self._problem = problem

    def get_policy(self):
        return self._actor

    def save(self, path, infos=None):
        if self._problem is not None:
            raise self._problem
        from pathlib import Path

        export_as_task(self._actor, Path(path).with_name("any.onnx"))


def test_a_runner_whose_saves_export_no_more_exports_once_without_the_weights(tmp_path):
    folder, checkpoint, actor = make_run(tmp_path / "run", normalizing())
    runner = Runner(actor)
    assert keep_task_export(runner, folder) == ()  # its own saves write the file
    assert not folder.task_export.exists()
    runner.save = lambda path, infos=None: None
    assert keep_task_export(runner, folder) == ("output effort of the task's own exporter: it depends on the weights",)
    kept = onnx.load(folder.task_export)
    assert [weight.dims for weight in kept.graph.initializer if len(weight.dims) == 2] == [[FRAMES, 3]]
    export_policy(folder, checkpoint)
    assert read_card(folder).task_outputs == ["joint_pos"]


def test_an_exporter_that_fails_is_reported_and_the_training_goes_on(tmp_path, capfd):
    folder, _, actor = make_run(tmp_path / "run", description())
    runner = Runner(actor, RuntimeError("no motion"))
    runner.save = lambda path, infos=None: None
    assert keep_task_export(runner, folder) == ("additions of the task's own exporter: RuntimeError: no motion",)
    assert "no motion" in capfd.readouterr().err
    assert not folder.task_export.exists()


def test_a_recurrent_policy_keeps_its_state_beside_what_the_task_adds(tmp_path):
    folder, checkpoint, _ = make_run(tmp_path / "run", recurrent("lstm"))
    export_as_task(make_run(tmp_path / "other", description())[2], folder.path / "run.onnx")
    export_policy(folder, checkpoint)
    card = read_card(folder)
    assert (card.recurrent_inputs, card.task_inputs) == (["h_in", "c_in"], ["time_step"])
