"""Periodic evaluation and the goal of a run, as short text."""

from __future__ import annotations

from collections.abc import Mapping

from trainer_proc.contract.products import EvaluationFailed, EvaluationFinished, EvaluationStarted
from tui.session.numbers import number
from tui.session.state import RunState

_SUCCESS, _SCORE = "Evaluation/success", "Evaluation/score"
HELD = "Goal/iterations"
"""Metric of the iterations in a row for which the goal's metric has been high enough."""


def evaluation_result(evaluation: EvaluationFinished | EvaluationFailed) -> str:
    """Return one line about an evaluation that has ended."""
    if isinstance(evaluation, EvaluationFailed):
        return f"evaluation of iteration {evaluation.iteration}: {evaluation.reason}"
    best = ", the best so far" if evaluation.is_best else ""
    return f"iteration {evaluation.iteration} evaluated: {values_text(evaluation.values)}{best}"


def values_text(values: Mapping[str, float]) -> str:
    """Return success and score of an evaluation; of a suite with neither, its first measure."""
    parts = [f"success {values[_SUCCESS]:.0%}"] if _SUCCESS in values else []
    parts += [f"score {values[_SCORE]:.2f}"] if _SCORE in values else []
    first = next(iter(values.items()), None)
    if not parts and first is not None:
        parts = [f"{first[0].removeprefix('Evaluation/')} {number(first[1])}"]
    return ", ".join(parts) or "no values"


def evaluation_text(state: RunState, is_alive: bool) -> str:
    """Return the newest evaluation and the best one, for a header; empty for none."""
    parts = []
    if state.evaluations:
        newest = state.evaluations[-1]
        parts.append(f"evaluated @{newest.iteration}: {values_text(newest.values)}")
        if (best := state.best) is not None:
            parts[-1] += " (best)" if best.iteration == newest.iteration else f" (best @{best.iteration})"
    if is_alive and isinstance(state.evaluation, EvaluationStarted):
        parts.append(f"evaluating @{state.evaluation.iteration}")
    return ", ".join(parts)


def goal_text(state: RunState) -> str:
    """Return how far the goal is, for a header; empty without one."""
    goal = state.started.goal if state.started is not None else {}
    if not goal:
        return ""
    metric, least, wanted = str(goal["metric"]), goal["at_least"], int(goal.get("for", 1))
    now = state.latest.get(metric)
    text = f"goal: {metric} {'–' if now is None else number(now)} of {number(least)}"
    held = state.latest.get(HELD, 0.0)
    return f"{text}, {held:.0f} of {wanted} iterations" if wanted > 1 else text
