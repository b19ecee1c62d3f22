"""Changed termination knobs end episodes."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global torch
    import torch


pytestmark = pytest.mark.real


def test_a_stricter_angle_ends_episodes_at_the_next_step(g1):
    g1.set("event/reset_base/pose_range/roll", (0.5, 0.5))
    g1.reset()
    assert not g1.env.termination_manager.compute().any()
    g1.set("termination/fell_over/limit_angle", 0.3)
    with torch.inference_mode():
        assert g1.env.termination_manager.compute().all()
    g1.step()
    assert g1.env.reset_terminated.all()
    assert g1.knobs["termination/fell_over/limit_angle"].description.unit == "rad"
