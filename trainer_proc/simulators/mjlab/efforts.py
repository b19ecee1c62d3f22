"""Limits of the torques of a robot's joints in mjlab, and motors that change the effort that they are given."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mjlab.actuator import BuiltinDcMotorActuator
from mjlab.actuator.actuator import TransmissionType

Limits = tuple[float, float]


def effort_limits(model: Any, robot: Any) -> dict[int, Limits]:
    """Return the lowest and highest torque (N·m), infinite if unlimited, by the index of each actuated joint.

    Where several actuators drive a joint, their limits add up. `model` is MuJoCo's, which no event randomizes.
    """
    of_actuators: dict[int, Limits] = {}
    of_joints: dict[int, Limits] = {}
    for actuator in robot.actuators:
        if actuator.transmission_type == TransmissionType.JOINT:
            for joint, index in _elements(actuator, actuator.target_ids.tolist()):
                low, high = of_actuators.get(joint, (0.0, 0.0))
                lowest, highest = _of_actuator(model, index)
                of_actuators[joint] = low + lowest, high + highest
                of_joints[joint] = _of_joint(model, int(model.actuator_trnid[index, 0]))
    return {
        joint: (max(low, of_joints[joint][0]), min(high, of_joints[joint][1]))
        for joint, (low, high) in of_actuators.items()
    }


def scaled_forces(model: Any, robot: Any) -> list[str]:
    """Return a line for each motor whose force isn't the effort that it is given."""
    lines = []
    for actuator in robot.actuators:
        names = actuator.target_names
        if isinstance(actuator, BuiltinDcMotorActuator):
            lines.append(f"motors of {', '.join(names)}: DC motors, whose efforts and gains are in volts")
        gears = {name: float(model.actuator_gear[index, 0]) for name, index in _elements(actuator, names)}
        lines += [
            f"gear of {name}: it multiplies the motor's force by {gear:g}" for name, gear in gears.items() if gear != 1
        ]
    return lines


def _elements(actuator: Any, targets: list[Any]) -> Iterator[tuple[Any, int]]:
    """Yield each of the actuator's elements in the model with its target; a target may have several."""
    for number, index in enumerate(actuator.global_ctrl_ids.tolist()):
        yield targets[number % len(targets)], index


def _of_actuator(model: Any, index: int) -> Limits:
    if not model.actuator_forcelimited[index]:
        return -math.inf, math.inf
    ends = sorted(float(end) * float(model.actuator_gear[index, 0]) for end in model.actuator_forcerange[index])
    return ends[0], ends[1]


def _of_joint(model: Any, joint: int) -> Limits:
    if not model.jnt_actfrclimited[joint]:
        return -math.inf, math.inf
    low, high = (float(end) for end in model.jnt_actfrcrange[joint])
    return low, high
