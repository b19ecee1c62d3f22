"""Actuated joints of a robot in mjlab."""

from __future__ import annotations

from typing import Any

from trainer_proc.simulators.interface import Joints


def joints_of(env: Any, robot: Any) -> Joints:
    """Return pose and nominal gains of the joints that have an actuator.

    Source: mjlab's `get_base_metadata`.
    """
    actuator_of_joint = {actuator.target.split("/")[-1]: actuator.id for actuator in robot.spec.actuators}
    joints = [(index, name) for index, name in enumerate(robot.joint_names) if name in actuator_of_joint]
    actuators = [actuator_of_joint[name] for _, name in joints]
    default = robot.data.default_joint_pos[0].tolist()
    return Joints(
        names=[name for _, name in joints],
        default_positions=[default[index] for index, _ in joints],
        stiffness=env.sim.mj_model.actuator_gainprm[actuators, 0].tolist(),
        damping=(-env.sim.mj_model.actuator_biasprm[actuators, 2]).tolist(),
    )
