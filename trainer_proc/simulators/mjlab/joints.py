"""Actuated joints of a robot in mjlab, as configured: events may have randomized those of each environment."""

from __future__ import annotations

import math
from typing import Any, Literal

from mjlab.actuator.actuator import TransmissionType
from mjlab.utils.string import resolve_expr

from trainer_proc.simulators.interface import Joints
from trainer_proc.simulators.mjlab.efforts import effort_limits, scaled_forces
from trainer_proc.simulators.mjlab.gains import joint_gains


def joints_of(env: Any, robot: Any) -> Joints:
    """Return gains and limits of the joints that have an actuator."""
    gains = joint_gains(env.sim.mj_model, robot)
    limits = effort_limits(env.sim.mj_model, robot)
    speeds = _velocity_limits(robot)
    return Joints(
        names=[robot.joint_names[joint] for joint in gains],
        stiffness=[None if one is None else one[0] for one in gains.values()],
        damping=[None if one is None else one[1] for one in gains.values()],
        effort_limits=[limits[joint] for joint in gains],
        velocity_limits=[speeds.get(joint) for joint in gains],
        armature=[float(env.sim.mj_model.dof_armature[robot.indexing.joint_v_adr[joint]]) for joint in gains],
        position_limits=[_position_limits(env.sim.mj_model, robot.indexing.joint_v_adr[joint]) for joint in gains],
        delay_steps=_delay(robot),
        not_included=scaled_forces(env.sim.mj_model, robot),
    )


def _velocity_limits(robot: Any) -> dict[int, float]:
    """Return the highest speed (rad/s) of each joint by its index, where its motor's configuration has one."""
    return {
        joint: float(actuator.cfg.velocity_limit)
        for actuator in robot.actuators
        if actuator.transmission_type == TransmissionType.JOINT and hasattr(actuator.cfg, "velocity_limit")
        for joint in actuator.target_ids.tolist()
    }


def _position_limits(model: Any, address: Any) -> tuple[float, float]:
    """Return the limits of the joint with this address of its velocity."""
    joint = model.dof_jntid[address]
    if not model.jnt_limited[joint]:
        return -math.inf, math.inf
    low, high = (float(end) for end in model.jnt_range[joint])
    return low, high


def _delay(robot: Any) -> tuple[int, int]:
    """Return the lowest and highest delay of all motors, in physics steps."""
    lags = [(actuator.cfg.delay_min_lag, actuator.cfg.delay_max_lag) for actuator in robot.actuators]
    return min((low for low, _ in lags), default=0), max((high for _, high in lags), default=0)


def nominal_state(env: Any, robot: Any, quantity: Literal["pos", "vel"]) -> dict[str, float]:
    """Return the default position (rad) or velocity (rad/s) of all joints, in the robot's order.

    Source: mjlab's `Entity.initialize`.
    """
    configured = getattr(robot.cfg.init_state, f"joint_{quantity}")
    if configured is None:  # positions of the robot's keyframe
        addresses = robot.indexing.joint_q_adr.tolist()
        values = env.sim.mj_model.key("init_state").qpos[addresses].tolist()
    else:
        values = resolve_expr(configured, robot.joint_names, 0.0)
    return {name: float(value) for name, value in zip(robot.joint_names, values, strict=True)}
