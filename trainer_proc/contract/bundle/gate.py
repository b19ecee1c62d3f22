"""What a bundle must do to be called verified: a plan of episodes, played in MuJoCo and in the training simulator.

The plan is data: the same description gives the same cells, and the same cell and seed start the same episode in both
simulators. Nothing is randomized except what a cell says.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Literal

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.bundle.description import Command, PolicyDescription

Level = Literal["quick", "full"]
LEVELS: tuple[Level, ...] = ("quick", "full")
Group = Literal["stand", "commands", "balance", "tracking", "pushes", "starts", "motors", "latency", "noise"]
"""What a cell examines. `balance` stands for `stand` and `commands` of a task without a velocity command, `tracking` of
a policy that tracks a motion."""

SUCCESS_GROUPS: tuple[Group, ...] = ("stand", "commands", "balance", "tracking")
"""Groups under nominal conditions, whose episodes must succeed; in the others the robot must not fall."""
DISTURBANCES: dict[Group, str] = {
    "pushes": "pushes",
    "starts": "perturbed starts",
    "motors": "motors ±10 %",
    "latency": "latency",
    "noise": "sensor noise",
}
"""Titles of all other groups."""
VELOCITY_PARTS = ("lin_vel_x", "lin_vel_y", "ang_vel_z")
"""Names of the parts of a velocity command: forward, to the left, counter-clockwise."""
VELOCITY_UNITS = ("m/s", "m/s", "rad/s")
FALL_TILT = math.radians(70.0)
"""Tilt of the base (rad) from which a robot has fallen; the termination of mjlab's velocity tasks."""
LEAST_UPRIGHTNESS = math.cos(FALL_TILT)
"""Cosine of that tilt."""
FALL_HEIGHT = 0.5
"""Share of its first height below which a base has fallen."""

LOST_HEIGHT, LOST_TILT = 0.25, 0.8
"""Difference of a tracked body's height (m), or of the vertical part of gravity in the anchor's axes, beyond which a
robot has lost its motion: the terminations `anchor_pos`, `ee_body_pos` and `anchor_ori` of mjlab's tracking tasks."""
TRACKING_LIMITS = (0.25, 0.4)
"""Largest mean errors of an episode that tracks its motion: root mean square over the joints, and angle of the anchor
(rad). The latter is the width of mjlab's reward for the anchor's orientation (`motion_global_root_ori`)."""
RESTING_SHARE, LEAST_JOINT_LIMIT = 0.75, 0.1
"""The limit of the joints is lower for a motion that moves few of them or little: this share of the error of a robot
that rests in the first pose, but not below the latter (rad)."""

START_JOINT, START_TILT, START_SPEED, START_TURN, START_LIFT = 0.1, 0.1, 0.3, 0.3, 0.02
"""Largest offset of a joint (rad), roll and pitch (rad), velocity (m/s) and rate of turn (rad/s) of a perturbed start,
and the height added to it (m), so that no foot starts in the ground."""
NOMINAL_JOINT = 0.02
"""Largest offset of a joint (rad) at any other start: it makes the episodes of a cell differ."""
SENSOR_NOISE: dict[str, float] = {"joint_pos": 0.01, "joint_vel": 1.5, "base_ang_vel": 0.2, "projected_gravity": 0.05}
"""Largest noise of each sensor in each control step, uniform (rad, rad/s, rad/s, 1); that of mjlab's velocity tasks."""


class GateRefused(UserError):
    """There is no suite for such a policy; the message is one line."""

    exit_code = 2


class Push(msgspec.Struct, frozen=True):
    """A sudden change of the base's velocity, in its heading's axes."""

    at: float
    """Seconds from the start of the episode."""
    forward: float
    """m/s."""
    left: float
    """m/s."""


