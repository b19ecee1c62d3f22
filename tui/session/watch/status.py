"""Texts about watched runs for the top lines of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.session.numbers import number
from tui.session.watch.log_folder import LogFolder
from tui.session.watch.watched_run import WatchedRun

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Status:
    """One line; `is_quiet`: no run has logged for far longer than usual. `is_problem`: reading fails."""

    text: str
    is_quiet: bool = False
    is_problem: bool = False


def title(folder: Path, found: LogFolder, chosen: Sequence[str]) -> str:
    """Return the watched folder and the number of runs."""
    runs = {run.name: run for run in found.runs}
    parts = [f"watching {_shown(folder)}"]
    if len(chosen) == 1 and chosen[0] in runs:
        files = len(runs[chosen[0]].files)
        if len(runs) > 1:
            parts.append(chosen[0])
        parts.append(f"{files} file{'s' * (files != 1)}")
    if len(runs) > 1:
        parts.append(f"{len(chosen)} of {len(runs)} runs")
    return "  ".join(parts)


def waiting(folder: Path, found: LogFolder) -> str:
    """Return the text shown while there are no runs."""
    if found.problems:
        return "\n".join(found.problems)
    if not folder.exists():
        return f"waiting for {_shown(folder)}: it does not exist yet"
    return f"waiting for event files in {_shown(folder)}"


def status(runs: Sequence[WatchedRun], now: float) -> Status:
    """Return the status at `now` (seconds since 1970); of several runs, that of the last to log."""
    problems = [problem for run in runs for problem in run.problems]
    started = [run for run in runs if run.newest_time is not None]
    parts = []
    is_quiet = False
    if started:
        newest = max(started, key=lambda run: run.newest_time or 0.0)
        silence = now - (newest.newest_time or 0.0)
        is_quiet = newest.is_quiet(now)
        whose = f"{newest.name}: " if len(runs) > 1 else ""
        parts.append(f"{whose}step {newest.newest_step:,}")
        if newest.steps_per_second is not None:
            parts.append(f"{number(newest.steps_per_second)} steps/s")
        parts.append(_last_point(newest, silence, is_quiet))
    unread = [run for run in runs if run.bytes_read < run.size]
    if unread:
        share = sum(run.bytes_read for run in unread) / sum(run.size for run in unread)
        parts.append(f"reading, {share:.0%}")
    parts += problems[:1] + [f"{len(problems) - 1} more problems"] * (len(problems) > 1)
    nothing = "no points logged yet" if all(run.is_begun for run in runs) else "reading"
    return Status("  ".join(parts) or nothing, is_quiet, bool(problems))


def ago(seconds: float) -> str:
    """Return an age in one unit: "0.2 s", "4 s", "12 min", "3 h", "2 days"."""
    if 0 < seconds < 1:
        return f"{seconds:.1g} s"
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"


def _shown(folder: Path) -> str:
    here, whole = Path.cwd(), folder.absolute()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) and whole != here else str(whole)


def _last_point(run: WatchedRun, silence: float, is_quiet: bool) -> str:
    if not is_quiet:
        return f"● last point {ago(max(silence, 0) // 1)} ago"
    if silence > _DAY:
        return f"○ ended {ago(silence)} ago"
    usual = f" (usually {ago(run.usual_interval)})" if run.usual_interval else ""
    return f"○ quiet for {ago(silence // 1)}{usual}: ended or stalled"
