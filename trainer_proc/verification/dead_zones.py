"""Commands that a robot hardly follows, as `evaluate`'s suite `commands` finds them."""

from __future__ import annotations

from collections.abc import Iterator

from trainer_proc.contract.bundle.description import Command
from trainer_proc.contract.bundle.gate import VELOCITY_UNITS, velocity_of
from trainer_proc.contract.bundle.verification import VELOCITIES, SuiteResult
from trainer_proc.contract.evaluation import DEAD_ZONE


def dead_zones(result: SuiteResult, command: Command) -> Iterator[str]:
    """Yield a line for each part of the command with a dead zone: what was commanded alone, and what was reached."""
    for number, (name, unit) in enumerate(zip(VELOCITIES, VELOCITY_UNITS, strict=True)):
        found = []
        for one in result.cells:
            if one.cell.group != "commands":
                continue
            wanted = velocity_of(command, one.cell.command)
            reached = [value for value in one.values.get(name, ()) if value is not None]
            if not wanted[number] or not reached or any(value for at, value in enumerate(wanted) if at != number):
                continue
            mean = sum(reached) / len(reached)
            if mean / wanted[number] < DEAD_ZONE:
                found.append(f"{wanted[number]:g} gives {round(mean, 2) + 0.0:.2f}")
        if found:
            yield f"dead zone, {name.removeprefix('velocity/')} ({unit}): {', '.join(found)}"