class GateCell(msgspec.Struct, frozen=True, kw_only=True):
    """Some episodes under one condition. The defaults are nominal."""

    name: str
    """Unique in its plan, such as `forward 0.5` or `push left 0.5`."""
    group: Group
    command: tuple[float, ...] = ()
    """Held for the whole episode, in the order of `Command.parts`; empty for a task without a velocity command."""
    seconds: float
    """Duration of an episode; one that tracks a motion also ends with it."""
    episodes: int
    """Episode `n` is played with seed `n`, from 0."""
    push: Push | None = None
    start: float = 0.0
    """0 for the default pose, or the motion's first one; 1 for a start that is perturbed by the full amounts."""
    motor_strength: float = 1.0
    """Factor of stiffness, damping and effort limits of all joints."""
    latency_steps: int = 0
    """Control steps by which actions come late. Before they arrive, an episode's first action is repeated."""
    noise: float = 0.0
    """Factor of `SENSOR_NOISE`; 0 for sensors without noise."""


class Start(msgspec.Struct, frozen=True):
    """The state at the start of an episode, on flat ground.

    It is relative to the robot's default pose, facing along x, or to the first pose of the motion that it tracks.
    """

    joint_offsets: tuple[float, ...]
    """Added to the default position of each joint (rad), in the order of `PolicyDescription.joint_names`."""
    roll: float = 0.0
    """rad."""
    pitch: float = 0.0
    """rad."""
    lift: float = 0.0
    """Added to the base's height (m)."""
    linear_velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the base in the world (m/s)."""
    angular_velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the base in the world (rad/s)."""


def start_of(cell: GateCell, episode: int, joint_count: int) -> Start:
    """Return the start of an episode: the same for the same cell and seed, whatever the simulator."""
    draw = random.Random(f"{cell.name} {episode}").uniform
    if not cell.start:
        return Start(tuple(draw(-NOMINAL_JOINT, NOMINAL_JOINT) for _ in range(joint_count)))
    joint, tilt = cell.start * START_JOINT, cell.start * START_TILT
    speed, turn = cell.start * START_SPEED, cell.start * START_TURN
    return Start(
        joint_offsets=tuple(draw(-joint, joint) for _ in range(joint_count)),
        roll=draw(-tilt, tilt),
        pitch=draw(-tilt, tilt),
        lift=cell.start * START_LIFT,
        linear_velocity=(draw(-speed, speed), draw(-speed, speed), 0.0),
        angular_velocity=(draw(-turn, turn), draw(-turn, turn), draw(-turn, turn)),
    )


def steps_of(cell: GateCell, step_s: float, motion_steps: int | None = None) -> int:
    """Return the control steps of `step_s` (s) of an episode, at most those of its motion."""
    steps = round(cell.seconds / step_s)
    return steps if motion_steps is None else min(steps, motion_steps)


def push_step_of(cell: GateCell, step_s: float, motion_steps: int | None = None) -> int:
    """Return before which control step a robot is pushed, -1 for none; in a short motion, that is its middle."""
    if cell.push is None:
        return -1
    step = round(cell.push.at / step_s)
    return step if motion_steps is None else min(step, steps_of(cell, step_s, motion_steps) // 2)


def motion_command_of(policy: PolicyDescription) -> Command | None:
    """Return the motion that the policy tracks; None without one, or with a velocity command."""
    kinds = {one.kind: one for one in policy.commands}
    return None if "velocity" in kinds else kinds.get("motion")


def velocity_command_of(policy: PolicyDescription) -> Command | None:
    """Return the command whose velocity success is judged by; None without one. Raises `GateRefused`."""
    name = policy.success.get("command", "")
    found = [one for one in policy.commands if one.kind == "velocity" and name in ("", one.name)]
    if not found:
        return None
    names = [part.name for part in found[0].parts]
    if missing := [part for part in VELOCITY_PARTS if part not in names]:
        expected, got = ", ".join(missing), ", ".join(names) or "no parts"
        raise GateRefused(f"policy.json: commands: expected {expected} in {found[0].name}, got {got}: export it again")
    return found[0]


def velocity_of(command: Command, values: Sequence[float]) -> tuple[float, float, float]:
    """Return forward, lateral velocity (m/s) and yaw rate (rad/s) of a command's values."""
    by_name = dict(zip((part.name for part in command.parts), values, strict=True))
    forward, left, turn = (by_name[name] for name in VELOCITY_PARTS)
    return forward, left, turn
