"""A rollout: one robot that a policy moved for some seconds, in a file that plays without simulator and GPU.

The file has `records`: the header in MessagePack, then messages that are one zlib stream, flushed after each. They are
the `Scene`, the `RobotState`s in their order, and the end. So a file that was cut off plays up to there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from curricula.errors import UsageError, message_of
from curricula.regular_files import NotAFile, open_file
from trainer_proc.contract.records import RecordDamaged, contents, record_of
from trainer_proc.contract.robot import ROBOT_PROTOCOL, RobotState, Scene, with_ground
from trainer_proc.contract.run_folder import write_atomically

VERSION = 1
"""Bump when older versions can no longer play this one's rollouts."""
SUFFIX = ".rollout"
_LARGEST_FILE = 256 * 1024 * 1024
"""Bytes; a larger file is none of ours."""
_LARGEST_HEADER = 64 * 1024
_LARGEST_MESSAGE = 8 * 1024 * 1024
"""Bytes, unpacked."""
_LONGEST_SECONDS = 3600.0
"""Simulated time; a longer file is none of ours, and its film would never end."""


class RolloutError(UsageError):
    """The file can't be played; the message is one line that names it."""


class Push(msgspec.Struct, frozen=True):
    """A push: a sudden change of the root's velocity."""

    at: float
    """Seconds since the rollout began."""
    forward: float
    """m/s along the robot's heading."""
    lateral: float
    """m/s to its left."""


class RolloutHeader(msgspec.Struct, frozen=True, kw_only=True, tag="Rollout"):
    """Where a rollout comes from."""

    version: int = VERSION
    task: str
    """The simulator's name of the task."""
    backend: str
    run: str
    """Name of the run's folder."""
    policy: str
    """File name of the checkpoint or the exported policy."""
    iteration: int | None
    """Iteration of the policy, None if unknown."""
    seed: int = 0
    seconds: float = 0.0
    """Simulated time that was asked for."""
    state_seconds: float
    """Simulated time from one state to the next."""
    command: tuple[float, ...] = ()
    """The command that was held (m/s, m/s, rad/s); empty where the task sampled its own."""
    pushes: tuple[Push, ...] = ()
    terrain: str = ""
    """Terrain type and level on which episodes began, `stairs:4`; empty for those of the first environment."""
    notes: tuple[str, ...] = ()
    """What a viewer must know, one line each."""
    made_with: dict[str, str] = {}
    """Versions of Python and of packages by name."""
    made: str = ""
    """When it was made, ISO 8601 with time zone."""


class _End(msgspec.Struct, frozen=True, tag="End"):
    """The last record: the file is complete."""

    states: int


Records: TypeAlias = Iterator[tuple[memoryview, int]]
_Message: TypeAlias = Scene | RobotState | _End


@dataclass(frozen=True)
class Rollout:
    """A rollout as far as its file goes."""

    header: RolloutHeader
    scene: Scene
    states: list[RobotState]
    """At least one; each has the ground below it, if any."""
    problem: str = ""
    """Why it ends early, one line; empty for a complete file."""


# --- Writing ------------------------------------------------------------------------------------------------


def write_rollout(path: Path, header: RolloutHeader, scene: Scene, states: Iterable[RobotState]) -> None:
    """Write a rollout completely or not at all. Raises `OSError`."""
    packer = zlib.compressobj(9)
    listed = list(states)
    messages: list[_Message] = [scene, *listed, _End(len(listed))]
    records = [record_of(msgspec.msgpack.encode(header)), *(_packed(packer, message) for message in messages)]
    write_atomically(path, b"".join(records))


