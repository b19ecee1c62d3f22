"""Randomizations that the task doesn't have: off at first, and what the simulator computes once they are on."""

from __future__ import annotations

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BuiltinDcMotorActuatorCfg, BuiltinMotorActuatorCfg, BuiltinPdActuatorCfg, BuiltinVelocityActuatorCfg
    global CARTPOLE, DcMotorPhysicalParams, EntityArticulationInfoCfg, G1, IdealPdActuatorCfg
    global JointPositionActionCfg, JointVelocityActionCfg, Simulated, default_randomization_events, differ
    global torch, within
    import torch
    from mjlab.actuator import (
        BuiltinDcMotorActuatorCfg,
        BuiltinMotorActuatorCfg,
        BuiltinPdActuatorCfg,
        BuiltinVelocityActuatorCfg,
        DcMotorPhysicalParams,
        IdealPdActuatorCfg,
    )
    from mjlab.entity import EntityArticulationInfoCfg
    from mjlab.envs.mdp.actions import JointPositionActionCfg, JointVelocityActionCfg

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated, differ, within
    from trainer_proc.simulators.mjlab.randomization import default_randomization_events


pytestmark = pytest.mark.real


def acceleration(training, action):
    """Return the slider's acceleration under the same action in every environment, from the same state."""
    training.reset()
    with torch.inference_mode():
        training.robot.write_joint_state_to_sim(torch.zeros(6, 2), torch.zeros(6, 2))
    training.step(action)
    return training.data.joint_vel[:, 0].clone()


def test_they_are_off_until_turned(cartpole):
    knob = cartpole.knobs["event/mass/scale"].description
    assert (knob.default, knob.usual, knob.can_resample_now) == ((1.0, 1.0), (0.8, 1.2), True)
    assert "the training is blocked while" in knob.cost
    assert refusal(knob, (0.0, 1.0))
    assert "event/friction/scale" not in cartpole.knobs  # the task has contacts off
    assert "event/motor/stiffness" not in cartpole.knobs  # its motor has no gains


def test_masses_differ_by_environment_and_so_does_what_derives_from_them(mode):
    with Simulated(CARTPOLE, 6).in_mode(mode) as training:
        check_masses(training)


def check_masses(training):
    model = training.env.sim.mj_model
    assert training.model("body_mass").shape[0] == 1  # one mass for all environments
    before = acceleration(training, 0.5)
    assert not differ(before)
    training.set("event/mass/scale", (0.5, 2.0), "now")
    bodies = training.robot.indexing.body_ids[1:]  # the first one stands still
    ratio = training.model("body_mass")[:, bodies] / torch.tensor(model.body_mass)[bodies]
    assert ratio.shape == (6, 2)
    assert within(ratio, 0.5, 2.0)
    assert differ(ratio)
    assert differ(ratio.T)
    inertia = training.model("body_inertia")[:, bodies] / torch.tensor(model.body_inertia)[bodies]
    assert torch.allclose(inertia, ratio[..., None].double().expand_as(inertia), rtol=1e-4)
    assert torch.allclose(training.model("body_subtreemass")[:, 0], training.model("body_mass").sum(1))
    assert differ(training.model("body_invweight0")[:, bodies])
    after = acceleration(training, 0.5)
    assert differ(after)
    expected = before * torch.tensor(model.body_mass[bodies].sum()) / training.model("body_mass")[:, bodies].sum(1)
    assert torch.allclose(after, expected.float(), rtol=0.2)  # the pole swings, so its mass counts less


def test_draws_never_accumulate_and_neutral_brings_the_default_back(cartpole):
    fields = ("body_mass", "body_inertia", "body_ipos", "actuator_gainprm", "body_subtreemass")
    for _ in range(20):
        cartpole.set("event/mass/scale", (1.5, 1.6), "now")
        cartpole.set("event/motor/strength", (1.5, 1.6), "now")
        cartpole.set("event/center_of_mass/offset", (0.1, 0.2), "now")
    model = cartpole.env.sim.mj_model
    assert within(cartpole.model("body_mass").sum(1) / model.body_mass.sum(), 1.5, 1.6)
    assert within(cartpole.model("actuator_gainprm")[:, 0, 0], 1.5, 1.6)
    cartpole.put_back()
    for field in fields:
        default = torch.from_numpy(getattr(model, field)).float()
        assert torch.allclose(cartpole.model(field), default.expand_as(cartpole.model(field)), atol=1e-5), field


def test_only_environments_that_reset_are_drawn_again(cartpole):
    cartpole.set("event/mass/scale", (1.0, 1.0), "now")
    cartpole.set("event/mass/scale", (1.5, 2.0), "on reset")
    before = cartpole.model("body_mass")
    cartpole.reset(1, 3)
    after = cartpole.model("body_mass")
    assert torch.equal(after[[0, 2, 4, 5]], before[[0, 2, 4, 5]])
    assert (after[[1, 3], -1] > before[[1, 3], -1]).all()
    cartpole.env.episode_length_buf[4] = cartpole.env.max_episode_length
    cartpole.step()
    assert cartpole.model("body_mass")[4, -1] > before[4, -1]


