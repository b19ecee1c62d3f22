"""Actuated joints of a robot in mjlab."""

from __future__ import annotations

from typing import Any

from trainer_proc.simulators.interface import Joints
from trainer_proc.simulators.mjlab.gains import joint_gains


def joints_of(env: Any, robot: Any) -> Joints:
    """Return pose and nominal gains of the joints that have an actuator."""
    gains = joint_gains(env.sim.mj_model, robot)
    default = robot.data.default_joint_pos[0].tolist()
    return Joints(
        names=[robot.joint_names[joint] for joint in gains],
        default_positions=[default[joint] for joint in gains],
        stiffness=[None if one is None else one[0] for one in gains.values()],
        damping=[None if one is None else one[1] for one in gains.values()],
    )