def _packed(packer: Any, message: _Message) -> bytes:
    content: bytes = packer.compress(msgspec.msgpack.encode(message)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return record_of(content)


# --- Reading ------------------------------------------------------------------------------------------------


def read_rollout(path: Path) -> Rollout:
    """Return the rollout in a file, up to where it was cut off or damaged. Raises `RolloutError`."""
    records = contents(_bytes_of(path))
    header = _header(path, records)
    messages = _messages(records)
    scene = next(messages, None)
    if not isinstance(scene, Scene):
        raise RolloutError(f"{path} ends before its first state: record it again")
    if scene.protocol > ROBOT_PROTOCOL:
        raise _too_new(path, f"robot protocol {ROBOT_PROTOCOL}", scene.protocol)
    if not _is_consistent(scene):
        raise RolloutError(f"{path} is damaged: record it again")
    states: list[RobotState] = []
    problem = "cut off"
    for message in messages:
        if isinstance(message, RobotState) and _fits(message, scene) and _follows(message, states, scene):
            states.append(with_ground(message, states[-1] if states else None))
            continue
        problem = "" if isinstance(message, _End) else "damaged"
        break
    if not states:
        raise RolloutError(f"{path} ends before its first state: record it again")
    return Rollout(header, scene, states, problem and f"{problem} after {len(states) * header.state_seconds:.1f} s")


def read_header(path: Path) -> RolloutHeader:
    """Return the header of a rollout. Raises `RolloutError`."""
    return _header(path, contents(_bytes_of(path, _LARGEST_HEADER)))


def _bytes_of(path: Path, most: int = _LARGEST_FILE) -> bytes:
    """Return the first `most` bytes of a file."""
    try:
        with open_file(path) as file:
            return file.read(most)
    except NotAFile:
        raise RolloutError(f"{path} is no rollout: expected a file") from None
    except FileNotFoundError:
        raise RolloutError(f"no such rollout: {path}") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise RolloutError(f"{path} can't be read: {message_of(error, 200)}") from error


class _AnyHeader(msgspec.Struct, tag="Rollout"):
    """What can be read of a header of any version."""

    version: int


def _header(path: Path, records: Records) -> RolloutHeader:
    try:
        content, _ = next(records)
        version = msgspec.msgpack.decode(content, type=_AnyHeader).version
        if version > VERSION:
            raise _too_new(path, f"version {VERSION}", version)
        return msgspec.msgpack.decode(content, type=RolloutHeader)
    except (StopIteration, RecordDamaged, *_UNREADABLE) as error:
        raise RolloutError(f"{path} is no rollout: make one with humanoid-tui rollout") from error


def _messages(records: Records) -> Iterator[_Message | None]:
    """Yield the messages to the end of the file, or to a None where it is damaged."""
    unpacker = zlib.decompressobj()
    try:
        for content, _ in records:
            yield _decode(unpacker.decompress(content, _LARGEST_MESSAGE))
    except (RecordDamaged, zlib.error, *_UNREADABLE):
        yield None


_decode = msgspec.msgpack.Decoder(_Message).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding of foreign bytes may raise."""


def _too_new(path: Path, expected: str, got: int) -> RolloutError:
    message = f"{path}: expected {expected} or older, got {got}: recorded by a newer version"
    return RolloutError(message, hint="update humanoid-tui")


def _is_consistent(scene: Scene) -> bool:
    """Return whether no index and no size of a scene is wrong: the file may be foreign."""
    bodies = range(len(scene.bodies))
    return (
        len(scene.parents) == len(bodies)
        and all(-1 <= parent < len(bodies) for parent in scene.parents)
        and all(shape.body in bodies for shape in scene.shapes)
        and all(foot in bodies for foot in scene.feet)
        and len(scene.joint_limits) in (0, len(scene.joints))
        and len(scene.torque_limits) in (0, len(scene.joints))
        and 0.0 < scene.step_seconds < math.inf
    )


def _follows(state: RobotState, before: list[RobotState], scene: Scene) -> bool:
    """Return whether a state is later than those before, and not by hours."""
    if not before:
        return True
    return state.step > before[-1].step and (state.step - before[0].step) * scene.step_seconds <= _LONGEST_SECONDS


def _fits(state: RobotState, scene: Scene) -> bool:
    """Return whether the sizes of a state are those that the scene announces."""
    sizes = (
        (state.velocity, 3),
        (state.command, len(scene.command)),
        (state.target, 3),
        (state.joints, len(scene.joints)),
        (state.torques, len(scene.joints)),
        (state.contacts, len(scene.feet)),
        (state.rewards, len(scene.rewards)),
        (state.weights, len(scene.rewards)),
    )
    return len(state.poses) == 28 * len(scene.bodies) and all(len(data) in (0, 4 * size) for data, size in sizes)
