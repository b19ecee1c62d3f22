"""The request to record a rollout and its result; `python -m trainer_proc.rollouts` is a `worker`."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from trainer_proc.contract.rollout import SUFFIX, Push
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Worker

LONGEST_SECONDS = 600.0


class RolloutRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to record, and how."""

    run: str
    """Absolute path of the run's folder."""
    policy: str
    """Absolute path of a checkpoint, or of an exported policy (`policy.onnx`)."""
    output: str = ""
    """Absolute path of the rollout; empty for `default_file`."""
    seconds: float = 10.0
    """Simulated time, up to `LONGEST_SECONDS`."""
    command: tuple[float, ...] = ()
    """Velocity to hold: forward, lateral (m/s), yaw (rad/s); empty for the task's own commands."""
    pushes: tuple[Push, ...] = ()
    """With pushes, the task's own are left out."""
    terrain: str = ""
    """Terrain type and level on which episodes begin, `stairs:4`; empty for those of the first environment."""
    seed: int = 0
    device: str = "cpu"
    """`cpu` or `cuda:N`."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A rollout that was recorded."""

    path: str
    iteration: int | None
    """Iteration of the policy, None if unknown."""
    seconds: float
    states: int
    size: int
    """Bytes of the file."""
    endings: dict[str, int] = {}
    """How often each termination ended an episode."""
    falls: int = 0
    """Episodes that ended otherwise than by time-out."""
    reward: float | None = None
    """Mean weighted reward per second; None for a task without reward terms."""
    velocity_error: float | None = None
    """Mean distance of the velocity from the command in the plane (m/s); None without a velocity command."""
    notes: tuple[str, ...] = ()


ROLLOUT = Worker("trainer_proc.rollouts", "rollout", Recorded)


def default_file(request: RolloutRequest) -> Path:
    """Return `rollouts/<policy>….rollout` in the run's folder; the name has what differs from the defaults."""
    parts = [Path(request.policy).stem]
    if request.command:
        parts.append("command_" + "_".join(f"{value:g}" for value in request.command))
    parts += [f"push_{push.at:g}_{push.forward:g}_{push.lateral:g}" for push in request.pushes]
    if request.terrain:
        parts.append("terrain_" + re.sub(r"\W", "_", request.terrain))
    if request.seed:
        parts.append(f"seed_{request.seed}")
    return RunFolder(Path(request.run)).rollouts / ("_".join(parts) + SUFFIX)
