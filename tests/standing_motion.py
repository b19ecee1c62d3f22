"""Motion files for tracking: the G1 standing still, and a squat, by MuJoCo's forward kinematics."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FRAMES = 100
"""Two seconds at the control frequency of 50 Hz."""


def write_standing_motion(path: Path) -> Path:
    """Write what mjlab's `csv_to_npz` would write of a G1 that stands in its default pose."""
    import mujoco
    from mjlab.asset_zoo.robots import get_g1_robot_cfg
    from mjlab.entity import Entity

    robot = Entity(get_g1_robot_cfg())
    model = robot.spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)  # the default pose
    mujoco.mj_forward(model, data)
    still = np.zeros((FRAMES, model.nbody - 1, 3), dtype=np.float32)
    np.savez(
        path,
        fps=np.array([50]),
        joint_pos=np.tile(data.qpos[7:], (FRAMES, 1)),
        joint_vel=np.zeros((FRAMES, model.nv - 6)),
        body_pos_w=np.tile(data.xpos[1:], (FRAMES, 1, 1)),
        body_quat_w=np.tile(data.xquat[1:], (FRAMES, 1, 1)),
        body_lin_vel_w=still,
        body_ang_vel_w=still,
    )
    return path


def write_squat(path: Path, *, bend: float = 0.35) -> Path:
    """Write a motion in which the knees bend by twice `bend` (rad) and stretch again, with the feet on the ground."""
    import mujoco
    from mjlab.asset_zoo.robots import get_g1_robot_cfg
    from mjlab.entity import Entity

    model = Entity(get_g1_robot_cfg()).spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)  # the default pose
    mujoco.mj_kinematics(model, data)
    foot, standing = model.body("left_ankle_roll_link").id, data.qpos.copy()
    ground = data.xpos[foot, 2]
    rows = []
    for angle in bend * 0.5 * (1.0 - np.cos(np.linspace(0.0, 2.0 * np.pi, FRAMES))):
        data.qpos[:] = standing
        for side in ("left", "right"):
            for joint, factor in (("hip_pitch", -1.0), ("knee", 2.0), ("ankle_pitch", -1.0)):
                data.qpos[model.joint(f"{side}_{joint}_joint").qposadr[0]] += factor * angle
        mujoco.mj_kinematics(model, data)
        data.qpos[2] += ground - data.xpos[foot, 2]
        mujoco.mj_kinematics(model, data)
        rows.append((data.qpos[7:].copy(), data.xpos[1:].copy(), data.xquat[1:].copy()))
    joints, positions, orientations = (np.array(column) for column in zip(*rows, strict=True))
    np.savez(
        path,
        fps=np.array([50]),
        joint_pos=joints,
        joint_vel=np.gradient(joints, 0.02, axis=0),
        body_pos_w=positions,
        body_quat_w=orientations,
        body_lin_vel_w=np.gradient(positions, 0.02, axis=0),
        body_ang_vel_w=np.zeros_like(positions),
    )
    return path
