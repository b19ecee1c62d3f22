"""What the simulator reports of real robots in mjlab: joints, mass and feet, and a push."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, Simulated, mujoco, simulator_of, torch
    import mujoco
    import torch

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated
    from trainer_proc.simulators.registry import simulator_of


@pytest.fixture(scope="module")
def g1():
    return Simulated(G1, 3, lambda cfg: cfg.events.pop("push_robot"))


def test_the_g1_has_the_mass_the_limits_and_the_torques_of_its_model(g1):
    simulator = simulator_of(g1.env)
    mechanics = simulator.mechanics(g1.robot)
    g1.reset()
    g1.step(steps=3)
    model = g1.env.sim.mj_model
    assert mechanics.mass().tolist() == pytest.approx([mujoco.mj_getTotalmass(model)] * 3, rel=1e-4)
    assert mechanics.positions().shape == mechanics.velocities().shape == mechanics.efforts().shape == (3, 29)
    low, high = mechanics.position_limits.unbind(-1)
    assert bool((low < high).all())
    assert bool(torch.isfinite(high).all())
    assert bool((mechanics.efforts() <= mechanics.effort_limits[:, 1] * 1.001).all())
    assert bool((mechanics.efforts().abs() > 0.0).any())
    torques = torch.from_numpy(g1.env.sim.wp_data.qfrc_actuator.numpy()[:, 6:])
    assert torch.equal(mechanics.efforts(), torques)


def test_feet_of_a_robot_that_stands_touch_the_ground_and_do_not_slip(g1):
    mechanics = simulator_of(g1.env).mechanics(g1.robot)
    g1.reset()
    g1.step(steps=15)
    speeds, touches = mechanics.feet()
    assert touches.any(1).all()
    assert speeds[touches].max() < 0.3


def test_a_push_adds_to_the_velocity_of_the_root_alone(g1):
    simulator = simulator_of(g1.env)
    g1.reset()
    g1.step(steps=10)
    root = simulator.root(g1.robot)
    before, joints = root.velocity().clone(), g1.data.joint_vel.clone()
    with torch.inference_mode():
        simulator.push(g1.robot, torch.tensor([0, 2]), torch.tensor([[0.5, 0.0, 0.0], [0.0, -1.0, 0.0]]))
    added = root.velocity() - before
    assert added[0].tolist() == pytest.approx([0.5, 0.0, 0.0, 0.0, 0.0, 0.0], abs=0.01)
    assert added[1].tolist() == [0.0] * 6
    assert added[2].tolist() == pytest.approx([0.0, -1.0, 0.0, 0.0, 0.0, 0.0], abs=0.01)
    assert torch.equal(g1.data.joint_vel, joints)


def test_a_cart_has_a_slide_joint_and_no_feet():
    cartpole = Simulated(CARTPOLE, 2)
    mechanics = simulator_of(cartpole.env).mechanics(cartpole.robot)
    cartpole.step(0.5, steps=2)
    assert mechanics.efforts().shape == (2, 1)  # the pole's hinge is not driven
    assert mechanics.effort_limits.tolist() != [[0.0, 0.0]]
    assert not math.isnan(float(mechanics.position_limits.sum()))
    assert mechanics.feet() is None
