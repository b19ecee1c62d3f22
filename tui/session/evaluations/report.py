"""Evaluations as text for a terminal: policies side by side with their intervals, and the test against the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from trainer_proc.contract.evaluation import Evaluation, Measure
from tui.session.evaluations.comparison import comparison_lines
from tui.session.evaluations.measured import estimate_of, measured, scale_for, titled
from tui.session.evaluations.paired import differing_conditions
from tui.session.numbers import UNKNOWN
from tui.session.text import plain

_GAP = "  "


def report_text(evaluations: Sequence[Evaluation]) -> str:
    """Return one table a suite; `evaluations` of a suite follow one another."""
    suites = (list(found) for _, found in groupby(evaluations, key=lambda one: one.suite))
    return "\n\n".join("\n".join(map(plain, _suite_lines(found))) for found in suites)


def report_record(evaluations: Sequence[Evaluation], missed: Sequence[str]) -> dict[str, Any]:
    """Return the evaluations with means, intervals and tests for scripts."""
    return {
        "evaluations": [_record(one) for one in evaluations],
        "missed": list(missed),
    }


def _suite_lines(evaluations: Sequence[Evaluation]) -> Iterator[str]:
    first = evaluations[0]
    episodes = sum(cell.episodes for cell in first.cells)
    in_cells = f" in {len(first.cells)} cells" if len(first.cells) > 1 else ""
    yield f"{first.suite}: {episodes} episodes{in_cells}, {first.device}, seed {first.seed}; 95 % intervals"
    yield from _columns(_table(evaluations))
    for one in evaluations:
        name = f"{_name(one, evaluations)}: " if len(evaluations) > 1 else ""
        yield from (f"  {name}{note}" for note in one.notes)
    for other in evaluations[1:]:
        yield f"  {_name(other, evaluations)} against {_name(first, evaluations)}"
        if differing := differing_conditions(other, first):
            yield f"    not comparable, other {', '.join(differing)}: add --conditions CHECKPOINT, and the same seed"
        else:
            yield from (f"    {line}" for line in comparison_lines(other, first))


def _table(evaluations: Sequence[Evaluation]) -> list[list[str]]:
    names: dict[str, Measure] = {measure.name: measure for one in evaluations for measure in measured(one)}
    head = ["", *(_name(one, evaluations) for one in evaluations)]
    rows = [head] if len(evaluations) > 1 else []
    for measure in names.values():
        estimates = [estimate_of(one, measure) for one in evaluations]
        values = [one.value for one in estimates if one is not None]
        scale = scale_for(evaluations[0], measure, values)
        row = [titled(measure, scale.unit)]
        for one in estimates:
            ends = "" if one is None or math.isnan(one.low) else f" ({scale.text(one.low)} to {scale.text(one.high)})"
            row.append(UNKNOWN if one is None else scale.text(one.value) + ends)
        rows.append(row)
    return rows


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + _GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _name(evaluation: Evaluation, among: Sequence[Evaluation]) -> str:
    several_runs = len({one.run for one in among}) > 1
    return f"{evaluation.run}/{evaluation.checkpoint}" if several_runs else evaluation.checkpoint


def _record(evaluation: Evaluation) -> dict[str, Any]:
    found = {measure.name: estimate_of(evaluation, measure) for measure in measured(evaluation)}
    means = {
        name: {"mean": one.value, "low": _finite(one.low), "high": _finite(one.high), "episodes": one.count}
        for name, one in found.items()
        if one is not None
    }
    record: dict[str, Any] = msgspec.to_builtins(evaluation)
    return {"means": means, **record}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
