"""What a verification found: `verification.json`, and the same suite in the training simulator: `reference.json`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from curricula.errors import UserError, message_of
from curricula.regular_files import read_file
from trainer_proc.contract.bundle.gate import VELOCITY_UNITS, GateCell, Group, Level
from trainer_proc.contract.evaluation import Measure
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import write_atomically

_LARGEST = 16 * 1024 * 1024
"""Bytes of a result."""
SUCCESS, SURVIVED = "success", "survived"
ERRORS = ("error/linear", "error/lateral", "error/yaw")
"""Mean of the averaged error of each part, as in the definition of success."""
TRACKING_ERRORS = ("error/joints", "error/anchor")
"""Of a tracked motion, mean over an episode: root mean square over the joints, and angle of the anchor body."""
VELOCITIES = ("velocity/forward", "velocity/lateral", "velocity/yaw")
"""Mean velocity reached in the second half of an episode."""

MEASURES = (
    Measure(SUCCESS, better="higher"),
    Measure(SURVIVED, better="higher"),
    *(Measure(name, unit, "lower") for name, unit in zip(ERRORS, VELOCITY_UNITS, strict=True)),
    *(Measure(name, unit) for name, unit in zip(VELOCITIES, VELOCITY_UNITS, strict=True)),
    *(Measure(name, "rad", "lower") for name in TRACKING_ERRORS),
    Measure("torque_saturation", "", "lower"),
    Measure("joint_limits", "", "lower"),
    Measure("action_rate", "1/s", "lower"),
    Measure("jerk", "rad/s³", "lower"),
)
"""`survived` is 1 for an episode without a fall, or in which the robot did not lose its motion. The last four are those
of `evaluate`'s suite `smoothness`."""


class VerificationError(UserError):
    """There is no verification; the message is one line that says why and what to do."""


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """The episodes of a cell."""

    cell: GateCell
    values: dict[str, tuple[float | None, ...]]
    """One number an episode by measure, in the order of the seeds; None where an episode has no such value."""


class SuiteResult(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A gate's plan, played in one simulator."""

    simulator: str
    """`mujoco`, or the training's backend."""
    versions: dict[str, str]
    """Versions of the packages that played it."""
    level: Level
    policy_sha256: str
    """Of the `policy.onnx` that acted, or of the checkpoint."""
    run: str = ""
    """Name of the folder of the policy's run."""
    iteration: int = -1
    """Iteration of the policy; -1 if unknown."""
    cells: tuple[CellResult, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know, one line each."""
    seconds: float = 0.0
    """Wall time of the episodes."""
    finished: str = ""
    """When it ended, ISO 8601 with time zone."""


class Mean(msgspec.Struct, frozen=True):
    """A mean over episodes with its 95 % interval, see `contract.statistics`."""

    value: float
    low: float | None
    """None where one episode gives no interval."""
    high: float | None
    episodes: int


class GroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The episodes of all cells of a group."""

    group: Group
    episodes: int
    means: dict[str, Mean]
    """By measure, those that any episode has."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A measure in MuJoCo minus that in the training simulator, over the same episodes, with its 95 % interval."""

    measure: str
    value: float
    low: float | None
    """None if there are too few episodes for an interval."""
    high: float | None
    episodes: int
    """Count of pairs."""


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle must reach."""

    min_success: float = 0.9
    """Least share of successful episodes under nominal conditions, and of episodes without a fall in each group of
    disturbances."""
    max_gap: float = 0.05
    """Largest loss of success from the training simulator to MuJoCo."""


class Verification(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The content of `verification.json`."""

    format: int = 1
    """Bump when older readers can no longer read it."""
    verified: bool
    problems: tuple[str, ...]
    """Why it isn't verified, one line each; empty if it is."""
    faults: tuple[str, ...] = ()
    """Faults of the bundle that its recorded trajectory shows, one line each: the field, and what to do."""
    notes: tuple[str, ...] = ()
    """What a reader must know, one line each."""
    thresholds: Thresholds
    files: dict[str, str]
    """SHA-256 in hexadecimal of each verified file, by name. With another one, the verification is stale."""
    result: SuiteResult
    groups: tuple[GroupResult, ...] = ()
    """Means of the result, in the order of the plan."""
    reference: SuiteResult | None = None
    """The suite in the training simulator; None without one."""
    gap: tuple[Gap, ...] = ()
    """Empty without a reference."""


def read_suite_result(path: Path) -> SuiteResult:
    """Return the content of a `reference.json`. Raises `VerificationError`."""
    try:
        return decode_json(read_file(path, _LARGEST), SuiteResult)
    except (OSError, msgspec.DecodeError) as error:
        raise VerificationError(f"{path} can't be read as a reference: {message_of(error, 200)}") from error


def read_verification(path: Path) -> Verification:
    """Return the content of a `verification.json`. Raises `VerificationError`."""
    try:
        return decode_json(read_file(path, _LARGEST), Verification)
    except (OSError, msgspec.DecodeError) as error:
        raise VerificationError(f"{path} can't be read as a verification: {message_of(error, 200)}") from error


def write_json(path: Path, content: SuiteResult | Verification) -> None:
    """Write a result atomically. Raises `VerificationError`."""
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(content), indent=2))
    except OSError as error:
        raise VerificationError(f"the result can't be written: {error}") from error
