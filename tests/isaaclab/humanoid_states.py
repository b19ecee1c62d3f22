"""States of Isaac Lab's humanoid, made by hand."""

from __future__ import annotations

import torch

from trainer_proc.simulators.isaaclab.tasks.humanoid_env_cfg import STANDING


def put(stage, *, height=STANDING, pitch=0.0, yaw=0.0, velocity=(0.0, 0.0, 0.0), yaw_rate=0.0, joints=None):
    """Put all robots at the origin of their environment in a state, velocities in the world's frame.

    `joints` are positions by name (rad); all others are the default ones.
    """
    env, robot = stage.task, stage.task.scene["robot"]
    root = torch.zeros(env.num_envs, 7)
    root[:, :3] = env.scene.env_origins
    root[:, 2] = height
    angles = torch.tensor([0.0, pitch / 2, 0.0]), torch.tensor([0.0, 0.0, yaw / 2])
    (_, sin_pitch, _), (_, _, sin_yaw) = (angle.sin().tolist() for angle in angles)
    cos_pitch, cos_yaw = angles[0][1].cos().item(), angles[1][2].cos().item()
    # yaw after pitch, as (x, y, z, w)
    root[:, 3:] = torch.tensor([-sin_yaw * sin_pitch, cos_yaw * sin_pitch, sin_yaw * cos_pitch, cos_yaw * cos_pitch])
    positions = robot.data.default_joint_pos.torch.clone()
    for joint, position in (joints or {}).items():
        positions[:, robot.joint_names.index(joint)] = position
    robot.write_root_pose_to_sim_index(root_pose=root)
    robot.write_root_velocity_to_sim_index(root_velocity=torch.tensor([[*velocity, 0.0, 0.0, yaw_rate]] * env.num_envs))
    robot.write_joint_position_to_sim_index(position=positions)
    robot.write_joint_velocity_to_sim_index(velocity=torch.zeros_like(positions))
    env.sim.forward()
    env.scene.update(env.physics_dt)