def test_a_stronger_motor_accelerates_more(cartpole):
    before = acceleration(cartpole, 0.5)
    cartpole.set("event/motor/strength", (0.5, 2.0), "now")
    strength = cartpole.model("actuator_gainprm")[:, 0, 0]
    assert within(strength, 0.5, 2.0)
    assert torch.allclose(acceleration(cartpole, 0.5), before * strength, rtol=0.02)


def test_a_centre_of_mass_is_drawn_on_three_axes(cartpole):
    cartpole.set("event/center_of_mass/offset", (-0.05, 0.05), "now")
    root = cartpole.robot.indexing.body_ids[cartpole.robot.body_names.index("cart")]  # what bears it doesn't move
    offset = cartpole.model("body_ipos")[:, root] - torch.from_numpy(cartpole.env.sim.mj_model.body_ipos[root]).float()
    assert within(offset, -0.05, 0.05)
    assert differ(offset)
    assert differ(offset.T)


def test_gains_and_effort_limits_of_position_servos(g1):
    model = g1.env.sim.mj_model
    g1.set("event/motor/stiffness", (0.9, 1.1))
    g1.set("event/motor/damping", (0.7, 0.8))
    g1.set("event/motor/strength", (0.5, 0.6), "now")
    gains, biases = torch.tensor(model.actuator_gainprm), torch.tensor(model.actuator_biasprm)
    limits = g1.model("actuator_forcerange") / torch.tensor(model.actuator_forcerange)
    strength = limits[..., 0]
    assert within(strength, 0.5, 0.6)
    assert torch.allclose(limits[..., 0], limits[..., 1])
    stiffness = g1.model("actuator_gainprm")[..., 0] / gains[:, 0] / strength
    assert within(stiffness, 0.9, 1.1)
    assert torch.allclose(g1.model("actuator_biasprm")[..., 1] / biases[:, 1] / strength, stiffness, rtol=1e-4)
    assert within(g1.model("actuator_biasprm")[..., 2] / biases[:, 2] / strength, 0.7, 0.8)
    assert differ(stiffness)
    g1.step(50.0)
    torques = torch.from_numpy(g1.env.sim.wp_data.actuator_force.numpy()).abs()
    caps = strength * torch.tensor(model.actuator_forcerange)[:, 1]
    assert (torques <= caps * 1.0001).all()
    assert (torques > caps * 0.999).any()


def test_friction_is_common_to_robot_and_ground():
    for training in Simulated(G1, 4, lambda cfg: cfg.events.pop("foot_friction")).in_both_modes():
        check_common_friction(training)


def check_common_friction(training):
    training.reset()
    training.set("event/friction/scale", (0.2, 0.4), "now")
    frictions = training.model("geom_friction")
    ratio = frictions[..., 0] / torch.tensor(training.env.sim.mj_model.geom_friction)[:, 0]
    assert within(ratio, 0.2, 0.4)
    assert (ratio.std(dim=1) < 1e-6).all()
    assert differ(ratio)
    assert torch.equal(frictions[..., 1:], frictions[:1, :, 1:].expand(4, -1, -1))
    training.step(steps=10)
    data = training.env.sim.wp_data
    count = int(data.nacon.numpy()[0])
    worlds = data.contact.worldid.numpy()[:count]
    assert set(worlds) == {0, 1, 2, 3}
    feet = 0.6 * ratio[:, 0]  # the feet's friction wins by its priority
    others = ratio[:, 0]
    for friction, world in zip(data.contact.friction.numpy()[:count, 0], worlds, strict=True):
        assert min(abs(friction - feet[world]), abs(friction - others[world])) < 1e-5


# --- kinds of motors ---


def acceleration_of_moving(training, speed=1.0):
    """Return how a moving slider is slowed down, where its motor is to stay."""
    training.reset()
    with torch.inference_mode():
        training.robot.write_joint_state_to_sim(torch.zeros(6, 2), torch.tensor([[speed, 0.0]]).repeat(6, 1))
    training.step(0.0)
    return training.data.joint_vel[:, 0] - speed


def with_actuator(actuator, action=None):
    def edit(cfg):
        cfg.scene.entities["cartpole"].articulation = EntityArticulationInfoCfg(actuators=(actuator,))
        spec = cfg.scene.entities["cartpole"].spec_fn

        def without_its_own():
            model = spec()
            for own in list(model.actuators):
                model.delete(own)
            return model

        cfg.scene.entities["cartpole"].spec_fn = without_its_own
        if action is not None:
            cfg.actions = {"slider": action(entity_name="cartpole", actuator_names=("slider",), scale=1.0)}

    return Simulated(CARTPOLE, 6, edit)


SLIDER = {"target_names_expr": ("slider",)}


