"""Columns of the list of runs: one entry of `COLUMNS` each, fitted to the width of the table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.session.numbers import duration, number
from tui.session.remedies import remedy_for
from tui.session.runs.checkpoints import origin_of
from tui.session.runs.journal_summary import spread_points
from tui.session.runs.labels import Labels
from tui.session.runs.names import fitted_name, own_name, short_date
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunOrder
from tui.session.sparkline import sparkline
from tui.session.status_text import STATUS_SIGNS
from tui.session.text import plain, shortened, shortened_name

CHOSEN_SIGN, STAR_SIGN, ARCHIVED_SIGN = "✓", "★", "▫"
GAP = 2
_ROOMY, _VERY_ROOMY = 110, 160
"""Table widths, in cells, from which columns are added or widened."""
_SHORTEST_NAME, _LONGEST_PRESET = 17, 16
_SHORTEST_REASON = 20
_LONGEST_HOST = 16
_OF_ANY_RUN = ("status", "host", "run")
"""Columns of an unreadable run."""


@dataclass(frozen=True)
class RunColumn:
    """A column of the list of runs.

    `width(runs, room)` returns its width in cells in a table of `room` cells, 0 to hide it. `cell(run, width)` returns
    its text for a readable run. `order` is the sort order of a click on its label. A column with `may_go` is hidden
    first where names do not fit.
    """

    key: str
    label: str
    width: Callable[[Sequence[RunSummary], int], int]
    cell: Callable[[RunSummary, int], str]
    order: RunOrder | None = None
    is_right_aligned: bool = False
    may_go: bool = False


def fit_columns(summaries: Sequence[RunSummary], width: int) -> dict[str, int]:
    """Return the columns that fit in `width` cells, with their widths without gaps."""
    widths = {column.key: cells for column in COLUMNS if (cells := column.width(summaries, width))}
    name = COLUMNS[-1].key
    rest = width - sum(widths.values()) + widths[name] - GAP * (len(widths))
    for column in COLUMNS:
        if column.may_go and rest < _SHORTEST_NAME:
            rest += widths.pop(column.key, -GAP) + GAP
    return widths | {name: max(rest, _SHORTEST_NAME)}


def run_cells(summary: RunSummary, widths: dict[str, int], chosen: Collection[Path]) -> tuple[str, ...]:
    """Return a row, a cell for each column of `widths`."""
    filled = [one for one in COLUMNS if one.key in widths and (summary.spec is not None or one.key in _OF_ANY_RUN)]
    cells = {column.key: column.cell(summary, widths[column.key]) for column in filled}
    cells["chosen"] = CHOSEN_SIGN if summary.folder.path in chosen else ""
    return tuple(cells.get(column, "") for column in widths)


def run_details(summary: RunSummary) -> str:
    """Return one line without columns: name, why it failed, damage, origin, preset, task, device; or the problem."""
    if summary.spec is None:
        return _in_short(summary, summary.problem)
    spec = summary.spec
    remedy = remedy_for(spec.num_envs, summary.reason, {})
    parts = (
        summary.folder.name,
        label_text(summary.labels),
        _in_short(summary, summary.labels_problem),
        summary.reason and f"failed: {summary.reason}",
        summary.warning,
        remedy and f"remedy (C): {remedy.text}",
        summary.damage,
        origin_of(spec),
        spec.preset,
        spec.task,
        f"{spec.num_envs} environments on {spec.device}",
        summary.labels.note,
    )
    return plain("  ".join(part for part in parts if part))


def label_text(labels: Labels) -> str:
    """Return star, title, tags and whether the run is archived, in one line; the note is left out."""
    parts = (STAR_SIGN * labels.starred, labels.title, labels.tags_text, "archived" * labels.archived)
    return " ".join(part for part in parts if part)


def counted(summaries: Sequence[RunSummary], shown: int, *, live: int, chosen: int, archived: int) -> str:
    """Return the numbers of runs: all that may be listed, shown, live, chosen, and left out as archived."""
    parts = [f"{len(summaries)} run{'' if len(summaries) == 1 else 's'}"]
    if shown < len(summaries):
        parts[0] = f"{shown} of {len(summaries)} runs"
    parts += [f"{live} live"] * bool(live) + [f"{chosen} chosen"] * bool(chosen)
    parts += [f"{archived} archived"] * bool(archived)
    return ", ".join(parts)


def success_text(share: float | None) -> str:
    """Return a success rate (0 to 1) in percent."""
    return "–" if share is None else f"{share:.0%}" if 0 <= share <= 1 else number(share)


def _iteration(summary: RunSummary, width: int = 0) -> str:
    done = 0 if summary.iteration is None else summary.iteration + 1
    return f"{done} of {summary.iterations}" if summary.spec is not None else ""


def _iteration_width(summaries: Sequence[RunSummary], room: int) -> int:
    return max([9, *(len(_iteration(summary)) for summary in summaries)])


def _status(summary: RunSummary, width: int) -> str:
    return f"{STATUS_SIGNS[summary.status]} {summary.status if summary.spec is not None else 'unreadable'}"


def _curve(summary: RunSummary, width: int) -> str:
    return sparkline([value for _, value in spread_points(summary.rewards, width)])


def _preset(summary: RunSummary, width: int) -> str:
    return "" if summary.spec is None else shortened_name(plain(summary.spec.preset), width)


def _preset_width(summaries: Sequence[RunSummary], room: int) -> int:
    presets = (len(summary.spec.preset) for summary in summaries if summary.spec is not None)
    return min(max([6, *presets]), _LONGEST_PRESET) if room >= _ROOMY else 0


def _host(summary: RunSummary, width: int = _LONGEST_HOST) -> str:
    return "" if summary.origin is None else shortened(plain(summary.origin.host), width)


def _host_width(summaries: Sequence[RunSummary], room: int) -> int:
    longest = _LONGEST_HOST if room >= _ROOMY else _LONGEST_HOST // 2
    return max([0, *(len(_host(summary, longest)) for summary in summaries)])


def _fixed(width: int, roomy: int | None = None, very_roomy: int | None = None) -> Callable[..., int]:
    """Return a width that depends on the table's width only."""
    in_roomy = width if roomy is None else roomy
    in_very_roomy = in_roomy if very_roomy is None else very_roomy
    return lambda _, room: in_very_roomy if room >= _VERY_ROOMY else in_roomy if room >= _ROOMY else width


