"""The request to evaluate a policy and its result; `python -m trainer_proc.evaluation` is a `worker`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from curricula.errors import UserError, message_of
from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.knob import Value
from trainer_proc.contract.run_folder import RunFolder, write_atomically
from trainer_proc.contract.worker import Worker

SuiteName = Literal["quick", "commands", "pushes", "terrain", "randomization", "smoothness"]
_LARGEST = 64 * 1024 * 1024
"""Bytes of a result."""
DEAD_ZONE = 0.2
"""A command of which a smaller share is reached is in a dead zone."""
NEAR_LIMIT = 0.02
"""Part of a joint's range, or of its torque limit, that counts as its end."""
SUITES: tuple[SuiteName, ...] = ("quick", "commands", "pushes", "terrain", "randomization", "smoothness")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to evaluate, and how."""

    run: str
    """Absolute path of the run's folder."""
    checkpoint: str
    """Absolute path of a checkpoint of rsl-rl, or of an exported policy (`policy.onnx`)."""
    suite: SuiteName = "quick"
    episodes: int = 0
    """Episodes in each cell, at least 1; 0 for the suite's own number."""
    seed: int = 0
    """Seed of environments and cells: the same seed plays the same episodes, so that two policies can be paired."""
    device: str = "cpu"
    """`cpu` or `cuda:N`."""
    num_envs: int = 0
    """Largest number of environments at once; 0 for what the suite needs, up to a limit of the device."""
    conditions: str = ""
    """Absolute path of the checkpoint whose knob values are in force; empty for those of `checkpoint` itself.

    Policies compare only under the same conditions: later checkpoints may have faster commands or rougher terrain.
    """


class Axis(msgspec.Struct, frozen=True):
    """A quantity that a suite varies."""

    name: str
    """Such as `forward`, `direction`, `terrain`, `friction`."""
    unit: str = ""
    """`m/s`, `rad/s`, `deg`, `kg`; empty without."""
    values: tuple[float | str, ...] = ()
    """Its values, ascending, or names in the order of the configuration."""


class Measure(msgspec.Struct, frozen=True):
    """A quantity that is measured in each episode."""

    name: str
    """Such as `success`, `score`, `error/linear`, `velocity/forward`, `recovery_time`."""
    unit: str = ""
    """Empty for shares and scores, 0 to 1."""
    better: Literal["higher", "lower", ""] = ""
    """Which direction is better; empty if neither is."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The episodes of one combination of values of the axes."""

    at: dict[str, float | str] = {}
    """Value by axis; empty for a suite without axes."""
    episodes: int
    """Number of episodes, at least 1."""
    values: dict[str, tuple[float | None, ...]]
    """One number an episode by measure, in the order of the seeds; None where an episode has no such value."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The result of one suite for one policy; the content of `evaluations/<checkpoint>/<suite>.json`."""

    version: int = 1
    """Bump when older readers can no longer read it."""
    suite: SuiteName
    run: str
    """Name of the run's folder."""
    checkpoint: str
    """File name of the policy."""
    sha256: str
    """Of the policy's file."""
    iteration: int | None
    """Iteration of the policy, None if unknown."""
    task: str
    backend: str
    device: str
    seed: int
    num_envs: int
    """Environments at once."""
    episode_seconds: float
    """Longest episode, in simulated seconds."""
    success: dict[str, object] = {}
    """Definition of success in force, a table as in a preset."""
    knobs: dict[str, Value] = {}
    """The conditions: knobs that had been changed when the policy was saved, without those of rewards, PPO, guards and
    curricula, and the values in force."""
    axes: tuple[Axis, ...] = ()
    measures: tuple[Measure, ...]
    """In the order in which they are shown; `success` and `score` come first where the suite has them."""
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know, one line each: a limit that was not varied, a measure that is missing."""
    seconds: float = 0.0
    """Wall time of the episodes, without the build."""
    finished: str = ""
    """When it ended, ISO 8601 with time zone."""


EVALUATION = Worker("trainer_proc.evaluation", "evaluation", Evaluation)

_TRAINED_BY = ("reward/", "ppo/", "guard/", "curriculum/")


def is_condition(knob: str) -> bool:
    """Return whether a knob decides what is asked of a policy, rather than how it is trained."""
    return not knob.startswith(_TRAINED_BY)


def values_of(cells: Iterable[Cell], measure: str) -> list[float]:
    """Return the finite values of a measure in all episodes that have one."""
    found = (value for cell in cells for value in cell.values.get(measure, ()))
    return [value for value in found if value is not None and math.isfinite(value)]


class EvaluationError(UserError):
    """Nothing was evaluated; the message is one line that says why and what to do."""


def result_file(folder: RunFolder, checkpoint: str, suite: SuiteName) -> Path:
    """Return the file of a result, `evaluations/<checkpoint>/<suite>.json`; `checkpoint` is the policy's file name."""
    return folder.evaluations / Path(checkpoint).stem / f"{suite}.json"


def write_result(folder: RunFolder, result: Evaluation) -> Path:
    """Write a result as JSON, and beside it one row an episode as CSV; return the JSON file. Raises `OSError`.

    The JSON file comes last: where it is, the result is complete.
    """
    path = result_file(folder, result.checkpoint, result.suite)
    folder.make_folder(path.parent)
    table = path.with_suffix(".csv")
    write_atomically(table, episode_table(result).encode())
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(result), indent=2))
    except BaseException:
        if not path.exists():
            table.unlink(missing_ok=True)
        raise
    return path


def read_result(path: Path) -> Evaluation:
    """Return the result in a JSON file. Raises `EvaluationError`."""
    try:
        return decode_json(read_file(path, _LARGEST), Evaluation)
    except (OSError, msgspec.DecodeError) as error:
        raise EvaluationError(f"{path} can't be read as an evaluation: {message_of(error, 200)}") from error


def episode_table(result: Evaluation) -> str:
    """Return one row an episode as CSV: the axes' values, the episode's number in its cell from 0, the measures."""
    axes = [axis.name for axis in result.axes]
    measures = [measure.name for measure in result.measures]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*axes, "episode", *measures])
    for cell in result.cells:
        for episode in range(cell.episodes):
            measured = (cell.values[name][episode] if name in cell.values else None for name in measures)
            rows.writerow([*(cell.at.get(axis, "") for axis in axes), episode, *measured])
    return text.getvalue()
