"""The golden trace `trace.npz`: what the trained policy did in the training simulator, by which a bundle is checked.

One robot, without noise, delays, randomization or pushes. Row t has the state that the policy observed, the
observation, its action, and the targets that the action became. The torques of row t belong to the targets of row t and
the state of row t + 1, so states have one row more.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from curricula.errors import UserError, message_of
from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import write_atomically

VERSION = 1
"""Bump when older versions can no longer read this one's traces."""

Array: TypeAlias = NDArray[np.float64]

_LARGEST_FILE = 16 * 1024 * 1024
_LARGEST_UNPACKED = 64 * 1024 * 1024
"""Bytes; larger ones are none of ours."""
_HEADER = "header"


class TraceError(UserError):
    """The file is no usable trace; the message is one line that names it."""


class TraceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Where a trace comes from, and the names of its columns."""

    version: int = VERSION
    run: str
    """Name of the run's folder."""
    iteration: int
    """Iteration of the policy; -1 if unknown."""
    policy: str
    """File name of the checkpoint, or of the exported policy where there is no checkpoint."""
    is_exported: bool
    """Whether the actions are of the exported policy itself, which they then can't check."""
    task: str
    backend: str
    joints: list[str]
    """All joints of the robot: columns of positions and velocities."""
    motors: list[str]
    """Actuated joints: columns of targets and torques."""
    frames: list[str]
    """Bodies and sites in whose axes velocities are given; the first is the robot's root body."""
    terms: dict[str, int]
    """Size of each term of the observation by name, in the order of concatenation."""
    commands: dict[str, int]
    """Size of each command by its name in the task."""
    made_with: dict[str, str] = {}
    """Versions of Python and of packages by name."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """T steps of one robot with J joints, M motors, F frames, N observed numbers and A actions; all arrays float64."""

    header: TraceHeader
    time: Array
    """Simulated time in s [T + 1]."""
    joint_pos: Array
    """rad (m for prismatic joints) [T + 1, J]."""
    joint_vel: Array
    """rad/s (m/s) [T + 1, J]."""
    quaternion: Array
    """Orientation of the frames in the world, (w, x, y, z) [T + 1, F, 4]."""
    linear_velocity: Array
    """Of the frames' origins in their axes, m/s [T + 1, F, 3]."""
    angular_velocity: Array
    """Of the frames in their axes, rad/s [T + 1, F, 3]."""
    observation: Array
    """As the policy observed it [T, N]."""
    action: Array
    """Output of the policy, before any limit and scale [T, A]."""
    target: Array
    """Position targets of the motors in rad (m) [T, M]; means nothing for a motor that follows no position."""
    torque: Array
    """N·m (N) [T, M]."""
    commands: dict[str, Array] = field(default_factory=dict)
    """Each [T, its size]."""
    position: Array | None = None
    """Of the root body in m, in the world's axes from its environment's origin [T + 1, 3]; None in older traces."""
    normalizer: tuple[Array, Array] | None = None
    """Mean [N] and divisor [N] of the policy's own normalizer; None without one."""

    @property
    def steps(self) -> int:
        return len(self.action)


_STATES = ("time", "joint_pos", "joint_vel", "quaternion", "linear_velocity", "angular_velocity")
_STEPS = ("observation", "action", "target", "torque")


_UNREADABLE = (
    *(ValueError, TypeError, KeyError, OSError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, msgspec.DecodeError),
)
"""What unpacking foreign bytes may raise: `RuntimeError` an encrypted archive, `MemoryError` a false shape."""


def write_trace(path: Path, trace: Trace) -> None:
    """Write a trace completely or not at all. Raises `OSError`."""
    arrays: dict[str, Any] = {name: getattr(trace, name) for name in (*_STATES, *_STEPS)}
    arrays |= {f"command/{name}": values for name, values in trace.commands.items()}
    if trace.position is not None:
        arrays["position"] = trace.position
    if trace.normalizer is not None:
        arrays["normalizer"] = np.stack(trace.normalizer)
    packed = {name: values.astype(np.float64 if name == "time" else np.float32) for name, values in arrays.items()}
    packed[_HEADER] = np.frombuffer(msgspec.json.encode(trace.header), dtype=np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, **packed)
    write_atomically(path, content.getvalue())


def read_trace(path: Path) -> Trace:
    """Return the trace in a file. Raises `TraceError`, and `FileNotFoundError` if there is none."""
    try:
        content = read_file(path, _LARGEST_FILE)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TraceError(f"{path} can't be read: {error}") from error
    try:
        header, arrays = _unpacked(content)
        return _checked(header, arrays)
    except _UNREADABLE as error:
        raise TraceError(f"{path} is no trace: {message_of(error, 200)}; export the policy again") from error


def _unpacked(content: bytes) -> tuple[TraceHeader, dict[str, Array]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _LARGEST_UNPACKED:
        raise ValueError(f"expected at most {_LARGEST_UNPACKED} bytes unpacked, got {size}")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        header = decode_json(file[_HEADER].tobytes(), TraceHeader)
        if header.version != VERSION:
            raise ValueError(f"expected version {VERSION}, got {header.version}")
        return header, {name: np.asarray(file[name], dtype=np.float64) for name in file.files if name != _HEADER}


def _checked(header: TraceHeader, arrays: dict[str, Array]) -> Trace:
    """Return the trace; raise `ValueError` or `KeyError` for arrays that don't belong together."""
    steps = len(arrays["action"])
    joints, motors, frames, size = (
        len(header.joints),
        len(header.motors),
        len(header.frames),
        sum(header.terms.values()),
    )
    shapes: dict[str, tuple[int, ...]] = {
        "time": (steps + 1,),
        "joint_pos": (steps + 1, joints),
        "joint_vel": (steps + 1, joints),
        "quaternion": (steps + 1, frames, 4),
        "linear_velocity": (steps + 1, frames, 3),
        "angular_velocity": (steps + 1, frames, 3),
        "observation": (steps, size),
        "action": (steps, *arrays["action"].shape[1:2]),
        "target": (steps, motors),
        "torque": (steps, motors),
        **{f"command/{name}": (steps, length) for name, length in header.commands.items()},
    }
    if "position" in arrays:
        shapes["position"] = (steps + 1, 3)
    if "normalizer" in arrays:
        shapes["normalizer"] = (2, size)
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {arrays[name].shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    if steps < 2 or not frames or not joints:
        raise ValueError(f"expected steps of a robot, got {steps} steps of {joints} joints")
    return Trace(
        header=header,
        **{name: arrays[name] for name in (*_STATES, *_STEPS)},
        commands={name: arrays[f"command/{name}"] for name in header.commands},
        position=arrays.get("position"),
        normalizer=(arrays["normalizer"][0], arrays["normalizer"][1]) if "normalizer" in arrays else None,
    )
