"""A motion file for tracking: the G1 standing still, by MuJoCo's forward kinematics."""

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