def _reward(summary: RunSummary, width: int) -> str:
    return number(summary.reward)


def _success(summary: RunSummary, width: int) -> str:
    return success_text(summary.success)


def _time(summary: RunSummary, width: int) -> str:
    return duration(summary.seconds) if summary.seconds else "–"


def _name(summary: RunSummary, width: int) -> str:
    """Return signs and title or name, and behind it tags and why the run failed, as far as there is room."""
    labels = summary.labels
    signs = f"{ARCHIVED_SIGN} " * labels.archived + f"{STAR_SIGN} " * labels.starred
    name, title = plain(summary.folder.name), plain(labels.title)
    tags = plain(labels.tags_text)
    reason = plain(summary.reason or summary.warning)
    forms = [title] if title else [name, short_date(name), own_name(name)]
    shown = next((form for form in forms if tags and len(signs + form + tags) + GAP <= width), forms[0])
    behind = (" " * GAP).join(part for part in (tags, reason) if part)
    room = width - len(signs + shown) - GAP
    if behind and room >= min(_SHORTEST_REASON, len(tags) or _SHORTEST_REASON):
        return f"{signs}{shown}{' ' * GAP}{shortened(behind, room)}"
    return signs + (shortened(title, width - len(signs)) if title else fitted_name(name, width - len(signs)))


def _in_short(summary: RunSummary, problem: str) -> str:
    """Return a problem in one line, with paths below the run's folder."""
    return plain(" ".join(problem.replace(f"{summary.folder.path}/", "").split()))


COLUMNS = (
    RunColumn("chosen", "", _fixed(1), lambda run, width: ""),
    RunColumn("status", "status", _fixed(12), _status, order="status"),
    RunColumn("iteration", "iteration", _iteration_width, _iteration, order="iteration"),
    RunColumn("reward", "reward", _fixed(9), _reward, order="reward", is_right_aligned=True),
    RunColumn("curve", "trend", _fixed(8, 13, 30), _curve, order="reward"),
    RunColumn("success", "success", _fixed(7), _success, order="success", is_right_aligned=True, may_go=True),
    RunColumn("time", "time", _fixed(0, 10), _time, order="duration", is_right_aligned=True),
    RunColumn("preset", "preset", _preset_width, _preset, order="preset"),
    RunColumn("host", "host", _host_width, _host),
    RunColumn("run", "run", _fixed(_SHORTEST_NAME), _name, order="name"),
)
"""From left to right; the last one has the width that is left."""
