"""Reference lines, bands and titles of charts."""

from __future__ import annotations

from collections.abc import Sequence

from curricula.curriculum import Curriculum
from curricula.ladder import Ladder
from trainer_proc.contract.knob import value_text
from tui.session.board.chart_source import ChartSource
from tui.session.board.library_units import base_name, own_name
from tui.session.board.plans import NOISE_FREE_ENVIRONMENTS, SUCCESS_EPISODES, SUCCESS_WINDOW, ChartPlan
from tui.session.metrics.names import family_of, role_of, term_of
from tui.session.references.fit import reference_problem
from tui.session.state import RunState
from tui.session.text import shortened_name

BAND_LABEL = "no learning rate change"
_ADAPTIVE = "adaptive"
_DIVIDED = ("Episode_Reward/", "rew_")
"""Terms of Isaac Lab's and mjlab's managers, and of legged_gym."""
_REWARD_UNITS = (", sum ÷ longest possible episode", ", ÷ longest episode")
"""Longer episodes alone let a term of the library grow."""
_LIBRARY_UNITS = {
    "mjlab": (", environments per step with resets", ", per step"),
    "isaaclab": (", share of environments", ", share"),
}
_ERROR_UNITS = {
    "mjlab": (", grows with episode length: sum ÷ longest command interval", ", grows with episode length"),
    "isaaclab": (", mean of the episode", ", mean"),
}
"""Of `error_vel_…`, see `library_units`."""
_KL_FACTOR = 2.0
"""rsl-rl's adaptive schedule keeps the learning rate while the KL is within desired / 2 and desired · 2."""


def lines_of(plan: ChartPlan, state: RunState, curricula: Sequence[Curriculum]) -> list[tuple[float, str]]:
    """Return value and label of a chart's lines: its reference, and thresholds at which a curriculum's level moves."""
    lines = [(state.latest[plan.reference], plan.reference_label)] if plan.reference in state.latest else []
    driven = [one for one in curricula if isinstance(one, Ladder) and one.mode == "auto" and one.metric in plan.metrics]
    names: dict[tuple[float, str], list[str]] = {}
    for one in driven:
        for value, way in ((one.goes_up_at(), "up below" if one.falls else "up"), (one.goes_down_at(), "down")):
            if value is not None:
                names.setdefault((value, way), []).append(one.name)
    ways = sorted(names, reverse=True)
    return lines + [
        (at, way if len(names[at, way]) == len(driven) else _named(names[at, way], way)) for at, way in ways
    ]


def _named(names: Sequence[str], way: str) -> str:
    """Return the label of a threshold that only some curricula have."""
    return f"{way}: {', '.join(names)}"


def band_of(plan: ChartPlan, state: RunState) -> tuple[float, float] | None:
    """Return the KL range in which the adaptive schedule keeps the learning rate; None on other charts."""
    desired, schedule = state.latest.get(plan.reference), state.knobs.get("ppo/schedule")
    if plan.role != "kl" or desired is None or schedule is None or schedule.value != _ADAPTIVE:
        return None
    return desired / _KL_FACTOR, desired * _KL_FACTOR


def has_logarithms(plan: ChartPlan, sources: Sequence[ChartSource]) -> bool:
    """Return whether all values of a chart are positive, as a logarithmic axis needs."""
    histories = (source.history.series for source in sources)
    metrics = [base_name(metric) for metric in plan.metrics]
    drawn = [series[metric].ys for series in histories for metric in metrics if metric in series]
    return all(not (values <= 0).any() for values in drawn)


def is_log_by_default(plan: ChartPlan, sources: Sequence[ChartSource]) -> bool:
    """Return whether a chart starts with a logarithmic axis: learning rates, which schedules change by factors."""
    return role_of(plan.key) == "learning_rate" and has_logarithms(plan, sources)


def notes_of(plan: ChartPlan, state: RunState) -> list[str]:
    """Return ever shorter notes for a chart's title: episodes of a success rate, weight and unit of a term."""
    if plan.role == "success":
        return _episodes(state)
    if plan.role == "reward":
        problem = reference_problem(state)
        return [f", without a band: the preset's {problem}", ""] if problem else [""]
    family = family_of(plan.key)
    if family in ("reward term", "reward rate"):
        weight = _weight(plan, state)
        is_divided = plan.key.removeprefix("Episode/").startswith(_DIVIDED)
        return [*(weight + unit for unit in _REWARD_UNITS if is_divided), weight, *([""] * (family == "reward rate"))]
    if family == "termination" and not own_name(plan.key):
        return [", share of finished episodes", ", share", ""]
    return _library_units(plan, state)


def title_of(plan: ChartPlan, state: RunState, width: int = 1000) -> str:
    """Return a chart's title with the longest note that fits in `width` cells; the shortest note is never cut."""
    notes = notes_of(plan, state)
    note = next((note for note in notes if len(plan.title) + len(note) <= width), notes[-1])
    return f"{shortened_path(plan.title, width - len(note))}{note}"


def shortened_path(name: str, width: int) -> str:
    """Return a metric's name in at most `width` cells: cut from the left at a `/`, else without its middle."""
    parts = name.split("/")
    ways = [name, *("…/" + "/".join(parts[start:]) for start in range(1, len(parts)))]
    fitting = next((way for way in ways if len(way) <= width), None)
    return fitting or shortened_name(parts[-1], max(width, 1))


def _library_units(plan: ChartPlan, state: RunState) -> list[str]:
    """Return ever shorter notes on the unit of a library's metric."""
    if not own_name(plan.key):
        return [""]
    backend = state.started.backend if state.started is not None else ""
    units = _LIBRARY_UNITS if family_of(plan.key) == "termination" else _ERROR_UNITS
    return [*units.get(backend, ()), ""]


def _episodes(state: RunState) -> list[str]:
    """Return ever shorter notes on a success rate: its episodes, with the window until that is full, and noise."""
    episodes, window = state.latest.get(SUCCESS_EPISODES), state.latest.get(SUCCESS_WINDOW)
    if episodes is None or window is None:
        return [""]
    noise = ", with noise" if state.latest.get(NOISE_FREE_ENVIRONMENTS) == 0 else ""
    if episodes < window:
        ways = [f", {episodes:.0f}/{window:.0f} episodes", f", {episodes:.0f}/{window:.0f}", ""]
    else:
        ways = [f", last {episodes:.0f} episodes", f", {episodes:.0f} episodes", ""]
    return [way + noise for way in ways]


def _weight(plan: ChartPlan, state: RunState) -> str:
    """Return a reward term's weight: the default and the current one, or the pending one."""
    knob = state.knobs.get(f"reward/{term_of(plan.key)}/weight")
    if knob is None:
        return ""
    now = value_text(knob.value)
    if knob.pending is not None and knob.pending != knob.value:
        return f" ×{now}→{value_text(knob.pending)}…"
    return f" ×{now}" if knob.value == knob.knob.default else f" ×{value_text(knob.knob.default)}→{now}"
