"""Changed randomization knobs of the task's events show in the simulator's state and model."""

from __future__ import annotations

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, EventTermCfg, G1, SceneEntityCfg, Simulated, apply_body_impulse, differ, dr
    global reset_root_state_uniform, torch, within
    import torch
    from mjlab.envs.mdp import dr
    from mjlab.envs.mdp.events import apply_body_impulse, reset_root_state_uniform
    from mjlab.managers.event_manager import EventTermCfg
    from mjlab.managers.scene_entity_config import SceneEntityCfg

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated, differ, within


pytestmark = pytest.mark.real


# --- reset terms ---


def test_a_reset_pose_lies_in_the_new_range(g1):
    g1.set("event/reset_base/pose_range/x", (2.0, 2.5))
    g1.set("event/reset_base/velocity_range/z", (0.3, 0.4))  # the task names no axis of it
    before = g1.data.root_link_pos_w.clone()
    g1.reset(0, 3)
    offset = g1.data.root_link_pos_w - g1.env.scene.env_origins
    assert within(offset[[0, 3], 0], 2.0, 2.5)
    assert within(g1.data.root_link_vel_w[[0, 3], 2], 0.3, 0.4)
    assert torch.equal(g1.data.root_link_pos_w[[1, 2, 4, 5]], before[[1, 2, 4, 5]])


def test_an_axis_that_is_put_back_is_gone_from_the_range(g1):
    g1.set("event/reset_base/velocity_range/roll", (1.0, 1.0))
    g1.set("event/reset_base/velocity_range/roll", (0.0, 0.0))
    g1.reset()
    assert within(g1.data.root_link_vel_w[:, 3], 0.0, 0.0)


def test_a_fixed_base_has_no_velocity_to_turn():
    def edit(cfg):
        params = {"pose_range": {}, "velocity_range": {"x": (0.0, 1.0)}, "asset_cfg": SceneEntityCfg("cartpole")}
        cfg.events["base"] = EventTermCfg(mode="reset", func=reset_root_state_uniform, params=params)

    for training in Simulated(CARTPOLE, 2, edit).in_both_modes():
        assert "fixed base" in training.knobs["event/base/velocity_range/x"].description.read_only
        training.set("event/base/pose_range/z", (2.0, 2.1))
        training.reset()
        assert within(training.data.root_link_pos_w[:, 2], 2.0, 2.1)


def test_reset_joints_lie_in_the_new_range(cartpole):
    description = cartpole.knobs["event/reset_hinge/position_range"].description
    assert description.takes_effect == "at each environment's reset"
    assert not description.can_resample_now
    cartpole.set("event/reset_hinge/position_range", (0.2, 0.3))
    cartpole.reset()
    assert within(cartpole.data.joint_pos[:, 1], 0.2, 0.3)
    assert differ(cartpole.data.joint_pos[:, 1])


# --- interval and step terms ---


def test_a_push_lies_in_the_new_range_and_comes_when_the_new_interval_says(g1):
    for axis in ("y", "z", "roll", "pitch", "yaw"):
        g1.set(f"event/push_robot/velocity_range/{axis}", (0.0, 0.0))
    g1.set("event/push_robot/velocity_range/x", (3.0, 3.1))
    g1.set("event/push_robot/interval_range_s", (g1.env.step_dt / 2, g1.env.step_dt / 2))
    g1.step()
    assert within(g1.data.root_link_vel_w[:, 0], 2.8, 3.3)  # and what one step has moved it


def test_running_timers_are_drawn_again(g1):
    (left,) = g1.env.event_manager._interval_term_time_left
    g1.set("event/push_robot/interval_range_s", (100.0, 200.0))
    assert within(left, 100.0, 200.0)
    assert differ(left)
    assert refusal(g1.knobs["event/push_robot/interval_range_s"].description, (0.0, 1.0))


# --- startup terms ---


def test_encoder_bias_is_drawn_again_now(g1):
    before = g1.data.encoder_bias.clone()
    g1.set("event/encoder_bias/bias_range", (0.3, 0.4), "now")
    assert within(g1.data.encoder_bias, 0.3, 0.4)
    assert not torch.equal(before, g1.data.encoder_bias)


def test_each_environment_is_drawn_again_when_its_episode_ends(g1):
    before = g1.data.encoder_bias.clone()
    g1.set("event/encoder_bias/bias_range", (0.3, 0.4), "on reset")
    assert torch.equal(g1.data.encoder_bias, before)
    g1.reset(1, 4)
    assert within(g1.data.encoder_bias[[1, 4]], 0.3, 0.4)
    assert torch.equal(g1.data.encoder_bias[[0, 2, 3, 5]], before[[0, 2, 3, 5]])
    g1.new_iteration()
    g1.reset(0, 2, 3, 5)
    assert within(g1.data.encoder_bias, 0.3, 0.4)
    g1.new_iteration()  # all have been drawn
    drawn = g1.data.encoder_bias.clone()
    g1.reset()
    assert torch.equal(g1.data.encoder_bias, drawn)


