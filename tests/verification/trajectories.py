"""Trajectories whose values are known."""

from __future__ import annotations

import numpy as np

from trainer_proc.verification.trajectory import Trajectory


def trajectory_of(velocities, *, survived=True, planned=None, step_s=0.02, **changes) -> Trajectory:
    steps = len(velocities)
    columns = {
        "velocities": np.array(velocities, dtype=np.float64).reshape(steps, 3),
        "positions": np.zeros((steps, 3)),
        "uprightness": np.ones(steps),
        "actions": np.zeros((steps, 2)),
        "joint_positions": np.zeros((steps, 2)),
        "joint_velocities": np.zeros((steps, 2)),
        "efforts": np.zeros((steps, 2)),
        "start_position": np.zeros(3),
    }
    return Trajectory(step_s=step_s, planned_steps=planned or steps + 1, survived=survived, **(columns | changes))
