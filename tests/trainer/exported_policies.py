"""Run folders with policies of rsl-rl's own models, to be exported."""

from __future__ import annotations

import copy
from pathlib import Path

import msgspec
import numpy
import torch
from rsl_rl.models import MLPModel
from rsl_rl.utils import resolve_callable
from tensordict import TensorDict

from trainer_proc.contract.bundle.description import (
    FORMAT,
    ObservationTerm,
    PolicyDescription,
    write_policy_description,
)
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Change, Frame, InterventionApplied, InterventionQueued
from trainer_proc.contract.run_folder import RunFolder

GAUSSIAN = {"class_name": "GaussianDistribution", "init_std": 1.0, "std_type": "scalar"}
FILES = {"policy.onnx", "policy.pt", "policy_weights.pt", "policy.json"}
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
        observation_terms=[
            ObservationTerm("joint_pos", 5, scale=[0.5], clip=(-9.0, 9.0), history_length=5),
            ObservationTerm("command", 3, scale=[2.0, 2.0, 0.25]),
        ],
        action_names=["joint_pos"],
        action_scale=[0.25, 0.5],
        action_offset=[0.1, -0.2],
        joint_names=["hip", "knee"],
        default_joint_positions=[0.1, -0.2],
        joint_stiffness=[40.0, 60.0],
        joint_damping=[2.0, 3.0],
        control_frequency=50.0,
        clip_actions=2.0,
        action_kinds=["position", "position"],
        action_clip=[(-1.0, None), None],
        format=FORMAT,
    )
    return msgspec.structs.replace(whole, **changes)


def normalizing() -> PolicyDescription:
    return description(actor=description().actor | {"obs_normalization": True})


def recurrent(kind: str) -> PolicyDescription:
    return description(
        actor={"class_name": "RNNModel", "hidden_dims": [8], "rnn_type": kind, "rnn_hidden_dim": 6, "rnn_num_layers": 1}
    )


def seeing(**actor) -> PolicyDescription:
    """Return a policy with two cameras, one of them between the vectors."""
    cnn = {"output_channels": [4, 2], "kernel_size": 3, "stride": 2, "activation": "elu"}
    return description(
        actor=description().actor | {"class_name": "CNNModel", "cnn_cfg": cnn} | actor,
        observation_groups={"actor": ["second", "depth", "first", "colour"], "critic": ["first"]},
        image_shapes={"colour": [3, 20, 16], "depth": [1, 12, 24]},
    )


def groups_of(observations: torch.Tensor, images: dict[str, torch.Tensor] | None = None) -> TensorDict:
    parts = observations.split(list(GROUP_SIZES.values()), dim=-1)
    named = dict(zip(GROUP_SIZES, parts, strict=True))
    return TensorDict(named | (images or {}), batch_size=[len(observations)])


def images_of(described: PolicyDescription, count: int) -> dict[str, torch.Tensor]:
    return {name: torch.rand(count, *shape) for name, shape in described.image_shapes.items()}


def make_run(path: Path, described: PolicyDescription) -> tuple[RunFolder, Path, MLPModel]:
    """Make a run folder with a checkpoint of a policy trained on observations far from zero."""
    torch.manual_seed(1)
    folder = RunFolder(path)
    write_policy_description(folder, described)
    arguments = copy.deepcopy(described.actor)
    model = resolve_callable(arguments.pop("class_name"))
    seen = groups_of(torch.randn(500, SIZE) * 4 + 20, images_of(described, 500))
    actor = model(seen, described.observation_groups, "actor", 2, **arguments)
    actor.update_normalization(seen)
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


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