def test_episodes_that_end_in_the_rollout_are_drawn_again(g1):
    before = g1.data.encoder_bias.clone()
    g1.set("event/encoder_bias/bias_range", (0.3, 0.4), "on reset")
    g1.env.episode_length_buf[2] = g1.env.max_episode_length
    g1.step()
    assert within(g1.data.encoder_bias[2], 0.3, 0.4)
    assert torch.equal(g1.data.encoder_bias[[0, 1, 3, 4, 5]], before[[0, 1, 3, 4, 5]])


def test_callers_may_reset_by_slice_or_all(g1):
    for ids, drawn in ((slice(0, 2), 2), (None, 6)):
        g1.set("event/encoder_bias/bias_range", (0.0, 0.0), "now")
        g1.set("event/encoder_bias/bias_range", (0.3, 0.4), "on reset")
        with torch.inference_mode():
            g1.training.competing_writers[0]._sample_in(ids)  # mjlab's own reset can't take a slice
        assert (g1.data.encoder_bias > 0).any(dim=1).tolist() == [index < drawn for index in range(6)]


def test_now_leaves_nothing_to_be_drawn_on_reset(g1):
    g1.set("event/encoder_bias/bias_range", (0.3, 0.4), "on reset")
    g1.set("event/encoder_bias/bias_range", (0.5, 0.6), "now")
    drawn = g1.data.encoder_bias.clone()
    g1.reset()
    assert torch.equal(g1.data.encoder_bias, drawn)


def contact_frictions(training):
    """Return the sliding friction of every contact and the environment that it is in."""
    data = training.env.sim.wp_data
    count = int(data.nacon.numpy()[0])
    return data.contact.friction.numpy()[:count, 0], data.contact.worldid.numpy()[:count]


def test_foot_friction_is_what_the_contacts_have(g1):
    g1.set("event/foot_friction/ranges", (0.05, 0.06), "now")
    g1.step(steps=10)  # down to the ground
    frictions, worlds = contact_frictions(g1)
    assert set(worlds) == set(range(6))
    assert ((frictions >= 0.05) & (frictions <= 0.06)).sum() >= 6
    g1.set("event/foot_friction/ranges", (0.03, 0.04), "now")
    frictions, _ = contact_frictions(g1)  # with no step between
    assert ((frictions >= 0.03) & (frictions <= 0.04)).sum() >= 6
    assert refusal(g1.knobs["event/foot_friction/ranges"].description, (-0.5, 0.5))


def test_one_friction_for_all_feet_is_a_switch(g1):
    feet = torch.tensor(g1.env.event_manager.get_term_cfg("foot_friction").params["asset_cfg"].geom_ids)
    feet = g1.robot.indexing.geom_ids[feet]
    assert g1.model("geom_friction")[0, feet, 0].unique().numel() == 1
    g1.set("event/foot_friction/shared_random", False, "now")
    assert g1.model("geom_friction")[0, feet, 0].unique().numel() > 1


def test_a_centre_of_mass_moves_what_derives_from_it(g1):
    torso = g1.robot.indexing.body_ids[g1.robot.body_names.index("torso_link")]
    default = g1.env.sim.mj_model.body_ipos[torso]
    kinematics = g1.data.body_link_pos_w.clone()
    before = g1.model("body_invweight0")
    g1.set("event/base_com/ranges/0", (0.1, 0.2), "now")
    offset = g1.model("body_ipos")[:, torso] - torch.tensor(default)
    assert within(offset[:, 0], 0.1, 0.2)
    assert within(offset[:, 1:], -0.03, 0.03)
    after = g1.model("body_invweight0")
    assert not torch.equal(before, after)
    assert differ(after)
    assert torch.allclose(g1.data.body_link_pos_w, kinematics, atol=1e-6)  # as before, though it was computed at qpos0


@pytest.fixture(scope="module")
def built_drawn_g1():
    """A G1 whose task randomizes armature, gains, effort limits and pushes bodies."""

    def edit(cfg):
        scale = {"operation": "scale"}
        cfg.events = {
            "armature": EventTermCfg(
                mode="startup", func=dr.joint_armature, params={"ranges": (0.9, 1.1), "operation": "scale"}
            ),
            "gains": EventTermCfg(
                mode="startup", func=dr.pd_gains, params={"kp_range": (0.9, 1.1), "kd_range": (0.9, 1.1), **scale}
            ),
            "effort": EventTermCfg(mode="startup", func=dr.effort_limits, params={"effort_limit_range": (0.9, 1.1)}),
            "impulse": EventTermCfg(
                mode="step",
                func=apply_body_impulse,
                params={
                    "force_range": (0.0, 0.0),
                    "torque_range": (0.0, 0.0),
                    "duration_s": (1.0, 1.0),
                    "cooldown_s": (0.001, 0.001),
                    "asset_cfg": SceneEntityCfg("robot", body_names=("torso_link",)),
                },
            ),
            **{name: cfg.events[name] for name in ("reset_base", "reset_robot_joints")},
        }

    return Simulated(G1, 4, edit)


