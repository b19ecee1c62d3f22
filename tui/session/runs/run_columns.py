"""The rows of the list of runs as text, fitted to the width that there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tui.session.numbers import duration, number
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.journal_summary import spread_points
from tui.session.runs.names import fitted_name
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunOrder
from tui.session.sparkline import sparkline
from tui.session.status_text import STATUS_SIGNS
from tui.session.text import plain, shortened_name

CHOSEN_SIGN = "✓"
LABELS = {
    "chosen": "",
    "status": "status",
    "iteration": "iteration",
    "reward": "reward",
    "curve": "so far",
    "success": "success",
    "time": "time",
    "preset": "preset",
    "run": "run",
}
"""Columns from left to right, and what is written above them."""
ORDER_OF: dict[str, RunOrder] = {
    "status": "status",
    "iteration": "iteration",
    "reward": "reward",
    "curve": "reward",
    "success": "success",
    "time": "duration",
    "preset": "preset",
    "run": "name",
}
"""What a click on a column's label orders by; a click on `run` goes on to the newest."""
RIGHT_ALIGNED = ("reward", "success", "time")
GAP = 2
_ROOMY, _VERY_ROOMY = 110, 160
"""Widths from which on there is more to see."""
_SHORTEST_NAME, _LONGEST_PRESET = 17, 16


def fit_columns(summaries: Sequence[RunSummary], width: int) -> dict[str, int]:
    """Return the columns that fit in `width` cells, and how wide each is without the gap beside it."""
    widths = {"chosen": 1, "status": 12, "iteration": 9, "reward": 9, "curve": 8, "success": 7}
    widths["iteration"] = max([9, *(len(_iteration(summary)) for summary in summaries)])
    if width >= _ROOMY:
        presets = (len(summary.spec.preset) for summary in summaries if summary.spec is not None)
        widths |= {"curve": 13, "time": 10, "preset": min(max([6, *presets]), _LONGEST_PRESET)}
    if width >= _VERY_ROOMY:
        widths["curve"] = 30
    rest = width - sum(widths.values()) - GAP * (len(widths) + 1)
    if rest < _SHORTEST_NAME:
        rest += widths.pop("success") + GAP
    return {**widths, "run": max(rest, _SHORTEST_NAME)}


def run_cells(summary: RunSummary, widths: dict[str, int], chosen: Collection[Path]) -> tuple[str, ...]:
    """Return a row, a cell for each column of `widths`."""
    cells = {
        "chosen": CHOSEN_SIGN if summary.folder.path in chosen else "",
        "status": f"{STATUS_SIGNS[summary.status]} {summary.status if summary.spec is not None else 'unreadable'}",
        "run": fitted_name(plain(summary.folder.name), widths["run"]),
    }
    if summary.spec is not None:
        cells |= {
            "iteration": _iteration(summary),
            "reward": number(summary.reward),
            "curve": sparkline([value for _, value in spread_points(summary.rewards, widths["curve"])]),
            "success": success_text(summary.success),
            "time": duration(summary.seconds) if summary.seconds else "–",
            "preset": shortened_name(plain(summary.spec.preset), widths.get("preset", 1)),
        }
    return tuple(cells.get(column, "") for column in widths)


def run_details(summary: RunSummary) -> str:
    """Return in one line what has no column: the whole name, where it came from, the task; or what is wrong."""
    if summary.spec is None:
        return plain(" ".join(summary.problem.replace(f"{summary.folder.path}/", "").split()))
    spec = summary.spec
    parts = (
        summary.folder.name,
        origin_of(spec),
        spec.preset,
        spec.task,
        f"{spec.num_envs} environments on {spec.device}",
    )
    return plain("  ".join(part for part in parts if part))


def counted(summaries: Sequence[RunSummary], shown: int, live: int, chosen: int) -> str:
    """Return how many runs there are, live, shown and chosen, in a few words."""
    parts = [f"{len(summaries)} run{'' if len(summaries) == 1 else 's'}"]
    if shown < len(summaries):
        parts[0] = f"{shown} of {len(summaries)} runs"
    parts += [f"{live} live"] * bool(live) + [f"{chosen} chosen"] * bool(chosen)
    return ", ".join(parts)


def success_text(share: float | None) -> str:
    """Return a success rate (0 to 1) in percent."""
    return "–" if share is None else f"{share:.0%}" if 0 <= share <= 1 else number(share)


def _iteration(summary: RunSummary) -> str:
    done = 0 if summary.iteration is None else summary.iteration + 1
    return f"{done} of {summary.iterations}" if summary.spec is not None else ""
