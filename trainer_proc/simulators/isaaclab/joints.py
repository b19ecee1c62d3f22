"""Actuated joints of a robot in Isaac Lab."""

from __future__ import annotations

import re
from typing import Any

from trainer_proc.metrics.success.root import as_tensor
from trainer_proc.simulators.interface import Joints


def joints_of(robot: Any) -> Joints:
    """Return pose and nominal gains of the joints that a configured group of actuators drives.

    Gains are read from the configuration: explicit actuators, and Newton's own, leave the joints' gains at zero.
    """
    groups = list(robot.cfg.actuators.values())
    actuated = [
        (index, name, group)
        for index, name in enumerate(robot.joint_names)
        if (group := next((group for group in groups if _matches(group.joint_names_expr, name)), None)) is not None
    ]
    default = as_tensor(robot.data.default_joint_pos)[0].tolist()

    def gains(gain: str) -> list[float]:
        simulated = as_tensor(getattr(robot.data, f"joint_{gain}"))[0].tolist()
        return [
            _configured(getattr(group, gain, None), name, default=simulated[index]) for index, name, group in actuated
        ]

    return Joints(
        names=[name for _, name, _ in actuated],
        default_positions=[default[index] for index, _, _ in actuated],
        stiffness=gains("stiffness"),
        damping=gains("damping"),
    )


def _matches(expressions: str | list[str], name: str) -> bool:
    return any(re.fullmatch(one, name) for one in ([expressions] if isinstance(expressions, str) else expressions))


def _configured(gain: Any, joint: str, default: float) -> float:
    """Return a joint's gain as configured, before randomization; `default`, the asset's, where it is not configured."""
    if isinstance(gain, dict):
        gain = next((value for pattern, value in gain.items() if re.fullmatch(pattern, joint)), None)
    return float(gain) if isinstance(gain, int | float) else default
