"""Exports of policies that see images, as rsl-rl's own wrapper writes them."""

from __future__ import annotations

import msgspec
import numpy
import pytest

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.export.write import export_policy


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global SIZE, groups_of, images_of, make_run, onnxruntime, seeing, torch
    import onnxruntime
    import torch

    from tests.trainer.exported_policies import SIZE, groups_of, images_of, make_run, seeing


@pytest.mark.parametrize(
    "actor",
    [
        {"obs_normalization": True},
        {
            "class_name": "mjlab.rl.spatial_softmax:SpatialSoftmaxCNNModel",
            "cnn_cfg": {"output_channels": [4], "kernel_size": 3, "spatial_softmax_temperature": 0.5},
        },
    ],
    ids=["rsl-rl's", "mjlab's spatial softmax"],
)
def test_images_are_further_inputs_in_the_actors_order(tmp_path, actor):
    described = seeing(**actor)
    folder, checkpoint, policy = make_run(tmp_path / "run", described)
    export_policy(folder, checkpoint)
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert (card.observation_size, card.image_inputs, card.recurrent_inputs) == (SIZE, ["depth", "colour"], [])
    assert card.image_shapes == described.image_shapes

    session = onnxruntime.InferenceSession(str(folder.exported / "policy.onnx"), providers=["CPUExecutionProvider"])
    shapes = {"obs": [1, SIZE], **{name: [1, *card.image_shapes[name]] for name in card.image_inputs}}
    assert {node.name: node.shape for node in session.get_inputs()} == shapes
    vectors, images = torch.randn(20, SIZE) * 4 + 20, images_of(described, 20)
    expected = policy(groups_of(vectors, images)).detach().numpy()
    scripted = torch.jit.load(folder.exported / "policy.pt")
    for row in range(20):
        one = {name: image[row : row + 1] for name, image in images.items()}
        fed = {"obs": vectors[row : row + 1].numpy(), **{name: image.numpy() for name, image in one.items()}}
        assert numpy.abs(session.run(["actions"], fed)[0] - expected[row]).max() < 1e-5
        seen = scripted(vectors[row : row + 1], [one["depth"], one["colour"]]).detach().numpy()
        assert numpy.abs(seen - expected[row]).max() < 1e-5
    # the actions depend on what the cameras see
    unseen = policy(groups_of(vectors, {name: image * 0 for name, image in images.items()})).detach().numpy()
    assert numpy.abs(unseen - expected).max() > 1e-3


def test_a_policy_of_images_alone_is_exported(tmp_path):
    described = msgspec.structs.replace(
        seeing(), observation_groups={"actor": ["colour"], "critic": ["first"]}, observation_terms=[]
    )
    folder, checkpoint, _ = make_run(tmp_path / "run", described)
    assert export_policy(folder, checkpoint).largest_difference < 1e-5
    card = msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)
    assert (card.observation_size, card.image_inputs) == (0, ["colour"])