def motor_of(kind):
    """Return an actuator of a kind, the action that drives it and its gains; None stands for stiffness and damping."""
    gains = {"stiffness": 20.0, "damping": 2.0, **SLIDER}
    if kind == "motor":
        return BuiltinMotorActuatorCfg(effort_limit=100.0, gear=10.0, **SLIDER), None, set()
    if kind == "velocity":
        return BuiltinVelocityActuatorCfg(damping=20.0, **SLIDER), JointVelocityActionCfg, {"damping"}
    if kind == "pd":
        return BuiltinPdActuatorCfg(effort_limit=100.0, **gains), JointPositionActionCfg, None
    if kind == "ideal":
        return IdealPdActuatorCfg(effort_limit=100.0, **gains), JointPositionActionCfg, None
    physical = DcMotorPhysicalParams(kt=1.0, ke=0.01, resistance=1.0)
    actuator = BuiltinDcMotorActuatorCfg(motor_params=physical, voltage_limit=100.0, **gains)
    return actuator, JointPositionActionCfg, None


@pytest.mark.parametrize("kind", ["motor", "velocity", "pd", "ideal", "dc"])
def test_every_kind_of_motor_is_as_strong_as_drawn(kind):
    actuator, action, gains = motor_of(kind)
    training = with_actuator(actuator, action)
    offered = {name.rpartition("/")[2] for name in training.knobs if name.startswith("event/motor/")} - {"strength"}
    assert offered == ({"stiffness", "damping"} if gains is None else gains)
    training.env.cfg.decimation = 1  # so that nothing has moved before the force is computed
    for _ in training.in_both_modes():
        check_motor(training, offered)


def check_motor(training, offered):
    before = acceleration(training, 0.5)
    training.set("event/motor/strength", (0.5, 2.0), "now")
    after = acceleration(training, 0.5)
    assert differ(after)
    ratio = after / before
    assert within(ratio, 0.5, 2.0, slack=0.05)
    training.set("event/motor/strength", (1.0, 1.0), "now")
    assert torch.allclose(acceleration(training, 0.5), before, rtol=1e-4)
    if "stiffness" in offered:
        training.set("event/motor/stiffness", (1.5, 1.5), "now")
        assert torch.allclose(acceleration(training, 0.5), 1.5 * before, rtol=0.02)
        training.set("event/motor/stiffness", (1.0, 1.0))
    if "damping" in offered:
        damped = acceleration_of_moving(training)
        training.set("event/motor/damping", (3.0, 3.0), "now")
        assert (acceleration_of_moving(training) < 2 * damped).all()  # from 2 to 3 times, less where it's implicit


@pytest.mark.parametrize("kind", ["ideal", "pd"])
def test_a_limited_motor_gives_as_much_more_as_it_is_stronger(kind):
    """mjlab limits ideal PD motors in Python and once more in the model, its native ones at the joint."""
    actuator = {"ideal": IdealPdActuatorCfg, "pd": BuiltinPdActuatorCfg}[kind]
    limited = actuator(stiffness=1000.0, damping=0.0, effort_limit=5.0, **SLIDER)
    training = with_actuator(limited, JointPositionActionCfg)
    training.env.cfg.decimation = 1
    for _ in training.in_both_modes():
        before = acceleration(training, 0.5)
        training.set("event/motor/strength", (1.5, 1.5), "now")
        assert torch.allclose(acceleration(training, 0.5), 1.5 * before, rtol=0.01)


# --- switched on at launch ---


def test_terms_of_the_launch_are_built_in_and_keep_their_knobs():
    wanted = {"event/mass/scale", "event/motor/strength", "reward/smooth_reward/weight"}
    training = Simulated(CARTPOLE, 6, lambda cfg: cfg.events.update(default_randomization_events(wanted, cfg.events)))
    assert {"body_mass", "body_subtreemass", "actuator_gainprm"} <= training.env.sim.expanded_fields
    assert not differ(training.model("body_mass"))
    knob = training.knobs["event/mass/scale"].description
    assert (knob.value, knob.default, knob.usual, knob.cost) == ((1.0, 1.0), (1.0, 1.0), (0.8, 1.2), "")
    assert sum(name == "event/mass/scale" for name in training.knobs) == 1
    training.set("event/mass/scale", (0.5, 2.0), "now")
    training.set("event/motor/strength", (0.5, 2.0), "now")
    assert differ(training.model("body_mass"))
    assert differ(training.model("actuator_gainprm"))


def test_a_launch_leaves_out_what_the_task_has(g1):
    events = {name: g1.env.event_manager.get_term_cfg(name) for name in ("foot_friction", "base_com")}
    wanted = {"event/friction/scale", "event/center_of_mass/offset", "event/mass/scale", "event/motor/damping"}
    terms = default_randomization_events(wanted, events)
    assert {name: term.params for name, term in terms.items()} == {
        "mass": {"scale": (1.0, 1.0)},
        "motor": {"damping": (1.0, 1.0)},
    }
    assert default_randomization_events(wanted, {"mass": events["base_com"]}).keys() == {"friction", "motor"}
    removed = {**events, "push_robot": None}  # by an override with the value "null"
    assert default_randomization_events(wanted, removed).keys() == terms.keys()
