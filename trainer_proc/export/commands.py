"""Describe what the policy is asked for, with the ranges that its commands are sampled from now."""

from __future__ import annotations

from typing import Any

from trainer_proc.contract.bundle.description import Command, CommandPart
from trainer_proc.simulators.interface import Simulator

VELOCITY_PARTS = {"lin_vel_x": "m/s", "lin_vel_y": "m/s", "ang_vel_z": "rad/s"}
"""Names of a velocity command's numbers in both libraries' configurations, in the order of the observation."""


def describe_commands(env: Any, simulator: Simulator | None) -> list[Command]:
    """Return the commands of an environment's manager; none without one.

    Ranges are those of the configuration in use, which knobs and the task's own curriculum change.
    """
    manager = getattr(env, "command_manager", None)
    return [] if manager is None else [_describe(name, manager.get_term(name), simulator) for name in _names(manager)]


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
        return Command(name, "motion", body=str(getattr(cfg, "anchor_body_name", "")), bodies=bodies)
    return Command(name, "other")


def _velocity_parts(cfg: Any) -> list[CommandPart]:
    """Return the parts with their ranges; none if the command samples in another way, such as from a normal one."""
    ranges = getattr(cfg, "trained_ranges", None) or getattr(cfg, "ranges", None)
    found = {name: getattr(ranges, name, None) for name in VELOCITY_PARTS}
    if any(ends is None for ends in found.values()):
        return []
    return [
        CommandPart(name, unit, float(found[name][0]), float(found[name][1]))  # type: ignore[index]
        for name, unit in VELOCITY_PARTS.items()
    ]
