"""What the steps of a watched run count, told from its names.

- rsl-rl 5.5.1, holosoma 0.0.3, Isaac Lab 3.0.0's TorchRL example: iterations; so does RLinf 0.3.0
- unilab-rl 1.4.15 (`uni_rl/logging/metric_schema.py`): rsl-rl's names; with `Train/iteration` over environment steps
- rl_games 1.6.5 ("frames"), Stable-Baselines3 2.7, CleanRL 1.0: steps of all environments together
- skrl 2.1.1: steps of each environment
- Keras: `epoch_loss` and the like over epochs
"""

from __future__ import annotations

from collections.abc import Collection

ITERATIONS, ENVIRONMENT_STEPS = "iterations", "environment steps"

_BY_NAME = (
    ("train/iteration", ENVIRONMENT_STEPS),  # before the names that it shares with rsl-rl
    ("info/epochs", ENVIRONMENT_STEPS),
    ("losses/a_loss", ENVIRONMENT_STEPS),
    ("rollout/ep_rew_mean", ENVIRONMENT_STEPS),
    ("time/fps", ENVIRONMENT_STEPS),
    ("charts/sps", ENVIRONMENT_STEPS),
    ("charts/episodic_return", ENVIRONMENT_STEPS),
    ("perf/total_fps", ITERATIONS),
    ("train/actor/policy_loss", ITERATIONS),
)
_BY_PART = ((" / ", "steps of each environment"), ("epoch_", "epochs"))


def step_unit(names: Collection[str]) -> str:
    """Return what the steps of a run with these metrics count; empty if that is unknown."""
    known = {name.casefold() for name in names}
    for name, unit in _BY_NAME:
        if name in known:
            return unit
    return next((unit for part, unit in _BY_PART if any(part in name for name in known)), "")
