"""Which charts the dashboard shows, in order, and the lines that they are read against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curricula.curriculum import SUCCESS_RATE, Curriculum
from curricula.ladder import Ladder
from tui.session.state import RunState

SUCCESS_EPISODES, SUCCESS_WINDOW = "Train/success_episodes", "Train/success_window"


@dataclass(frozen=True)
class ChartPlan:
    """A chart of one or more curves, each with name and metric.

    `reference` names a metric whose newest value is drawn as a line.
    """

    title: str
    curves: tuple[tuple[str, str], ...]
    reference: str = ""
    reference_label: str = ""


def _of_one(title: str, metric: str, reference: str = "", reference_label: str = "") -> ChartPlan:
    return ChartPlan(title, ((title, metric),), reference, reference_label)


_REWARD = _of_one("reward", "Train/mean_reward")
_SUCCESS = _of_one("success rate", SUCCESS_RATE)
_KL = _of_one("KL", "Policy/kl", "Policy/desired_kl", "desired KL")
_LENGTH = _of_one("episode length", "Train/mean_episode_length")
_VALUE_LOSS = _of_one("value loss", "Loss/value")
_SURROGATE_LOSS = _of_one("surrogate loss", "Loss/surrogate")
_VARIANCE = _of_one("explained variance", "Policy/explained_variance")
_SPEED = _of_one("steps/s", "Perf/total_fps")

DEFAULT_BOARD = (_REWARD, _SUCCESS, _KL, _LENGTH, _VALUE_LOSS, _SURROGATE_LOSS, _VARIANCE, _SPEED)
"""Made for PPO on humanoids."""


def board_of(curricula: Sequence[Curriculum]) -> tuple[ChartPlan, ...]:
    """Return a run's charts: levels, if there are any, come in for the surrogate loss, which tells least of the eight.

    There are always as many.
    """
    if not curricula:
        return DEFAULT_BOARD
    curves = tuple((curriculum.name, f"Curriculum/{curriculum.name}/level") for curriculum in curricula)
    levels = ChartPlan("levels" if len(curves) > 1 else f"{curricula[0].name} level", curves)
    return _REWARD, _SUCCESS, levels, _KL, _LENGTH, _VALUE_LOSS, _VARIANCE, _SPEED


def title_of(plan: ChartPlan, state: RunState) -> str:
    """Return a chart's title; that of the success rate tells its episodes, and its window until that is full."""
    episodes, window = state.latest.get(SUCCESS_EPISODES), state.latest.get(SUCCESS_WINDOW)
    if plan != _SUCCESS or episodes is None or window is None:
        return plan.title
    share = f"{episodes:.0f} of {window:.0f}" if episodes < window else f"last {episodes:.0f}"
    return f"{plan.title}, {share} episodes"


def lines_of(plan: ChartPlan, state: RunState, curricula: Sequence[Curriculum]) -> list[tuple[float, str]]:
    """Return value and label of a chart's lines: its reference, and where the metric moves a curriculum's level."""
    lines = [(state.latest[plan.reference], plan.reference_label)] if plan.reference in state.latest else []
    moved = [
        one
        for one in curricula
        if isinstance(one, Ladder) and one.mode == "auto" and one.metric in [metric for _, metric in plan.curves]
    ]
    ways = [("up below" if one.falls else "up", one.goes_up_at()) for one in moved]
    ways += [("down", one.goes_down_at()) for one in moved]
    return lines + sorted({(value, label) for label, value in ways if value is not None}, reverse=True)
