"""The PD law that each of a robot's actuators in mjlab applies to its targets, from the actuator's own kind."""

from __future__ import annotations

from typing import Any

import mujoco  # type: ignore[import-untyped]
from mjlab.actuator import (
    BuiltinMotorActuator,
    BuiltinPdActuator,
    BuiltinPositionActuator,
    BuiltinVelocityActuator,
    IdealPdActuator,
    LearnedMlpActuator,
    XmlActuator,
)
from mjlab.actuator.actuator import TransmissionType

Gains = tuple[float, float]
"""Stiffness and damping; (0, 0) for an actuator that only adds the effort that it is given."""

_ONLY_EFFORT: Gains = (0.0, 0.0)


def joint_gains(model: Any, robot: Any) -> dict[int, Gains | None]:
    """Return nominal gains by the index of each actuated joint in the robot; None where the joint has no PD law.

    Where several actuators drive a joint, their torques add up. `model` is MuJoCo's, which no event randomizes.
    """
    laws: dict[int, list[Gains | None]] = {}
    for actuator in robot.actuators:
        if actuator.transmission_type != TransmissionType.JOINT:
            continue
        targets = actuator.target_ids.tolist()
        for joint, law in zip(targets, _laws(model, actuator, len(targets)), strict=True):
            laws.setdefault(joint, []).append(law)
    return {joint: _sum(of_joint) for joint, of_joint in sorted(laws.items())}


def _sum(laws: list[Gains | None]) -> Gains | None:
    known = [law for law in laws if law is not None]
    if len(known) < len(laws):
        return None
    stiffness, damping = (sum(gains) for gains in zip(*known, strict=True))
    return (stiffness, damping) if stiffness or damping else None


def _laws(model: Any, actuator: Any, count: int) -> list[Gains | None]:
    """Return the gains of each of an actuator's targets; None for another law than PD, such as a network's."""
    cfg = actuator.cfg
    match actuator:
        case LearnedMlpActuator():  # derived from a PD actuator, but its network computes the torque
            return [None] * count
        case IdealPdActuator() | BuiltinPositionActuator() | BuiltinPdActuator():
            return [(float(cfg.stiffness), float(cfg.damping))] * count
        case BuiltinVelocityActuator():
            return [(0.0, float(cfg.damping))] * count
        case BuiltinMotorActuator():
            return [_ONLY_EFFORT] * count
        case XmlActuator():
            return [_law_in_model(model, index) for index in actuator.global_ctrl_ids.tolist()]
    return [None] * count  # a muscle, or a DC motor whose gains are volts


def _law_in_model(model: Any, index: int) -> Gains | None:
    """Return the gains of an actuator that the robot's XML defines.

    MuJoCo's force is `gainprm[0] · ctrl + biasprm[0] + biasprm[1] · length + biasprm[2] · velocity`, which is a PD law
    if the position or velocity that it follows is `ctrl`. A gear would scale the target too.
    """
    if model.actuator_gaintype[index] != mujoco.mjtGain.mjGAIN_FIXED:
        return None
    if model.actuator_biastype[index] == mujoco.mjtBias.mjBIAS_NONE:
        return _ONLY_EFFORT
    if (
        model.actuator_biastype[index] != mujoco.mjtBias.mjBIAS_AFFINE
        or model.actuator_dyntype[index] != mujoco.mjtDyn.mjDYN_NONE
        or model.actuator_gear[index, 0] != 1.0
    ):
        return None
    gain = float(model.actuator_gainprm[index, 0])
    constant, position, velocity = (float(value) for value in model.actuator_biasprm[index, :3])
    if constant == 0.0 and position == -gain:
        return gain, -velocity
    return (0.0, gain) if (constant, position, velocity) == (0.0, 0.0, -gain) else None
