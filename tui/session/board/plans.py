"""Plans of charts by the roles of metrics, and the default board for PPO on humanoids."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import cast, get_args

from tui.session.metrics.names import ROLE_TITLES, Role, metric_of, own_name, term_of, title_of_role

SUCCESS_EPISODES, SUCCESS_WINDOW = "Train/success_episodes", "Train/success_window"
EVALUATED_SUCCESS = "Evaluation/success"
NOISE_FREE_ENVIRONMENTS = "Train/noise_free_environments"
"""0 if success is measured with exploration noise; missing in runs that don't tell."""
DEFAULT_ROLES: tuple[Role, ...] = (
    *("reward", "success", "kl", "episode_length", "value_loss", "surrogate_loss", "entropy", "action_std"),
    *("learning_rate", "steps_per_second"),
)
"""Roles on the default board, the most important first."""
LEADING_ROLES: tuple[Role, ...] = ("reward", "success")
"""Roles whose charts are larger than the others while they lead a page."""
STACK_KEY = "shares"
"""Key of the stacked chart of reward shares."""
_PLACE_OF_LEVELS = 2
_ROLES = frozenset(get_args(Role))
_LEVEL = re.compile(r"Curriculum/.+/level")


@dataclass(frozen=True)
class ChartPlan:
    """A chart of one or more curves, each with name and metric.

    `role` is the role of the first curve, if known; `reference` names a metric whose newest value is drawn as a line.
    With `stack`, which is then its key, the curves are stacked areas, whose order may change.
    """

    title: str
    curves: tuple[tuple[str, str], ...]
    role: Role | None = None
    reference: str = ""
    reference_label: str = ""
    stack: str = ""

    @property
    def key(self) -> str:
        """Identifies the chart in a layout, whatever is added to it: its first metric, or the name of the stack."""
        return self.stack or self.curves[0][1]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of its curves."""
        return tuple(metric for _, metric in self.curves)

    def with_metrics(self, metrics: Sequence[str]) -> ChartPlan:
        """Return the chart with curves of these metrics after its own."""
        new = [metric for metric in metrics if metric not in self.metrics]
        if not new or self.stack:
            return self
        names = _curve_names((*self.metrics, *new))
        own = [name for name, _ in self.curves]
        curves = zip((*own, *names[len(self.curves) :]), (*self.metrics, *new), strict=True)
        return replace(self, curves=tuple(curves))


def plan_of_role(role: Role, metric: str) -> ChartPlan:
    """Return the chart of a metric with a role."""
    title = title_of_role(role, metric)
    if role == "kl":
        reference = own_name("desired_kl")
        return ChartPlan(title, ((title, metric),), role=role, reference=reference, reference_label="desired KL")
    return ChartPlan(title, ((title, metric),), role=role)


def plan_of_metrics(*metrics: str) -> ChartPlan:
    """Return a chart of these metrics (at least one), under their own names."""
    names = _curve_names(metrics)
    return ChartPlan(metrics[0] if len(metrics) == 1 else " + ".join(names), tuple(zip(names, metrics, strict=True)))


def titled_plan(title: str, metric: str) -> ChartPlan:
    """Return the chart of one metric with this title."""
    return ChartPlan(title, ((title, metric),))


def plan_of_levels(curricula: Sequence[str]) -> ChartPlan:
    """Return the chart of the levels of these curricula (at least one)."""
    curves = tuple((name, f"Curriculum/{name}/level") for name in curricula)
    return ChartPlan("levels" if len(curves) > 1 else f"{curricula[0]} level", curves)


DEFAULT_BOARD = tuple(plan_of_role(role, own_name(role)) for role in DEFAULT_ROLES)
"""The default board of a run of this program."""


_OF_DEFAULT_BOARD = frozenset(metric for plan in DEFAULT_BOARD for metric in plan.metrics)


def may_be_on_default_board(metric: str) -> bool:
    """Whether the default board of a run of this program draws this metric."""
    return metric in _OF_DEFAULT_BOARD or bool(_LEVEL.fullmatch(metric))


def board_of(curricula: Sequence[str], is_evaluated: bool = False) -> tuple[ChartPlan, ...]:
    """Return the default board of a run of this program; the levels of its curricula follow the success rate.

    They replace the steps per second, which the header shows, so that all charts fit where those of other runs do. The
    success rate of a run that `is_evaluated` has the success of its evaluations beside it.
    """
    board = tuple(_with_evaluation(plan) for plan in DEFAULT_BOARD) if is_evaluated else DEFAULT_BOARD
    if not curricula:
        return board
    rest = (plan for plan in board[_PLACE_OF_LEVELS:] if plan.role != "steps_per_second")
    return (*board[:_PLACE_OF_LEVELS], plan_of_levels(curricula), *rest)


def _with_evaluation(plan: ChartPlan) -> ChartPlan:
    """Return a plan; that of the success rate with the success of evaluations as a second curve."""
    if plan.role != "success":
        return plan
    return replace(plan, curves=(("training", plan.key), ("evaluation", EVALUATED_SUCCESS)))


def leading_charts(plans: Sequence[ChartPlan]) -> int:
    """Return how many charts at the head of a page are larger than the others."""
    return sum(1 for _ in takewhile(lambda plan: plan.role in LEADING_ROLES, plans))


def watched_board(names: Collection[str]) -> tuple[ChartPlan, ...]:
    """Return the default board of a run of any library that has published these metrics: all if none has a role."""
    with_roles = tuple(plan for role in DEFAULT_ROLES if (plan := _plan_of(role, names)) is not None)
    return with_roles or tuple(plan_of_metrics(name) for name in names)


def named_board(charts: Sequence[str], names: Collection[str]) -> tuple[ChartPlan, ...]:
    """Return the user's board: one chart for each entry, a role (`reward`), its title or a metric (`Loss/value`).

    ` + ` joins several on one chart. A metric that is not published yet waits for its data.
    """
    return tuple(_named_plan(chart.split(" + "), names) for chart in charts if chart.strip())


def role_called(text: str) -> Role | None:
    """Return the role of this name or title, such as `kl` or `KL`; None if there is none."""
    if text in _ROLES:
        return cast(Role, text)
    return next((role for role, title in ROLE_TITLES.items() if title.casefold() == text.casefold()), None)


def _named_plan(chart: Sequence[str], names: Collection[str]) -> ChartPlan:
    first, *more = (_metric_named(name.strip(), names) for name in chart)
    role = None if chart[0].strip() in names else role_called(chart[0].strip())
    own = plan_of_metrics(first) if role is None else plan_of_role(role, first)
    return own.with_metrics(more)


def _metric_named(name: str, names: Collection[str]) -> str:
    if name in names or (role := role_called(name)) is None:
        return name
    return metric_of(role, names) or own_name(role)


def _plan_of(role: Role, names: Collection[str]) -> ChartPlan | None:
    metric = metric_of(role, names)
    return None if metric is None else plan_of_role(role, metric)


def _curve_names(metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the shortest names that distinguish these metrics: as few of the last parts of each as needed."""
    parts = [term_of(metric).split("/") for metric in metrics]
    for count in range(1, max(map(len, parts)) + 1):
        names = tuple("/".join(of_one[-count:]) for of_one in parts)
        if len(set(names)) == len(names):
            return names
    return tuple(metrics)
