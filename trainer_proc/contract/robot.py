"""What a viewer draws a robot from: its scene, sent once, and its state after each environment step.

A live view gets both over a socket of its own, never over the journal; a rollout file holds the same messages.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ROBOT_PROTOCOL = 1
"""Major version of these messages. Bump when older viewers can no longer draw them; new fields need defaults."""

ShapeKind = Literal["capsule", "box", "sphere", "cylinder", "ellipsoid"]


class Shape(msgspec.Struct, frozen=True, gc=False):
    """A solid that moves with a body."""

    body: int
    """Index in `Scene.bodies`."""
    kind: ShapeKind
    size: tuple[float, float, float]
    """Metres. Capsule and cylinder: radius, half length along the local z axis, 0; without a capsule's round ends.
    Box: half edges; ellipsoid: half axes; sphere: radius, 0, 0."""
    position: tuple[float, float, float]
    """Centre in the body's frame, metres."""
    orientation: tuple[float, float, float, float]
    """Unit quaternion (w, x, y, z) in the body's frame."""


class Scene(msgspec.Struct, frozen=True, tag=True):
    """What does not change from step to step. The lists without an entry are empty, as a cartpole's feet."""

    task: str
    """The simulator's name of the task."""
    bodies: tuple[str, ...]
    """Names of the bodies whose poses are sent; the first is the root, which the camera follows."""
    parents: tuple[int, ...]
    """Index of each body's parent; -1 for a root."""
    shapes: tuple[Shape, ...]
    step_seconds: float
    """Simulated time of one environment step, seconds."""
    num_envs: int
    """Number of environments that can be watched."""
    feet: tuple[int, ...] = ()
    """Bodies whose contact force is sent: feet, hands, what the task's contact sensors name."""
    joints: tuple[str, ...] = ()
    joint_limits: tuple[tuple[float, float], ...] = ()
    """Lowest and highest position of each joint, rad or m; infinite for none."""
    torque_limits: tuple[float, ...] = ()
    """Largest torque of each joint, N·m or N; infinite for none."""
    rewards: tuple[str, ...] = ()
    """Names of the reward terms."""
    command: tuple[str, ...] = ()
    """Names of the entries of the command with their unit, `forward (m/s)` for one."""
    environment_types: tuple[str, ...] = ()
    """Names of terrain types or tasks that can be selected, see `Selection`."""
    has_terrain: bool = False
    """Whether states have a `ground`, which is then not flat everywhere."""
    protocol: int = ROBOT_PROTOCOL


def is_planar(command: tuple[str, ...]) -> bool:
    """Return whether a command with these names is a velocity on the ground, unlike a target."""
    return len(command) > 1 and command[0].startswith("forward") and command[1].startswith("lateral")


class Ground(msgspec.Struct, frozen=True, gc=False):
    """Heights of the terrain around a robot, at the points of a square grid along the world's x and y axes."""

    corner: tuple[float, float]
    """Lowest x and y, metres, relative as those of `RobotState.poses`."""
    spacing: float
    """Metres from point to point."""
    size: int
    """Points along each edge."""
    heights: bytes
    """[size, size], float32: by x, then by y; NaN where there is no ground."""


class RobotState(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One environment after one step. All bytes are little-endian float32; empty bytes are unknown values."""

    environment: int
    """Number of the environment, from 0."""
    iteration: int
    """Iteration whose policy acts; in a rollout, that of the checkpoint, -1 if unknown."""
    step: int
    """Environment steps since the process started; a gap means that states were left out."""
    time: float
    """Seconds since the episode began."""
    poses: bytes
    """[bodies, 7]: position in metres, quaternion (w, x, y, z), in the world's axes. Positions are relative to the
    environment's origin; those of a robot that is fixed to the world to its root's place on the ground."""
    velocity: bytes = b""
    """[3]: forward and lateral velocity (m/s) and yaw rate (rad/s) of the root in its own frame."""
    command: bytes = b""
    """[command]: the command in force."""
    joints: bytes = b""
    """[joints]: positions, rad or m."""
    torques: bytes = b""
    """[joints]: torques, N·m or N."""
    contacts: bytes = b""
    """[feet]: contact forces, N."""
    rewards: bytes = b""
    """[rewards]: each term's weighted reward per second."""
    weights: bytes = b""
    """[rewards]: the weights in force."""
    ended: str = ""
    """Termination that ended an episode since the state before; the state is then the first of the next episode."""
    is_time_out: bool = False
    """Whether that termination was a time-out, no fall."""
    target: bytes = b""
    """[3]: the place that a hand or an object has to reach, metres, relative as the positions of `poses`."""
    ground: Ground | None = None
    """None on flat ground, and where it is that of the state before."""


def with_ground(state: RobotState, before: RobotState | None) -> RobotState:
    """Return the state with the ground of the one before, where it sends none and is of the same environment."""
    if state.ground is not None or before is None or before.ground is None or before.environment != state.environment:
        return state
    return msgspec.structs.replace(state, ground=before.ground)


class RobotNotice(msgspec.Struct, frozen=True, tag=True):
    """Why a selection gets no states, or another environment's; only a live view gets it, after the scene if any."""

    text: str
    """One line."""


RobotMessage = Scene | RobotState | RobotNotice

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[RobotMessage] = msgspec.msgpack.Decoder(RobotMessage)


def encode_robot(message: RobotMessage) -> bytes:
    """Return the message's MessagePack bytes."""
    return _encoder.encode(message)


def decode_robot(data: bytes) -> RobotMessage:
    """Return the message. Raises `msgspec.DecodeError`, or its `ValidationError`, for bytes that are none."""
    return _decoder.decode(data)


SELECTIONS = ("env", "random", "best", "worst", "tilted", "noise-free", "type")
"""Kinds of `Selection`."""


class Selection(msgspec.Struct, frozen=True):
    """Which environment to watch. A choice by value is made again whenever the watched episode ends."""

    kind: str
    """One of `SELECTIONS`: a number; any; highest or lowest mean reward of the running episode; most tilted, which
    is likely to fall next; one that acts without exploration noise; one of a terrain type or task."""
    value: str = ""
    """The number of `env`, the name of `type`; a viewer's own key for `random`, so that two may differ."""

    def topic(self) -> bytes:
        """Return the ZeroMQ topic: no topic is the beginning of another."""
        return f"{self.kind}:{self.value}\0".encode()


def selection_of(topic: bytes) -> Selection | None:
    """Return the selection of a topic; None for bytes that are none."""
    try:
        kind, colon, value = topic.decode().removesuffix("\0").partition(":")
    except UnicodeDecodeError:
        return None
    return Selection(kind, value) if colon and kind in SELECTIONS and topic.endswith(b"\0") else None
