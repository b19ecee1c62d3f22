"""Names under which RL libraries log the same role, such as the reward.

Each list begins with this program's own names, which are those of rsl-rl. Sources of the others:

- rsl-rl: `rsl_rl/utils/logger.py` (4 and 5), `rsl_rl/runners/on_policy_runner.py` (1 to 3: `Loss/value_function`,
  `Policy/mean_noise_std`); reward terms and the like from the managers of Isaac Lab and mjlab, `Episode/rew_…` from
  legged_gym
- rl_games: `rl_games/common/a2c_common.py` (`write_stats`), `algo_observer.py`, `diagnostics.py`
- skrl: `skrl/agents/torch/base.py` and `ppo/ppo.py`
- Stable-Baselines3: `stable_baselines3/ppo/ppo.py`, `common/on_policy_algorithm.py`, `docs/common/logger.rst`
- RLinf 0.3.0: `rlinf/runners/embodied_runner.py` (which puts `train/`, `env/`, `rollout/` before the names),
  `rlinf/algorithms/losses.py`, `rlinf/workers/actor/fsdp_actor_worker.py`, `fsdp_sac_policy_worker.py`
- CleanRL: `cleanrl/ppo_continuous_action.py`
- holosoma 0.0.3: `holosoma/agents/modules/logging_utils.py`, `agents/ppo/ppo.py`, `agents/fast_sac/fast_sac_agent.py`
- unilab-rl 1.4.15: `uni_rl/logging/metric_schema.py`; UniLab 0.1.0 before it: `unilab/logging/offpolicy.py`
- Isaac Lab 3.0.0: `isaaclab/benchmark/metrics.py` (tags that its benchmarks read), `isaaclab_rl/torchrl/ppo.py`; LEAPP
  (0.7.2) logs no metrics

Upper and lower case make no difference: holosoma has `Loss/Value`, rsl-rl `Loss/value`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, TypeAlias

Role: TypeAlias = Literal[
    "reward",
    "success",
    "kl",
    "desired_kl",
    "value_loss",
    "surrogate_loss",
    "entropy",
    "action_std",
    "episode_length",
    "learning_rate",
    "steps_per_second",
    "explained_variance",
    "clip_fraction",
]
"""Meaning of a metric, independent of the library."""

Family: TypeAlias = Literal["reward term", "reward rate", "termination", "curriculum", "tracking error"]
"""Groups of metrics with one metric for each term."""

ROLE_TITLES: dict[Role, str] = {
    "reward": "reward",
    "success": "success rate",
    "kl": "KL",
    "desired_kl": "desired KL",
    "value_loss": "value loss",
    "surrogate_loss": "surrogate loss",
    "entropy": "entropy",
    "action_std": "action std",
    "episode_length": "episode length",
    "learning_rate": "learning rate",
    "steps_per_second": "steps/s",
    "explained_variance": "explained variance",
    "clip_fraction": "clip fraction",
}

_NAMES: dict[Role, tuple[str, ...]] = {
    "reward": (
        *("Train/mean_reward", "rewards/step", "rewards/iter", "Reward / Total reward (mean)", "rollout/ep_rew_mean"),
        *("env/return", "env/reward", "charts/episodic_return", "Reward / Instantaneous reward (mean)"),
        *("eval/mean_reward", "reward/mean", "Train/mean_step_reward"),
    ),
    "success": (
        *("Train/success_rate", "Metrics/success_rate", "Episode/Metrics/success_rate", "rollout/success_rate"),
        *("env/success_once", "env/success_at_end", "eval/success_rate", "eval/success_once"),
    ),
    "kl": (
        *("Policy/kl", "info/kl", "train/approx_kl", "train/actor/approx_kl", "actor/approx_kl", "losses/approx_kl"),
        *("Loss/KL", "train/actor/proximal_approx_kl", "actor/proximal_approx_kl"),
    ),
    "desired_kl": ("Policy/desired_kl",),
    "value_loss": (
        *("Loss/value", "Loss/value_function", "losses/c_loss", "Loss / Value loss", "train/value_loss"),
        *("train/critic/value_loss", "critic/value_loss", "losses/value_loss", "losses/cval_loss"),
        *(
            "Loss / Critic loss",
            "train/critic_loss",
            "losses/c1_loss",
            "Loss/loss_critic",
            "Loss/critic",
            "Loss/qf_loss",
        ),
    ),
    "surrogate_loss": (
        *("Loss/surrogate", "losses/a_loss", "Loss / Policy loss", "train/policy_gradient_loss"),
        *("train/actor/policy_loss", "actor/policy_loss", "losses/policy_loss", "train/actor_loss"),
        *("Loss/loss_objective", "Loss/actor", "Loss/actor_loss"),
    ),
    "entropy": (
        *("Loss/entropy", "losses/entropy", "Loss / Entropy loss", "train/entropy_loss"),
        *("train/actor/entropy_loss", "actor/entropy_loss", "train/actor/entropy", "actor/entropy"),
        *("Policy/entropy", "Loss/policy_entropy"),
    ),
    "action_std": (
        *("Policy/mean_std", "Policy/mean_noise_std", "Policy / Standard deviation", "train/std", "Loss/action_std"),
    ),
    "episode_length": (
        *("Train/mean_episode_length", "episode_lengths/step", "episode_lengths/iter"),
        *("Episode / Total timesteps (mean)", "rollout/ep_len_mean", "env/episode_len", "charts/episodic_length"),
        *("eval/mean_ep_length", "episode/length"),
    ),
    "learning_rate": (
        *("Loss/learning_rate", "info/last_lr", "Learning / Learning rate", "train/learning_rate"),
        *("train/actor/lr", "actor/lr", "charts/learning_rate", "Learning / Policy learning rate"),
        *("Policy/learning_rate", "Loss/actor_learning_rate"),
    ),
    "steps_per_second": (
        *("Perf/total_fps", "performance/step_inference_rl_update_fps", "time/fps", "charts/SPS", "perf/steps_per_sec"),
    ),
    "explained_variance": (
        *("Policy/explained_variance", "train/explained_variance", "diagnostics/exp_var"),
        *("train/critic/explained_variance", "critic/explained_variance", "losses/explained_variance"),
    ),
    "clip_fraction": (
        *("Policy/clip_fraction", "train/clip_fraction", "train/actor/clip_fraction", "actor/clip_fraction"),
        *("losses/clipfrac", "diagnostics/clip_frac/0"),
    ),
}
"""Names by priority: the first one that a run has is used; names over environment steps precede those over epochs."""
_ROLES: dict[str, Role] = {
    name.casefold(): role for role, names in reversed(_NAMES.items()) for name in reversed(names)
}

_LAST_WORDS: dict[Role, tuple[str, ...]] = {
    "reward": ("mean_reward", "episode_reward", "episode_return", "mean_return", "return", "reward"),
    "success": ("success_rate", "success"),
    "kl": ("kl", "approx_kl", "mean_kl", "kl_divergence"),
    "desired_kl": ("desired_kl", "target_kl"),
    "value_loss": ("value_loss", "critic_loss", "value_function_loss", "vf_loss"),
    "surrogate_loss": ("surrogate_loss", "policy_loss", "actor_loss", "pg_loss"),
    "entropy": ("entropy", "policy_entropy"),
    "action_std": ("action_std", "noise_std", "mean_std"),
    "episode_length": ("episode_length", "mean_episode_length", "ep_len", "episode_len"),
    "learning_rate": ("learning_rate", "lr"),
    "steps_per_second": ("fps", "sps", "steps_per_second", "total_fps"),
    "explained_variance": ("explained_variance", "explained_var"),
    "clip_fraction": ("clip_fraction", "clipfrac", "clip_frac"),
}
"""Last parts of names in users' own scripts, the likeliest first."""

