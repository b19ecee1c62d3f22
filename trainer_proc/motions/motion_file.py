"""Writes a motion in the format of mjlab's `csv_to_npz`, which its `MotionLoader` reads.

The file also has `joint_targets`, which the motors followed to each frame, and `plan`, the numbers of the plan, so that
the motion can be played again and checked.
"""

from __future__ import annotations

import io

import mujoco  # type: ignore[import-untyped]
import numpy as np

from trainer_proc.motions.plan import Plan
from trainer_proc.motions.play import Played
from trainer_proc.motions.robot import PREFIX, Floats, Robot

_PRECISION = 4096
"""Values are rounded to a share of 1/8192 of themselves or less, because such files are half as large."""

_SUNK = 0.01
"""How deep a sole may be in the ground (m): contacts are soft, and an impact presses it deeper for a moment."""


def motion_bytes(robot: Robot, plan: Plan, played: Played) -> bytes:
    """Return the file's content. Frames are control steps; bodies are those of the robot, in the model's order.

    Joints beyond their stops are put back to them, and a robot that has sunk into the ground is lifted.
    """
    model, data = robot.model, robot.data
    bodies = [number for number in range(model.nbody) if model.body(number).name.startswith(PREFIX)]
    positions, orientations, linear, angular = [], [], [], []
    velocity = np.empty(6)
    ends = model.jnt_range[1:]
    joints = np.clip(played.qpos[:, 7:], ends[:, 0], ends[:, 1])  # MuJoCo's stops are soft
    for root, of_joints, qvel in zip(played.qpos[:, :7], joints, played.qvel, strict=True):
        data.qpos[:7], data.qpos[7:], data.qvel[:] = root, of_joints, qvel
        mujoco.mj_fwdPosition(model, data)
        data.qpos[2] += max(robot.sunk() - _SUNK, 0.0)
        mujoco.mj_fwdPosition(model, data)
        mujoco.mj_fwdVelocity(model, data)
        positions.append(data.xpos[bodies].copy())
        orientations.append(data.xquat[bodies].copy())
        velocities = []
        for body in bodies:
            mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_XBODY, body, velocity, 0)
            velocities.append(velocity.copy())
        angular.append([row[:3] for row in velocities])
        linear.append([row[3:] for row in velocities])
    file = io.BytesIO()
    np.savez_compressed(
        file,
        fps=np.array([round(1.0 / played.step_dt)]),
        joint_pos=_rounded(joints),
        joint_vel=_rounded(played.qvel[:, 6:]),
        joint_targets=_rounded(played.targets),
        body_pos_w=_rounded(np.array(positions)),
        body_quat_w=_rounded(np.array(orientations)),
        body_lin_vel_w=_rounded(np.array(linear)),
        body_ang_vel_w=_rounded(np.array(angular)),
        plan=plan.vector(),
    )
    return file.getvalue()


def _rounded(values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return values whose last digits are zeros, which pack well."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * _PRECISION) / _PRECISION, exponent).astype(np.float32)
