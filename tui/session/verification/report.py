"""A verification as text for a terminal, and as a record for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import (
    ERRORS,
    SUCCESS,
    SURVIVED,
    TRACKING_ERRORS,
    Gap,
    GroupResult,
    Mean,
    SuiteResult,
    Verification,
)
from tui.session.numbers import UNKNOWN, rough_duration
from tui.session.text import plain

_ERROR_HEADS = ("error: forward, m/s", "lateral", "yaw, rad/s")
_TRACKING_HEADS = ("error: joints, rad", "anchor, rad")
_GAP = "  "
_MEASURES = {
    SUCCESS: "success",
    SURVIVED: "no fall",
    **dict(zip(ERRORS, ("forward error, m/s", "lateral error, m/s", "yaw error, rad/s"), strict=True)),
}
"""Names of the measures of a gap, as in the head of the table."""


def report_text(bundle: Path, found: Verification) -> str:
    """Return the verdict, a table of the groups, and everything that a reader must know."""
    return "\n".join(map(plain, _lines(bundle, found)))


def report_record(bundle: Path, found: Verification) -> dict[str, Any]:
    """Return the verification with its bundle's folder, for scripts."""
    record: dict[str, Any] = msgspec.to_builtins(found)
    return {"bundle": str(bundle), **record}


def verdict_text(found: Verification) -> str:
    """Return whether a bundle is verified and how well, or why not, in one line."""
    if found.verified:
        shares = (one.means[SUCCESS].value * one.episodes for one in found.groups if one.group in SUCCESS_GROUPS)
        episodes = sum(one.episodes for one in found.groups if one.group in SUCCESS_GROUPS)
        return f"verified in MuJoCo ({found.result.level}): {sum(shares) / episodes:.0%} of episodes successful"
    first, *others = (*found.faults, *found.problems)
    return f"not verified: {first}" + (f"; {len(others)} more, see the report" if others else "")


def _lines(bundle: Path, found: Verification) -> Iterator[str]:
    yield f"{bundle}: {'verified' if found.verified else 'not verified'}"
    yield _facts(found.result)
    yield from _columns(_table(found.groups))
    yield from (f"  {_gap_text(one)}" for one in found.gap)
    yield from (f"  fault: {line}" for line in found.faults)
    yield from (f"  {line}" for line in (*found.problems, *found.notes))


def _facts(result: SuiteResult) -> str:
    episodes = sum(one.cell.episodes for one in result.cells)
    version = result.versions.get(result.simulator, "")
    simulator = f"{result.simulator} {version}".rstrip()
    return f"{result.level}: {episodes} episodes in {simulator}, took {rough_duration(result.seconds)}; 95 % intervals"


def _table(groups: Sequence[GroupResult]) -> list[tuple[str, ...]]:
    is_tracking = any(name in group.means for group in groups for name in TRACKING_ERRORS)
    names, heads = (TRACKING_ERRORS, _TRACKING_HEADS) if is_tracking else (ERRORS, _ERROR_HEADS)
    head = ("", "episodes", "success, %", "no fall, %", *heads, "torque limit, %")
    return [head, *(_row(group, names) for group in groups)]


def _row(group: GroupResult, names: Sequence[str]) -> tuple[str, ...]:
    means = group.means
    # what follows a disturbance need not be a success
    success = _share(means.get(SUCCESS)) if group.group in SUCCESS_GROUPS else UNKNOWN
    errors = (_number(means.get(name)) for name in names)
    return (
        group.group,
        str(group.episodes),
        success,
        _share(means.get(SURVIVED)),
        *errors,
        _share(means.get("torque_saturation"), with_interval=False),
    )


def _share(mean: Mean | None, *, with_interval: bool = True) -> str:
    if mean is None:
        return UNKNOWN
    ends = ""
    if with_interval and mean.low is not None and mean.high is not None:
        ends = f" ({100 * mean.low:.0f} to {100 * mean.high:.0f})"
    return f"{100 * mean.value:.0f}{ends}"


def _number(mean: Mean | None) -> str:
    return UNKNOWN if mean is None else f"{mean.value:.3f}"


def _gap_text(gap: Gap) -> str:
    ends = "" if gap.low is None or gap.high is None else f" ({_signed(gap.low)} to {_signed(gap.high)})"
    measure = _MEASURES.get(gap.measure, gap.measure)
    return f"transfer gap, {measure}: {_signed(gap.value)}{ends} over {gap.episodes} pairs of episodes"


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}"  # without the sign of a rounded 0


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + _GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