_NEGATED = {
    "train/entropy_loss": "negative entropy",  # Stable-Baselines3 logs the mean of -entropy
    "loss / entropy loss": "entropy loss (-scale × entropy)",  # skrl
}

_FAMILIES: tuple[tuple[Family, re.Pattern[str]], ...] = (
    (
        "reward term",
        re.compile(
            r"(?:Episode/)?Episode_Reward/(.+)|Episode/rew_(.+)|reward/(?!mean|best|total|return|ep)(.+)", re.IGNORECASE
        ),
    ),
    ("reward rate", re.compile(r"Reward_Rate/(.+)")),
    ("termination", re.compile(r"Termination/(.+)|(?:Episode/)?Episode_Termination/(.+)", re.IGNORECASE)),
    (
        "curriculum",
        re.compile(
            r"(?:Episode/)?Curriculum/(.+)|Episode/(terrain_level)|(Terrain/(?:mean|max)_level.*)", re.IGNORECASE
        ),
    ),
    ("tracking error", re.compile(r"(?:Episode/)?Metrics/(.*error.*)|Episode_Metrics/(.*error.*)", re.IGNORECASE)),
)
"""rl_games puts `Episode/` before the names of Isaac Lab's managers. unilab-rl's terms are `reward/…`."""


def metric_of(role: Role, names: Collection[str]) -> str | None:
    """Return the metric of a run that has this role; None without one.

    Names of known libraries take precedence, in any case of letters; otherwise the part after the last slash decides.
    """
    for name in _NAMES[role]:
        if name in names:
            return name
    by_folded = {name.casefold(): name for name in reversed(list(names))}
    for name in _NAMES[role]:
        if name.casefold() in by_folded:
            return by_folded[name.casefold()]
    by_word: dict[str, str] = {}
    for name in names:
        if family_of(name) is None:
            by_word.setdefault(_last_word(name), name)
    return next((by_word[word] for word in _LAST_WORDS[role] if word in by_word), None)


def role_of(name: str) -> Role | None:
    """Return the role of a metric of any library; None if unknown."""
    if role := _ROLES.get(name.casefold()):
        return role
    if family_of(name) is not None:
        return None
    word = _last_word(name)
    return next((role for role, words in _LAST_WORDS.items() if word in words), None)


def own_name(role: Role) -> str:
    """Return the name under which this program publishes a role."""
    return _NAMES[role][0]


def title_of_role(role: Role, name: str) -> str:
    """Return the title of a chart of `name` in this role, which says if a library logs a different quantity."""
    return _NEGATED.get(name.casefold(), ROLE_TITLES[role])


def family_of(name: str) -> Family | None:
    """Return the family of a metric; None without one."""
    return next((family for family, pattern in _FAMILIES if pattern.fullmatch(name)), None)


def term_of(name: str) -> str:
    """Return the term of a metric that belongs to a family; other names unchanged."""
    for _, pattern in _FAMILIES:
        if match := pattern.fullmatch(name):
            return next(group for group in match.groups() if group is not None)
    return name


def _last_word(name: str) -> str:
    return re.sub(r"\W+", "_", name.rpartition("/")[2].strip().lower()).strip("_")
