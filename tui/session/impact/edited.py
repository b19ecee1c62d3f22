"""Metrics affected by a change: those of its terms and parameters."""

from __future__ import annotations

from collections.abc import Container

from trainer_proc.contract.knob import Knob, Value
from trainer_proc.contract.messages import InterventionApplied
from tui.session.metrics.names import Role, own_name
from tui.session.state import RunState

_OF_PARAMETERS: dict[str, Role] = {
    "ppo/entropy_coef": "entropy",
    "ppo/value_loss_coef": "value_loss",
    "ppo/clip_param": "clip_fraction",
    "ppo/learning_rate": "learning_rate",
    "ppo/schedule": "learning_rate",
    "ppo/desired_kl": "learning_rate",
}
"""Metric that a PPO parameter affects first; KL is always compared."""
_OF_TERMS = {"reward": ("Episode_Reward",), "termination": ("Termination", "Episode_Termination")}
"""What the metrics of terms begin with; the first published one counts."""


def edited_metrics(applied: InterventionApplied, state: RunState, published: Container[str]) -> dict[str, float | None]:
    """Return the metrics of the knobs that were changed, with the factor by which a weight multiplies its own.

    A metric that a knob names itself is there even if the run doesn't publish it, others aren't.
    """
    metrics: dict[str, float | None] = {}
    for change in applied.changes:
        knob = state.knobs[change.knob].knob if change.knob in state.knobs else None
        metric = "" if knob is None else knob.metric or _metric_by_name(knob, published)
        if knob is not None and metric:
            new = change.new if applied.ramp is None else applied.ramp.targets.get(change.knob, change.new)
            is_weight = knob.name.startswith("reward/") and knob.name.endswith("/weight")
            metrics.setdefault(metric, _factor(change.old, new) if is_weight else None)
    return metrics


def _metric_by_name(knob: Knob, published: Container[str]) -> str:
    """Return the metric of the term whose parameter a knob is, or of PPO's parameter; empty if there is none."""
    kind, _, rest = knob.name.partition("/")
    if knob.name in _OF_PARAMETERS:
        metric = own_name(_OF_PARAMETERS[knob.name])
    elif kind in _OF_TERMS:
        term = rest.partition("/")[0]
        return next((metric for start in _OF_TERMS[kind] if (metric := f"{start}/{term}") in published), "")
    else:
        return ""
    return metric if metric in published else ""


def _factor(old: Value, new: Value) -> float | None:
    if not isinstance(old, float | int) or not isinstance(new, float | int) or not old or old == new:
        return None
    return new / old
