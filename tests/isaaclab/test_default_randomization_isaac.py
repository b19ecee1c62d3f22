"""What is usually randomized, offered for an Isaac Lab task that doesn't, and rewards."""

from __future__ import annotations

import pytest

pytest.importorskip("isaaclab")

import torch

from tests.isaaclab.built import built, within

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def plain():
    """The humanoid as it is: what is usually randomized is offered."""
    with built("Isaac-Humanoid", 6) as training:
        yield training


def test_usual_masses_gains_and_limits_reach_the_solver_and_go_back(plain):
    fields = ("body_mass", "geom_friction", "body_ipos", "actuator_gainprm", "actuator_biasprm", "jnt_actfrcrange")
    default = {field: plain.solved(field) for field in fields}
    gains = plain.robot.data.joint_stiffness.torch.clone()
    for _ in range(2):
        plain.set("event/mass/scale", (1.5, 1.6), "now")
        plain.set("event/friction/scale", (0.5, 0.6), "now")
        plain.set("event/center_of_mass/offset", (0.02, 0.03), "now")
        plain.set("event/motor/strength", (0.5, 0.6))
        plain.set("event/motor/stiffness", (1.1, 1.2), "now")
    plain.step()
    heavy = default["body_mass"] > 0
    assert within(plain.solved("body_mass")[heavy] / default["body_mass"][heavy], 1.5, 1.6, 1e-3)
    rough = plain.solved("geom_friction")[..., 0] / default["geom_friction"][..., 0]
    assert within(rough.amin(1), 0.5, 0.6, 1e-3)
    moved = plain.solved("body_ipos") - default["body_ipos"]
    assert within(moved[moved.abs() > 1e-6], 0.02, 0.03)
    assert int((moved.abs().sum(2) > 1e-6).sum()) == 6
    assert within(plain.robot.data.joint_stiffness.torch[gains > 0] / gains[gains > 0], 0.5 * 1.1, 0.6 * 1.2, 1e-3)
    assert differs(plain.solved("actuator_gainprm"), default["actuator_gainprm"])
    for name, neutral in (
        ("event/mass/scale", (1.0, 1.0)),
        ("event/friction/scale", (1.0, 1.0)),
        ("event/center_of_mass/offset", (0.0, 0.0)),
        ("event/motor/strength", (1.0, 1.0)),
        ("event/motor/stiffness", (1.0, 1.0)),
    ):
        plain.set(name, neutral, "now")
    plain.step()
    for field in fields:
        assert torch.allclose(plain.solved(field), default[field], rtol=1e-4, atol=1e-6), field


def test_less_friction_is_what_contacts_have(plain):
    plain.reset()
    plain.step(40)  # down to the ground
    before, environments = plain.contact_frictions()
    assert set(environments.tolist()) == set(range(6))
    plain.set("event/friction/scale", (0.2, 0.3), "now")
    plain.step()
    less, environments = plain.contact_frictions()
    assert before.min() > less.max()
    for environment in range(6):
        assert len(less[environments == environment].unique()) == 1
    assert within(less / before[0], 0.2, 0.3)
    assert len(less.unique()) == 6
    plain.set("event/friction/scale", (1.0, 1.0), "now")
    plain.step()
    assert torch.allclose(plain.contact_frictions()[0], before[0])


def differs(values, other):
    return not torch.allclose(values, other)


def test_a_stronger_reward_is_that_much_stronger(plain):
    plain.reset()
    plain.step(3)
    index = plain.env.reward_manager.active_terms.index("alive")
    before = plain.env.reward_manager._step_reward[:, index].clone()
    plain.set("reward/alive/weight", 20.0)
    plain.step()
    assert torch.allclose(plain.env.reward_manager._step_reward[:, index], before * 10.0)
