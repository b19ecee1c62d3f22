"""One state of a robot with names and numbers, for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from trainer_proc.contract.robot import Ground, RobotState, Scene
from tui.session.robot.values import values_of

_OF_POSE = 7


def frame_record(scene: Scene, state: RobotState) -> dict[str, Any]:
    """Return scene and state as JSON values; unknown quantities are absent. Units are those of `contract.robot`."""
    poses = values_of(state.poses, len(scene.bodies) * _OF_POSE)
    record: dict[str, Any] = {
        "scene": msgspec.to_builtins(scene),
        "environment": state.environment,
        "iteration": state.iteration,
        "step": state.step,
        "time": state.time,
        "ended": state.ended,
        "is_time_out": state.is_time_out,
    }
    if poses is not None:
        record["poses"] = dict(zip(scene.bodies, poses.reshape(-1, _OF_POSE).tolist(), strict=True))
    if state.ground is not None:
        record["ground"] = _ground(state.ground)
    for name, names, packed in (
        ("velocity", ("forward", "lateral", "yaw"), state.velocity),
        ("command", scene.command, state.command),
        ("target", ("x", "y", "z"), state.target),
        ("joints", scene.joints, state.joints),
        ("torques", scene.joints, state.torques),
        ("contacts", [scene.bodies[foot] for foot in scene.feet], state.contacts),
        ("rewards", scene.rewards, state.rewards),
        ("weights", scene.rewards, state.weights),
    ):
        record |= _named(name, names, packed)
    return record


def _ground(ground: Ground) -> dict[str, Any]:
    values = values_of(ground.heights, ground.size**2)
    heights = [] if values is None else [height if isfinite(height) else None for height in values.tolist()]
    rows = [heights[first : first + ground.size] for first in range(0, len(heights), max(ground.size, 1))]
    return {"corner": ground.corner, "spacing": ground.spacing, "heights": rows}


def _named(name: str, names: Sequence[str], packed: bytes) -> dict[str, Any]:
    values = values_of(packed, len(names))
    return {} if values is None else {name: dict(zip(names, values.tolist(), strict=True))}
