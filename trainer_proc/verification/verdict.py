"""Decides whether a suite's result verifies a bundle, and says why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trainer_proc.contract.bundle.description import Command
from trainer_proc.contract.bundle.gate import DISTURBANCES, SUCCESS_GROUPS, Group, velocity_of
from trainer_proc.contract.bundle.verification import SUCCESS, SURVIVED, CellResult, SuiteResult, Thresholds
from trainer_proc.contract.statistics import wilson

_MOST_CELLS = 3
"""Cells that are named in one line."""


def problems_of(result: SuiteResult, thresholds: Thresholds) -> list[str]:
    """Return which shares are below `min_success`, one line each."""
    nominal = [one for one in result.cells if one.cell.group in SUCCESS_GROUPS]
    lines = [_problem("nominal conditions", nominal, SUCCESS, "successful", thresholds)]
    for group in _groups(result.cells):
        cells = [one for one in result.cells if one.cell.group == group]
        if group in DISTURBANCES:
            lines.append(_problem(DISTURBANCES[group], cells, SURVIVED, "without a fall", thresholds))
    return [line for line in lines if line]


def walking_text(result: SuiteResult, command: Command) -> str:
    """Return the success of the commands that ask for a walk, so those with a linear velocity; empty without any."""
    walks = [
        one for one in result.cells if one.cell.group == "commands" and any(velocity_of(command, one.cell.command)[:2])
    ]
    values = [value or 0.0 for one in walks for value in one.values[SUCCESS]]
    if not values:
        return ""
    low, high = wilson(sum(values), len(values))
    share = sum(values) / len(values)
    return f"walking: {share:.0%} of {len(values)} episodes successful ({low:.0%} to {high:.0%})"


def _problem(title: str, cells: Sequence[CellResult], measure: str, what: str, thresholds: Thresholds) -> str:
    values = [value or 0.0 for one in cells for value in one.values[measure]]
    good, count = sum(values), len(values)
    if not count or good >= thresholds.min_success * count - 1e-9:
        return ""
    low, high = wilson(good, count)
    interval = f"{low:.0%} to {high:.0%}"
    return (
        f"{title}: expected {thresholds.min_success:.0%} of episodes {what}, "
        f"got {good / count:.0%} ({interval}, {good:.0f} of {count}): {_worst(cells, measure)}"
    )


def _worst(cells: Sequence[CellResult], measure: str) -> str:
    """Return the names of the cells with the lowest shares."""
    failed = [one for one in cells if any(not value for value in one.values[measure])]
    failed.sort(key=lambda one: sum(value or 0.0 for value in one.values[measure]) / one.cell.episodes)
    more = len(failed) - _MOST_CELLS
    return "; ".join(one.cell.name for one in failed[:_MOST_CELLS]) + (f"; {more} more" if more > 0 else "")


def _groups(cells: Iterable[CellResult]) -> Iterator[Group]:
    yield from dict.fromkeys(one.cell.group for one in cells)
