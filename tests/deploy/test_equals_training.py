"""The runner's observations and targets are those of the training's own environment, on the same robot state."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Actions, G1, Observations, RobotState, Simulated, card_of, check_card, torch
    import torch

    from tests.deploy.described import card_of
    from tests.trainer.knobs.simulated import G1, Simulated
    from trainer_proc.deploy.actions import Actions
    from trainer_proc.deploy.card_checks import check_card
    from trainer_proc.deploy.observations import Observations
    from trainer_proc.deploy.robot import RobotState


def no_noise(cfg):
    cfg.observations["actor"].enable_corruption = False
    for event in ("encoder_bias", "push_robot"):
        cfg.events.pop(event, None)


def with_history(cfg):
    no_noise(cfg)
    terms = cfg.observations["actor"].terms
    terms["joint_vel"].history_length = 3
    terms["joint_vel"].scale = 0.05
    terms["base_ang_vel"].history_length = 2
    terms["base_ang_vel"].clip = (-0.2, 0.3)
    terms["base_ang_vel"].scale = (0.25, 0.5, 1.0)


def state_of(simulated, joint_names):
    """Return the raw state of environment 0, in a robot's own order of joints."""
    data = simulated.data
    order = [simulated.robot.joint_names.index(name) for name in joint_names]
    sensors = simulated.env.scene
    return RobotState(
        time=0.0,
        joint_positions=data.joint_pos[0, order].double().numpy(),
        joint_velocities=data.joint_vel[0, order].double().numpy(),
        joint_efforts=np.zeros(len(order)),
        orientation=data.root_link_quat_w[0].double().numpy(),
        base_ang_vel=sensors["robot/imu_ang_vel"].data[0].double().numpy(),
        base_lin_vel=sensors["robot/imu_lin_vel"].data[0].double().numpy(),
    )


@pytest.mark.parametrize("edit", [no_noise, with_history])
def test_observations_and_targets_equal_those_of_mjlab(edit):
    simulated = Simulated(G1, 2, edit)
    card = card_of(simulated)
    check_card(card)
    joint_names = sorted(card.joint_names)  # another order than the policy's
    observations, actions = Observations(card, joint_names), Actions(card, joint_names)
    generator = np.random.default_rng(3)
    observed = simulated.reset()
    for _ in range(6):
        state = state_of(simulated, joint_names)
        observations.commands["twist"][:] = simulated.env.command_manager.get_command("twist")[0].numpy()
        np.testing.assert_allclose(observations.observe(state)[0], observed["actor"][0].numpy(), atol=1e-5)
        output = generator.normal(size=card.num_actions).astype(np.float32)
        limited = actions.limited(output)
        targets = actions.targets(limited, state)
        observations.last_action[:] = limited
        with torch.inference_mode():
            observed, *_ = simulated.env.step(torch.from_numpy(np.stack([output, output])))
        by_name = dict(zip(joint_names, targets.position, strict=True))
        asked = dict(zip(simulated.robot.joint_names, simulated.data.joint_pos_target[0].tolist(), strict=True))
        for name in card.action_names:
            assert by_name[name] == pytest.approx(asked[name], abs=1e-5)


def test_clipped_actions_are_observed_and_carried_out():
    simulated = Simulated(G1, 1, no_noise)
    card = msgspec.structs.replace(card_of(simulated), clip_actions=0.5)
    actions = Actions(card, card.joint_names)
    output = np.linspace(-2.0, 2.0, card.num_actions, dtype=np.float32)
    assert actions.limited(output).tolist() == np.clip(output, -0.5, 0.5).tolist()
