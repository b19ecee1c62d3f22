"""The flat G1 on the Warp front end: its resets and commands are what Warp can't record on a CPU."""

from __future__ import annotations

import pytest
import torch

from tests.isaaclab.built import built


@pytest.fixture(scope="module")
def g1():
    with built("Isaac-Velocity-Flat-G1", 2, frontend="warp") as training:
        yield training


def test_it_is_reset_and_stands(g1):
    g1.reset()
    rewards = g1.step(steps=5)
    heights = g1.robot.data.root_pos_w.torch[:, 2]
    assert torch.isfinite(rewards).all()
    assert (heights > 0.6).all()
