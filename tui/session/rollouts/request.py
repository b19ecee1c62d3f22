"""The request to record a rollout, from texts of the command line."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from curricula.errors import UsageError
from presets.rollouts import TERRAIN
from trainer_proc.contract.rollout import SUFFIX, Push, RolloutError, read_header
from trainer_proc.contract.rollout_request import RolloutRequest, default_file
from trainer_proc.contract.run_folder import RunFolder
from tui.session.evaluations.targets import Target


def parse_command(text: str | None) -> tuple[float, ...]:
    """Return forward, lateral and yaw velocity in `0.5,0,0`; empty for None. Raises `UsageError`."""
    if text is None:
        return ()
    values = _numbers(text)
    if len(values) != 3:
        raise UsageError(f"expected FORWARD,LATERAL,YAW (m/s, m/s, rad/s), such as 0.5,0,0, got {text}")
    return tuple(values)


def parse_push(text: str) -> Push:
    """Return the push in `2:1,0`: at 2 s, 1 m/s ahead, 0 to the left. Raises `UsageError`."""
    at, _, velocity = text.partition(":")
    times, velocities = _numbers(at), _numbers(velocity)
    if len(times) != 1 or len(velocities) != 2:
        raise UsageError(f"expected SECONDS:FORWARD,LATERAL (s, m/s, m/s), such as 2:1,0, got {text}")
    return Push(*times, *velocities)


def parse_terrain(text: str | None) -> str:
    """Return the terrain type and level in `stairs:4`; empty for None. Raises `UsageError`."""
    if text is not None and not re.match(TERRAIN, text):
        raise UsageError(f"expected TYPE:LEVEL, such as stairs:4, got {text}")
    return text or ""


def make_requests(
    targets: Sequence[Target],
    output: Path | None,
    devices: Sequence[str],
    *,
    seconds: float,
    command: tuple[float, ...],
    pushes: tuple[Push, ...],
    seed: int,
    terrain: str = "",
) -> list[RolloutRequest]:
    """Return a request for each target with its device. Raises `UsageError` where a file must not be written.

    `output` is a file, or a folder for the files; by default they go into their runs.
    """
    if output is not None and len(targets) > 1 and not output.is_dir():
        raise UsageError(f"expected a folder for {len(targets)} rollouts, got {output}")
    requests = [
        RolloutRequest(
            run=str(target.folder.path),
            policy=str(target.policy),
            seconds=seconds,
            command=command,
            pushes=pushes,
            terrain=terrain,
            seed=seed,
            device=device,
        )
        for target, device in zip(targets, devices, strict=True)
    ]
    placed = [_placed(request, output) for request in requests]
    names = [request.output for request in placed]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"expected rollouts of different names, got {Path(twice).name} twice: record one at a time")
    return placed


def _placed(request: RolloutRequest, output: Path | None) -> RolloutRequest:
    path = default_file(request)
    if output is not None:
        path = output.resolve() / path.name if output.is_dir() else output.resolve()
    else:
        RunFolder(Path(request.run)).check_inside(path)
    _check_output(path)
    return msgspec.structs.replace(request, output=str(path))


def _check_output(path: Path) -> None:
    """Raise `UsageError` if the file can't be written, or is another's: minutes before it would be."""
    if path.exists():
        try:
            read_header(path)
        except RolloutError as error:
            raise UsageError(f"expected a new file or a rollout to replace, got {path}") from error
    elif path.suffix != SUFFIX:
        raise UsageError(f"expected a name that ends in {SUFFIX}, got {path.name}")
    folder = next(parent for parent in path.parents if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise UsageError(f"{path} can't be written: no permission in {folder}; choose another --output")


def _numbers(text: str) -> list[float]:
    """Return the finite numbers in a list with commas; empty if it has anything else."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []
