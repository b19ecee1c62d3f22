"""Actuated joints of a robot in mjlab, as configured: events may have randomized those of each environment."""

from __future__ import annotations

from typing import Any, Literal

from mjlab.utils.string import resolve_expr

from trainer_proc.simulators.interface import Joints
from trainer_proc.simulators.mjlab.efforts import effort_limits, scaled_forces
from trainer_proc.simulators.mjlab.gains import joint_gains


def joints_of(env: Any, robot: Any) -> Joints:
    """Return gains and limits of the joints that have an actuator."""
    gains = joint_gains(env.sim.mj_model, robot)
    limits = effort_limits(env.sim.mj_model, robot)
    return Joints(
        names=[robot.joint_names[joint] for joint in gains],
        stiffness=[None if one is None else one[0] for one in gains.values()],
        damping=[None if one is None else one[1] for one in gains.values()],
        effort_limits=[limits[joint] for joint in gains],
        not_included=scaled_forces(env.sim.mj_model, robot),
    )


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
