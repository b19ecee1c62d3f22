"""What charts are read against: lines and bands, and what their titles tell beside the name."""

from __future__ import annotations

from collections.abc import Sequence

from curricula.curriculum import Curriculum
from curricula.ladder import Ladder
from trainer_proc.contract.knob import value_text
from tui.session.board.chart_source import ChartSource
from tui.session.board.plans import SUCCESS_EPISODES, SUCCESS_WINDOW, ChartPlan
from tui.session.metrics.names import family_of, term_of
from tui.session.state import RunState
from tui.session.text import shortened_name

_ADAPTIVE = "adaptive"
_KL_FACTOR = 2.0
"""rsl-rl's adaptive schedule leaves the learning rate alone while KL is within desired / 2 and desired · 2."""


def lines_of(plan: ChartPlan, state: RunState, curricula: Sequence[Curriculum]) -> list[tuple[float, str]]:
    """Return value and label of a chart's lines: its reference, and where the metric moves a curriculum's level."""
    lines = [(state.latest[plan.reference], plan.reference_label)] if plan.reference in state.latest else []
    moved = [one for one in curricula if isinstance(one, Ladder) and one.mode == "auto" and one.metric in plan.metrics]
    names: dict[tuple[float, str], list[str]] = {}
    for one in moved:
        for value, way in ((one.goes_up_at(), "up below" if one.falls else "up"), (one.goes_down_at(), "down")):
            if value is not None:
                names.setdefault((value, way), []).append(one.name)
    ways = sorted(names, reverse=True)
    return lines + [(at, way if len(names[at, way]) == len(moved) else _named(names[at, way], way)) for at, way in ways]


def _named(names: Sequence[str], way: str) -> str:
    """Return a threshold's label where it isn't that of all curricula: the first one's name, and how many others."""
    others = f" +{len(names) - 1}" * (len(names) > 1)
    return f"{names[0]}{others} {way}"


def band_of(plan: ChartPlan, state: RunState) -> tuple[float, float] | None:
    """Return the band in which the adaptive schedule leaves the learning rate as it is, on the chart of the KL."""
    desired, schedule = state.latest.get(plan.reference), state.knobs.get("ppo/schedule")
    if plan.role != "kl" or desired is None or schedule is None or schedule.value != _ADAPTIVE:
        return None
    return desired / _KL_FACTOR, desired * _KL_FACTOR


def has_logarithms(plan: ChartPlan, sources: Sequence[ChartSource]) -> bool:
    """Tell whether a logarithmic axis can show all of a chart: no value of it is 0 or below."""
    known = (source.history.series for source in sources)
    drawn = [series[metric].ys for series in known for metric in plan.metrics if metric in series]
    return all(not (values <= 0).any() for values in drawn)


def notes_of(plan: ChartPlan, state: RunState) -> list[str]:
    """Return what stands behind a chart's name, in ever fewer words: the rate's episodes, a reward term's weight."""
    if plan.role == "success":
        return _episodes(state)
    return [_weight(plan, state)] if family_of(plan.key) == "reward term" else [""]


def title_of(plan: ChartPlan, state: RunState, width: int = 1000) -> str:
    """Return a chart's title in at most `width` cells if that can be; the note's last wording stays whole."""
    notes = notes_of(plan, state)
    note = next((note for note in notes if len(plan.title) + len(note) <= width), notes[-1])
    return f"{shortened_path(plan.title, width - len(note))}{note}"


def shortened_path(name: str, width: int) -> str:
    """Return a metric's name in at most `width` cells: shortened from the left at a `/`, else without its middle."""
    parts = name.split("/")
    ways = [name, *("…/" + "/".join(parts[start:]) for start in range(1, len(parts)))]
    fitting = next((way for way in ways if len(way) <= width), None)
    return fitting or shortened_name(parts[-1], max(width, 1))


def _episodes(state: RunState) -> list[str]:
    """Return how many episodes a success rate is of, and its window until that is full."""
    episodes, window = state.latest.get(SUCCESS_EPISODES), state.latest.get(SUCCESS_WINDOW)
    if episodes is None or window is None:
        return [""]
    if episodes < window:
        return [f", {episodes:.0f} of {window:.0f} episodes", f", {episodes:.0f}/{window:.0f} episodes", ""]
    return [f", last {episodes:.0f} episodes", f", {episodes:.0f} episodes", ""]


def _weight(plan: ChartPlan, state: RunState) -> str:
    """Return a reward term's weight: what it was at first and is now, or is about to be."""
    knob = state.knobs.get(f"reward/{term_of(plan.key)}/weight")
    if knob is None:
        return ""
    now = value_text(knob.value)
    if knob.pending is not None and knob.pending != knob.value:
        return f" ×{now}→{value_text(knob.pending)}…"
    return f" ×{now}" if knob.value == knob.knob.default else f" ×{value_text(knob.knob.default)}→{now}"
