"""The runner's observations and targets are those of the training's own environment, on the same robot state."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import msgspec
import numpy as np
import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Actions, G1, MOTION_OUTPUTS, MOTION_POSITIONS, Motion, MotionTerm, MujocoRobot, Observations
    global RobotState, Simulated, card_of, check_card, motion_term, not_made, quaternion_product, simulator_of, torch
    global write_standing_motion
    import torch

    from tests.deploy.described import card_of
    from tests.standing_motion import write_standing_motion
    from tests.trainer.knobs.simulated import G1, Simulated
    from trainer_proc.contract.quaternions import quaternion_product
    from trainer_proc.deploy.actions import Actions
    from trainer_proc.deploy.card_checks import check_card
    from trainer_proc.deploy.motion import Motion
    from trainer_proc.deploy.mujoco_robot import MujocoRobot
    from trainer_proc.deploy.observations import Observations
    from trainer_proc.deploy.robot import RobotState
    from trainer_proc.deploy.term_checks import MOTION_OUTPUTS, MOTION_POSITIONS, MotionTerm, motion_term, not_made
    from trainer_proc.simulators.registry import simulator_of


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


def phase(env, period, command_name):
    """Write a gait's clock, as tasks of a user's own do: zero while the robot is to stand."""
    angle = 2 * np.pi * ((env.episode_length_buf * env.step_dt) % period / period)
    clock = torch.stack([torch.sin(angle), torch.cos(angle)], dim=1)
    stands = torch.linalg.norm(env.command_manager.get_command(command_name), dim=1) < 0.1
    return torch.where(stands.unsqueeze(1), torch.zeros_like(clock), clock)


def gait_phase(env, period):
    """Write the clock without a command."""
    angle = 2 * np.pi * ((env.episode_length_buf * env.step_dt) % period / period)
    return torch.stack([torch.sin(angle), torch.cos(angle)], dim=1)


def with_phases(cfg):
    no_noise(cfg)
    from mjlab.managers.observation_manager import ObservationTermCfg

    terms = cfg.observations["actor"].terms
    terms["phase"] = ObservationTermCfg(func=phase, params={"period": 0.6, "command_name": "twist"})
    terms["clock"] = ObservationTermCfg(func=gait_phase, params={"period": 0.07}, history_length=2)


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
        base_position=(data.root_link_pos_w - sensors.env_origins)[0].double().numpy(),
    )


@pytest.mark.parametrize("edit", [no_noise, with_history, with_phases])
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


def test_a_tracked_motion_is_seen_as_in_mjlab(tmp_path):
    def follow(cfg):
        no_noise(cfg)
        cfg.terminations = {}  # a robot that leaves the motion would be put back
        cfg.commands["motion"].motion_file = str(write_moving_motion(tmp_path / "motion.npz"))
        bodies = {name: term for name, term in cfg.observations["critic"].terms.items() if name.startswith("body_")}
        cfg.observations["actor"].terms |= bodies

    simulated = Simulated("Mjlab-Tracking-Flat-Unitree-G1", 1, follow)
    model = tmp_path / "robot.xml"
    model.write_text(simulator_of(simulated.env).robot_model("robot"))
    outputs = (*MOTION_OUTPUTS, MOTION_POSITIONS)
    card = card_of(simulated, robot_model=model.name, task_outputs=list(outputs))
    check_card(card)
    assert {motion_term(term) for term in card.observation_terms} >= set(get_args(MotionTerm))
    command = simulated.env.command_manager.get_term("motion")
    joint_names = sorted(card.joint_names)

    def frame_at(_):
        frames = command.motion
        return {name: getattr(frames, name)[command.time_steps].numpy() for name in outputs}

    observed = simulated.reset()
    motion = Motion(card, frame_at, MujocoRobot(card, model), joint_names, is_moved=False)
    observations = Observations(card, joint_names, motion)
    generator = np.random.default_rng(3)
    differing = []
    for _ in range(6):
        state = state_of(simulated, joint_names)
        seen = observations.observe(state)[0].copy()
        np.testing.assert_allclose(seen, observed["actor"][0].numpy(), atol=1e-5)
        differing.append(seen)
        output = generator.normal(scale=0.2, size=card.num_actions).astype(np.float32)
        observations.last_action[:] = output
        with torch.inference_mode():
            observed, *_ = simulated.env.step(torch.from_numpy(output[None]))
    assert np.ptp(differing, axis=0)[: 2 * len(card.robot_joint_names) + 6].any()

    # another heading and place of the robot change nothing that it sees of a motion that is moved there
    state = state_of(simulated, joint_names)
    turned = [np.cos(0.6), 0.0, 0.0, np.sin(0.6)]
    seen = []
    for orientation in (state.orientation, np.array(quaternion_product(turned, state.orientation.tolist()))):
        observations = Observations(card, joint_names, Motion(card, frame_at, MujocoRobot(card, model), joint_names))
        place = state.base_position + (0.0 if orientation is state.orientation else np.array([3.0, -2.0, 0.0]))
        moved = replace(state, orientation=orientation, base_position=place)
        seen.append(observations.observe(moved).copy())
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-5)


def write_moving_motion(file):
    """Write a standing motion whose joints move and whose bodies turn: numbers that differ from frame to frame."""
    frames = dict(np.load(write_standing_motion(file)))
    time = np.arange(len(frames["joint_pos"]))[:, None]
    frames["joint_pos"] = frames["joint_pos"] + 0.001 * time * np.arange(frames["joint_pos"].shape[1])
    frames["joint_vel"] = frames["joint_vel"] + 0.01 * time
    half = 0.01 * time
    turn = np.concatenate([np.cos(half), 0 * half, 0.6 * np.sin(half), 0.8 * np.sin(half)], axis=1)
    frames["body_quat_w"] = np.broadcast_to(turn[:, None], frames["body_quat_w"].shape)
    np.savez(file, **frames)
    return file


def test_clipped_actions_are_observed_and_carried_out():
    simulated = Simulated(G1, 1, no_noise)
    card = msgspec.structs.replace(card_of(simulated), clip_actions=0.5)
    actions = Actions(card, card.joint_names)
    output = np.linspace(-2.0, 2.0, card.num_actions, dtype=np.float32)
    assert actions.limited(output).tolist() == np.clip(output, -0.5, 0.5).tolist()


def test_a_function_that_is_only_called_phase_is_unknown():
    def phase(env, period):  # sine and cosine change places
        return gait_phase(env, period) @ torch.tensor([[0.0, 1.0], [1.0, 0.0]])

    def named(cfg):
        with_phases(cfg)
        cfg.observations["actor"].terms["clock"].func = phase

    simulated = Simulated(G1, 1, named)
    before = simulated.env.episode_length_buf
    found = {term.name: term.quantity for term in card_of(simulated).observation_terms}
    assert (found["phase"], found["clock"]) == ("phase", "")
    assert simulated.env.episode_length_buf is before
    refused = next(term for term in card_of(simulated).observation_terms if term.name == "clock")
    assert str(not_made(refused, card_of(simulated))).startswith("observation_terms.clock: expected a quantity that")
