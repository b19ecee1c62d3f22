"""The transfer gap: the same episodes in MuJoCo and in the training simulator, compared pair by pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainer_proc.contract.bundle.card import REFERENCE, PolicyCard
from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import (
    ERRORS,
    SUCCESS,
    SURVIVED,
    TRACKING_ERRORS,
    CellResult,
    Gap,
    SuiteResult,
    Thresholds,
    VerificationError,
    read_suite_result,
)
from trainer_proc.contract.statistics import compare

UNKNOWN = "the transfer gap is unknown"


def read_reference(folder: Path, card: PolicyCard, result: SuiteResult) -> tuple[SuiteResult | None, str]:
    """Return the reference of a bundle; None with a note that says why there is none to compare `result` with."""
    path = folder / REFERENCE
    if not path.exists():
        return None, f"no {REFERENCE}: {UNKNOWN}; verify the run where its simulator is installed"
    try:
        reference = read_suite_result(path)
    except VerificationError as error:
        return None, f"{error}: {UNKNOWN}"
    if (reference.run, reference.iteration) != (card.run, card.iteration):
        found = f"{reference.run} at {reference.iteration}"
        return None, f"{REFERENCE} is of {found}, not of this policy: {UNKNOWN}; verify the run again"
    if not list(pairs_of(result.cells, reference.cells)):
        return None, f"{REFERENCE} has none of these episodes: {UNKNOWN}; verify the run with --level {result.level}"
    return reference, ""


def gaps_of(result: SuiteResult, reference: SuiteResult) -> tuple[Gap, ...]:
    """Return the gap of success, of survival and of each tracking error, as far as both have them.

    Success and errors are those of nominal conditions, survival is that of all episodes.
    """
    pairs = list(pairs_of(result.cells, reference.cells))
    nominal = [pair for pair in pairs if pair[0].cell.group in SUCCESS_GROUPS]
    found = [
        _gap(SUCCESS, nominal, is_share=True),
        _gap(SURVIVED, pairs, is_share=True),
        *(_gap(name, nominal) for name in (*ERRORS, *TRACKING_ERRORS)),
    ]
    return tuple(gap for gap in found if gap is not None)


def gap_problems(gaps: Sequence[Gap], thresholds: Thresholds) -> list[str]:
    """Return a line if more success is lost than allowed."""
    return [
        f"transfer gap: expected at most {thresholds.max_gap:.0%} less success in MuJoCo than in the training's "
        f"simulator, got {-gap.value:.0%}{_interval(gap)} over {gap.episodes} episodes"
        for gap in gaps
        if gap.measure == SUCCESS and -gap.value > thresholds.max_gap + 1e-9
    ]


def _interval(gap: Gap) -> str:
    return "" if gap.low is None or gap.high is None else f" ({-gap.high:.0%} to {-gap.low:.0%})"


def pairs_of(cells: Sequence[CellResult], others: Sequence[CellResult]) -> Iterator[tuple[CellResult, CellResult]]:
    """Yield cells that both simulators have played under the same conditions."""
    by_name = {one.cell.name: one for one in others}
    for one in cells:
        other = by_name.get(one.cell.name)
        if other is not None and other.cell == one.cell:
            yield one, other


def _gap(measure: str, pairs: Sequence[tuple[CellResult, CellResult]], *, is_share: bool = False) -> Gap | None:
    values = [
        (here, there)
        for one, other in pairs
        for here, there in zip(one.values.get(measure, ()), other.values.get(measure, ()), strict=False)
        if here is not None and there is not None
    ]
    found = compare([here for here, _ in values], [there for _, there in values], is_share=is_share)
    if found is None:
        return None
    low, high = (end if math.isfinite(end) else None for end in (found.low, found.high))
    return Gap(measure=measure, value=found.difference, low=low, high=high, episodes=found.count)
