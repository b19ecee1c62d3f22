"""Randomization knobs on a real Isaac Lab humanoid: what the solver steps is what was drawn."""

from __future__ import annotations

import pytest

pytest.importorskip("isaaclab")

import torch
from isaaclab.envs import mdp
from isaaclab.managers import CurriculumTermCfg, EventTermCfg, SceneEntityCfg

from tests.isaaclab.built import built, within

pytestmark = pytest.mark.real
TORSO = "torso"


def with_startup_events(cfg):
    """Give the humanoid the startup randomization of Isaac Lab's velocity tasks, and a curriculum of its own."""
    body = SceneEntityCfg("robot", body_names=TORSO)
    cfg.events.material = EventTermCfg(
        func=mdp.randomize_rigid_body_material,
        mode="startup",
        params={
            "asset_cfg": SceneEntityCfg("robot", body_names=".*"),
            "static_friction_range": (0.8, 0.8),
            "dynamic_friction_range": (0.6, 0.6),
            "restitution_range": (0.0, 0.0),
            "num_buckets": 64,
        },
    )
    cfg.events.torso_mass = EventTermCfg(
        func=mdp.randomize_rigid_body_mass,
        mode="startup",
        params={
            "asset_cfg": body,
            "mass_distribution_params": (1.0, 1.0),
            "operation": "scale",
            "distribution": "uniform",
        },
    )
    cfg.events.push = EventTermCfg(
        func=mdp.push_by_setting_velocity,
        mode="interval",
        interval_range_s=(1000.0, 1000.0),
        params={"velocity_range": {"x": (0.0, 0.0)}},
    )
    changes = {"term_name": "alive", "weight": 5.0, "num_steps": 0}
    cfg.curriculum = {"alive": CurriculumTermCfg(func=mdp.modify_reward_weight, params=changes)}


@pytest.fixture(scope="module")
def humanoid():
    with built("Isaac-Humanoid", 6, with_startup_events) as training:
        training.env.common_step_counter = 0
        yield training


def torso_masses(training):
    index = training.robot.body_names.index(TORSO)
    return training.robot.data.body_mass.torch[:, index].clone(), training.solved("body_mass")


def test_a_startup_mass_is_drawn_again_from_the_default_and_reaches_the_solver(humanoid):
    default, solved = torso_masses(humanoid)
    for _ in range(3):
        humanoid.set("event/torso_mass/mass_distribution_params", (1.5, 2.0), "now")
    humanoid.step()
    drawn, drawn_solved = torso_masses(humanoid)
    factors = drawn / default
    assert within(factors, 1.5, 2.0)
    assert len(set(factors.tolist())) == 6
    changed = (drawn_solved - solved).abs().sum(0) > 1e-6
    assert int(changed.sum()) == 1
    assert torch.allclose((drawn_solved / solved)[:, changed].squeeze(1), factors, rtol=1e-4)
    humanoid.set("event/torso_mass/mass_distribution_params", (1.0, 1.0), "now")
    assert torch.allclose(torso_masses(humanoid)[0], default)


def test_on_reset_only_those_that_reset_are_drawn_again(humanoid):
    humanoid.set("event/torso_mass/mass_distribution_params", (1.0, 1.0), "now")
    before, _ = torso_masses(humanoid)
    humanoid.set("event/torso_mass/mass_distribution_params", (2.0, 3.0), "on reset")
    assert torch.equal(torso_masses(humanoid)[0], before)
    humanoid.reset(1, 4)
    after, _ = torso_masses(humanoid)
    stay = [0, 2, 3, 5]
    assert torch.equal(after[stay], before[stay])
    assert within(after[[1, 4]] / before[[1, 4]], 2.0, 3.0)


def test_friction_follows_its_knob_although_the_term_keeps_its_ranges(humanoid):
    humanoid.set("event/material/static_friction_range", (0.2, 0.3), "now")
    humanoid.step()
    friction = humanoid.solved("geom_friction")[..., 0]
    drawn = friction[:, (friction >= 0.2).all(0) & (friction <= 0.3).all(0)]
    assert drawn.shape[1] >= len(humanoid.robot.body_names)
    assert len(set(drawn.flatten().tolist())) > 6
    humanoid.set("event/material/static_friction_range", (0.8, 0.8), "now")
    humanoid.step()
    assert torch.isclose(humanoid.solved("geom_friction")[..., 0], torch.tensor(0.8)).sum() >= drawn.numel()


def test_what_newton_has_no_use_for_says_so(humanoid):
    for parameter, why in (("dynamic_friction_range", "Newton"), ("restitution_range", "no restitution")):
        assert why in humanoid.knobs[f"event/material/{parameter}"].description.read_only
    assert "Newton" in humanoid.knobs["event/material/num_buckets"].description.read_only


def test_a_reset_range_is_what_the_next_resets_draw_from(humanoid):
    humanoid.set("event/reset_robot_joints/position_range", (0.05, 0.06))
    humanoid.reset()
    offsets = humanoid.robot.data.joint_pos.torch - humanoid.robot.data.default_joint_pos.torch
    limits = humanoid.robot.data.soft_joint_pos_limits.torch
    inside = humanoid.robot.data.default_joint_pos.torch + 0.06 < limits[..., 1]
    assert within(offsets[inside], 0.05, 0.06)


def test_a_push_comes_when_its_interval_says_so(humanoid):
    humanoid.reset()
    humanoid.set("event/push/velocity_range/y", (5.0, 5.0))
    humanoid.set("event/push/interval_range_s", (humanoid.env.step_dt, humanoid.env.step_dt))
    humanoid.step()
    assert (humanoid.robot.data.root_vel_w.torch[:, 1] > 3.0).all()
    humanoid.set("event/push/velocity_range/y", (0.0, 0.0))
    humanoid.set("event/push/interval_range_s", (1000.0, 1000.0))


def test_the_tasks_own_curriculum_is_found_out_and_kept_off(humanoid):
    humanoid.env.common_step_counter = 10
    humanoid.reset(0)
    assert humanoid.knobs["reward/alive/weight"].read() == 5.0
    assert ("reward/alive/weight", "curriculum term alive", False) in humanoid.reports
    assert humanoid.hold("reward/alive/weight")
    humanoid.set("reward/alive/weight", 3.0)
    humanoid.reset(0)
    assert humanoid.env.reward_manager.get_term_cfg("alive").weight == 3.0
    humanoid.release("reward/alive/weight")
    humanoid.reset(0)
    assert humanoid.env.reward_manager.get_term_cfg("alive").weight == 5.0
    humanoid.set("curriculum_term/alive/weight", 4.0)
    humanoid.reset(0)
    assert humanoid.env.reward_manager.get_term_cfg("alive").weight == 4.0


def test_observation_noise(humanoid):
    before = humanoid.env.observation_manager.compute()["policy"]
    humanoid.set("observation/policy/base_height/noise", (10.0, 11.0))
    after = humanoid.env.observation_manager.compute()["policy"]
    assert within((after - before)[:, 0], 10.0, 11.0)
    assert torch.allclose(after[:, 1:], before[:, 1:])
    humanoid.set("observation/policy/base_height/noise", (0.0, 0.0))
