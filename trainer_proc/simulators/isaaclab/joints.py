"""Actuated joints of a robot in Isaac Lab, as configured: events may have randomized those of each environment."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import torch
from isaaclab.actuators import IdealPDActuatorCfg, ImplicitActuatorCfg
from isaaclab.actuators.newton import read_group_parameter
from isaaclab.utils.string import resolve_matching_names_values

from trainer_proc.simulators.interface import Joints

_UNLIMITED = 1e6
"""Limits from here on, in rad or rad/s, stand for no limit."""
_CONTROLLER = {"stiffness": "kp", "damping": "kd"}
"""Names of the gains in Newton's controllers."""


def joints_of(robot: Any) -> Joints:
    """Return gains and limits of the joints that a configured group of actuators drives.

    A joint is in one group at most.
    """
    groups = {
        joint: (name, cfg)
        for name, cfg in robot.cfg.actuators.items()
        for joint in robot.joint_names
        if _matches(cfg.joint_names_expr, joint)
    }
    actuated = [joint for joint in robot.joint_names if joint in groups]
    stiffness = [_nominal_gain(robot, *groups[joint], joint, "stiffness") for joint in actuated]
    damping = [_nominal_gain(robot, *groups[joint], joint, "damping") for joint in actuated]
    has_law = [bool(one) or bool(other) for one, other in zip(stiffness, damping, strict=True)]
    return Joints(
        names=actuated,
        stiffness=[gain if known else None for gain, known in zip(stiffness, has_law, strict=True)],
        damping=[gain if known else None for gain, known in zip(damping, has_law, strict=True)],
        effort_limits=[_effort_limits(robot, groups[joint][1], joint) for joint in actuated],
        velocity_limits=[_velocity_limit(robot, groups[joint][1], joint) for joint in actuated],
        armature=[_armature(robot, groups[joint][1], joint) for joint in actuated],
        position_limits=[_position_limits(robot, joint) for joint in actuated],
        delay_steps=_delay(robot),
    )


def nominal_state(robot: Any, quantity: Literal["pos", "vel"]) -> dict[str, float]:
    """Return the default position (rad) or velocity (rad/s) of all joints, in the robot's order.

    Source: `Articulation._process_cfg` of Isaac Lab's physics.
    """
    configured = getattr(robot.cfg.init_state, f"joint_{quantity}")
    _, names, values = resolve_matching_names_values(configured, robot.joint_names)
    return dict.fromkeys(robot.joint_names, 0.0) | dict(zip(names, map(float, values), strict=True))


def _matches(expressions: str | list[str], name: str) -> bool:
    return any(re.fullmatch(one, name) for one in ([expressions] if isinstance(expressions, str) else expressions))


def _nominal_gain(robot: Any, group: str, cfg: Any, joint: str, gain: str) -> float | None:
    """Return a gain before randomization: as configured, else as the robot's file has it; None without a PD law."""
    has_pd_law = isinstance(cfg, ImplicitActuatorCfg | IdealPDActuatorCfg) and not hasattr(cfg, "network_file")
    if not has_pd_law:
        return None
    configured = _configured(cfg, joint, gain)
    return _gain_in_use(robot, group, joint, gain) if configured is None else configured


def _effort_limits(robot: Any, cfg: Any, joint: str) -> tuple[float, float] | None:
    """Return the actuator's or the physics' limit, the lower one; None if the angle or an event changes it."""
    if hasattr(cfg, "joint_parameter_lookup"):
        return None
    names = ["joint_effort_limit", "effort_limit_sim"]
    of_actuator = None
    if isinstance(cfg, ImplicitActuatorCfg):
        names.append("effort_limit")
    else:
        of_actuator = _configured(cfg, joint, "actuator_effort_limit", "effort_limit")
    of_physics = _configured(cfg, joint, *names)
    if of_physics is None:
        of_physics = _same_in_all(robot.data.joint_effort_limits.torch[:, robot.joint_names.index(joint)])
    if of_physics is None:
        return None
    limit = of_physics if of_actuator is None else min(of_actuator, of_physics)
    return -limit, limit


def _velocity_limit(robot: Any, cfg: Any, joint: str) -> float | None:
    """Return the highest speed of the motor or of the physics, the lower one; None for no limit."""
    of_actuator = _configured(cfg, joint, "actuator_velocity_limit", "velocity_limit")
    of_physics = _configured(cfg, joint, "joint_velocity_limit", "velocity_limit_sim")
    if of_physics is None:
        of_physics = _of_joint(robot.data.joint_vel_limits, robot, joint)
    known = [one for one in (of_actuator, of_physics) if one is not None and one < _UNLIMITED]
    return min(known, default=None)


def _armature(robot: Any, cfg: Any, joint: str) -> float | None:
    configured = _configured(cfg, joint, "armature")
    return _of_joint(robot.data.joint_armature, robot, joint) if configured is None else configured


def _position_limits(robot: Any, joint: str) -> tuple[float, float]:
    limits = robot.data.joint_pos_limits.torch[0, robot.joint_names.index(joint)].tolist()
    low, high = (end if abs(end) < _UNLIMITED else math.copysign(math.inf, end) for end in limits)
    return low, high


def _delay(robot: Any) -> tuple[int, int]:
    """Return the lowest and highest delay of all motors, in physics steps."""
    cfgs = robot.cfg.actuators.values()
    lags = [(int(getattr(cfg, "min_delay", 0)), int(getattr(cfg, "max_delay", 0))) for cfg in cfgs]
    return min((low for low, _ in lags), default=0), max((high for _, high in lags), default=0)


def _of_joint(values: Any, robot: Any, joint: str) -> float | None:
    """Return a joint's value in the simulation; None where environments differ."""
    return _same_in_all(values.torch[:, robot.joint_names.index(joint)])


def _configured(cfg: Any, joint: str, *names: str) -> float | None:
    """Return a joint's entry of the first of these fields that is set; None if none is."""
    for name in names:
        value = getattr(cfg, name, None)
        if isinstance(value, dict):
            value = next((entry for pattern, entry in value.items() if re.fullmatch(pattern, joint)), None)
        if isinstance(value, int | float):
            return float(value)
    return None


def _gain_in_use(robot: Any, group: str, joint: str, gain: str) -> float | None:
    """Return a gain that the robot's file sets; None where environments differ, which an event has randomized."""
    actuator = robot.actuators[group]
    values: torch.Tensor
    if getattr(actuator, "is_implicit_model", False):
        values = getattr(robot.data, f"joint_{gain}").torch[:, robot.joint_names.index(joint)]
    elif hasattr(actuator, gain):
        values = getattr(actuator, gain)[:, actuator.joint_names.index(joint)]
    else:  # Newton's controllers own the gains of their groups
        names = [name for name in robot.joint_names if _matches(robot.cfg.actuators[group].joint_names_expr, name)]
        values = read_group_parameter(robot.actuators, group, "controller", _CONTROLLER[gain])[:, names.index(joint)]
    return _same_in_all(values)


def _same_in_all(values: torch.Tensor) -> float | None:
    """Return a value of shape [num_envs]; None where environments differ."""
    first, *others = values.tolist()
    return float(first) if all(other == first for other in others) else None
