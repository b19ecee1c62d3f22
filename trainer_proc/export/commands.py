"""Describe what the policy is asked for, with the ranges that its commands are sampled from.

Knobs, curricula and tasks change the ranges during a training. So checkpoints keep those in force, and an export takes
them from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from trainer_proc.contract.bundle.description import Command, CommandPart
from trainer_proc.contract.bundle.gate import VELOCITY_PARTS, VELOCITY_UNITS
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.simulators.interface import Simulator
from trainer_proc.steering.state import from_infos

RANGES_KEY = "humanoid_tui_commands"
"""Key of the ranges in the `infos` of a checkpoint: lowest and highest value by command and part."""


def describe_commands(env: Any, simulator: Simulator | None) -> list[Command]:
    """Return the commands of an environment's manager; none without one.

    Ranges are those of the configuration in use, which knobs and the task's own curriculum change.
    """
    manager = getattr(env, "command_manager", None)
    return [] if manager is None else [_describe(name, manager.get_term(name), simulator) for name in _names(manager)]


def command_infos(env: Any) -> dict[str, Any]:
    """Return the `infos` of a checkpoint with the ranges in force; `env` may be wrapped."""
    commands = describe_commands(unwrapped(env), None)
    ranges = {one.name: {part.name: [part.low, part.high] for part in one.parts} for one in commands if one.parts}
    return {RANGES_KEY: ranges} if ranges else {}


def with_ranges(commands: Sequence[Command], infos: dict[str, Any]) -> list[Command]:
    """Return commands with the ranges in the `infos` of a checkpoint.

    Those of older versions have changed knobs only, so other ranges stay as they were when the policy was described.
    """
    kept = infos.get(RANGES_KEY)
    if isinstance(kept, dict):
        ranges = {f"{name}/{part}": ends for name, parts in kept.items() for part, ends in parts.items()}
    else:
        ranges = {name.removeprefix("command/"): value for name, value in _changed_knobs(infos).items()}
    return [
        msgspec.structs.replace(
            one, parts=[_with_range(part, ranges.get(f"{one.name}/{part.name}")) for part in one.parts]
        )
        for one in commands
    ]


def _changed_knobs(infos: dict[str, Any]) -> dict[str, Any]:
    try:
        state = from_infos(infos)
    except msgspec.ValidationError:  # of another version
        return {}
    return {} if state is None else dict(state.values)


def _with_range(part: CommandPart, ends: Any) -> CommandPart:
    if not isinstance(ends, list | tuple):
        return part
    low, high = float(ends[0]), float(ends[-1])
    return msgspec.structs.replace(part, low=low, high=high)


def _names(manager: Any) -> list[str]:
    return list(getattr(manager, "active_terms", ()))


def _describe(name: str, term: Any, simulator: Simulator | None) -> Command:
    cfg = getattr(term, "cfg", None)
    kinds = {kind.__name__ for kind in type(term).__mro__}
    if "UniformVelocityCommand" in kinds:
        asset = getattr(cfg, "entity_name", getattr(cfg, "asset_name", ""))
        return Command(
            name,
            "velocity",
            parts=_velocity_parts(cfg),
            heading=bool(getattr(cfg, "heading_command", False)),
            body=simulator.base_body(asset) if simulator is not None and asset else "",
        )
    if "MotionCommand" in kinds:
        bodies = [str(body) for body in getattr(cfg, "body_names", ())]
        frames = int(getattr(getattr(term, "motion", None), "time_step_total", 0))
        return Command(name, "motion", body=str(getattr(cfg, "anchor_body_name", "")), bodies=bodies, frames=frames)
    return Command(name, "other")


def _velocity_parts(cfg: Any) -> list[CommandPart]:
    """Return the parts with their ranges; none if the command samples in another way, such as from a normal one."""
    ranges = getattr(cfg, "trained_ranges", None) or getattr(cfg, "ranges", None)
    found = {name: getattr(ranges, name, None) for name in VELOCITY_PARTS}  # both libraries call them so
    known = {name: ends for name, ends in found.items() if isinstance(ends, list | tuple) and len(ends) == 2}
    if len(known) < len(VELOCITY_PARTS):
        return []
    units = dict(zip(VELOCITY_PARTS, VELOCITY_UNITS, strict=True))
    return [CommandPart(name, units[name], float(low), float(high)) for name, (low, high) in known.items()]
