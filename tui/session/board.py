"""Which charts the dashboard shows, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartPlan:
    """A chart of one metric; `reference` names a metric whose newest value is drawn as a line."""

    title: str
    metric: str
    reference: str = ""
    reference_label: str = ""


DEFAULT_BOARD = (
    ChartPlan("reward", "Train/mean_reward"),
    ChartPlan("success rate", "Train/success_rate"),
    ChartPlan("KL", "Policy/kl", "Policy/desired_kl", "desired KL"),
    ChartPlan("episode length", "Train/mean_episode_length"),
    ChartPlan("value loss", "Loss/value"),
    ChartPlan("surrogate loss", "Loss/surrogate"),
    ChartPlan("explained variance", "Policy/explained_variance"),
    ChartPlan("steps/s", "Perf/total_fps"),
)
"""Made for PPO on humanoids."""