@pytest.fixture(scope="module")
def drawn_g1(built_drawn_g1, mode):
    with built_drawn_g1.in_mode(mode) as training:
        yield training


def test_armature_gains_and_effort_limits_are_drawn_per_environment(drawn_g1):
    model = drawn_g1.env.sim.mj_model
    drawn_g1.set("event/armature/ranges", (2.0, 3.0), "now")
    joints = drawn_g1.robot.indexing.joint_v_adr
    ratio = drawn_g1.model("dof_armature")[:, joints] / torch.tensor(model.dof_armature)[joints]
    assert within(ratio, 2.0, 3.0)
    assert differ(ratio)
    invweights = drawn_g1.model("dof_invweight0")[:, joints]
    assert (invweights < torch.tensor(model.dof_invweight0)[joints]).all()
    drawn_g1.set("event/gains/kp_range", (0.5, 0.6), "now")
    ratio = drawn_g1.model("actuator_biasprm")[..., 1] / torch.tensor(model.actuator_biasprm)[:, 1]
    assert within(ratio, 0.5, 0.6)
    drawn_g1.set("event/effort/effort_limit_range", (0.01, 0.02), "now")
    drawn_g1.step(5.0, steps=2)
    torques = torch.from_numpy(drawn_g1.env.sim.wp_data.actuator_force.numpy())
    assert (torques.abs() <= 0.0201 * torch.tensor(model.actuator_forcerange)[:, 1]).all()


def test_a_push_of_every_step_has_the_new_force(drawn_g1):
    drawn_g1.set("event/impulse/force_range", (5.0, 6.0))
    drawn_g1.reset()
    drawn_g1.step(steps=2)
    force = drawn_g1.data.body_external_wrench[..., :3].abs().amax(dim=(1, 2))
    assert within(force, 5.0, 6.0)


def test_a_range_that_an_event_keeps_is_read_only(drawn_g1):
    assert "copied" in drawn_g1.knobs["event/impulse/cooldown_s"].description.read_only
    assert not drawn_g1.knobs["event/impulse/duration_s"].description.read_only


def test_what_the_task_randomizes_is_not_offered_a_second_time(drawn_g1, g1):
    ours = {name for name in drawn_g1.knobs if name.startswith(("event/mass", "event/motor", "event/friction"))}
    assert ours == {"event/mass/scale", "event/friction/scale"}
    assert "event/center_of_mass/offset" in drawn_g1.knobs
    assert not any(name.startswith(("event/friction", "event/center_of_mass")) for name in g1.knobs)


def test_two_terms_are_drawn_again_with_one_recomputation(drawn_g1, monkeypatch):
    levels = []
    monkeypatch.setattr(drawn_g1.env.sim, "recompute_constants", levels.append)
    drawn_g1.set("event/armature/ranges", (1.0, 1.0), "on reset")
    drawn_g1.set("event/mass/scale", (1.0, 1.0), "on reset")
    drawn_g1.reset(1)
    assert [level.name for level in levels] == ["set_const"]


def test_a_later_writer_of_the_same_field_is_drawn_again_too():
    """As at startup: the later of two terms has the last word on what both write."""

    def edit(cfg):
        cart = SceneEntityCfg("cartpole", body_names=("cart",))
        cfg.events["inertia"] = EventTermCfg(
            mode="startup",
            func=dr.pseudo_inertia,
            params={"alpha_range": (0.0, 0.0), "asset_cfg": SceneEntityCfg("cartpole", body_names=("cart", "pole_1"))},
        )
        cfg.events["centre"] = EventTermCfg(
            mode="startup", func=dr.body_com_offset, params={"ranges": (0.5, 0.6), "asset_cfg": cart}
        )

    training = Simulated(CARTPOLE, 3, edit)
    cart = training.robot.indexing.body_ids[training.robot.body_names.index("cart")]
    for _ in training.in_both_modes():
        for when in ("now", "on reset"):
            training.set("event/inertia/alpha_range", (0.3, 0.4), when)
            training.reset()
            assert within(training.model("body_mass")[:, cart], 1.8, 2.3)
            assert within(training.model("body_ipos")[:, cart], 0.5, 0.6)
            training.set("event/centre/ranges", (0.5, 0.6), when)
            training.reset()
            assert within(training.model("body_mass")[:, cart], 1.8, 2.3)


def test_a_task_without_events_has_the_usual_ones():
    training = Simulated(CARTPOLE, 2, lambda cfg: cfg.events.clear())
    assert "event/mass/scale" in training.knobs
