"""The end of episodes by mask: what `_reset_idx` of mjlab 1.6 does for a list of environments, for all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mjlab.managers.event_manager import RecomputeLevel

from trainer_proc.fast.mjlab import velocity
from trainer_proc.fast.mjlab.foreign import foreign_part, is_foreign
from trainer_proc.fast.mjlab.state import Slot, only_where


def why_not(env: Any) -> str:
    """Return why the ends of episodes can't be computed with masks, empty if they can."""
    if "_reset_idx" in vars(env) or "reset" in vars(env.scene):
        return "the environment's or the scene's reset is replaced"
    if name := foreign_part(env.scene):
        return f"{name}: its reset is not mjlab's"
    events, actions = env.event_manager, env.action_manager
    for name, cfg in zip(events.active_terms.get("reset", ()), events._mode_term_cfgs.get("reset", ()), strict=True):
        if reason := why_not_event(cfg):
            return f"event {name}: {reason}"
        if cfg.min_step_count_between_reset:
            return f"event {name}: not at every reset"
    for term in [*_with_reset(env), *(actions.get_term(name) for name in actions.active_terms)]:
        if is_foreign(term):
            return f"{type(term).__name__}: its reset is not mjlab's"
    for name in env.command_manager.active_terms:
        if reason := velocity.why_not(env.command_manager.get_term(name)):
            return f"command {name}: {reason}"
    return ""


def _with_reset(env: Any) -> Iterator[Any]:
    """Yield the terms that managers reset at the end of an episode, and models of noise."""
    for manager in (env.reward_manager, env.termination_manager, env.metrics_manager):
        yield from (cfg.func for cfg in getattr(manager, "_class_term_cfgs", ()))
    observations = env.observation_manager
    for cfgs in [*env.event_manager._mode_class_term_cfgs.values(), *observations._group_obs_class_term_cfgs.values()]:
        yield from (cfg.func for cfg in cfgs)
    for models in observations._group_obs_class_instances.values():
        yield from models.values()


def why_not_event(cfg: Any) -> str:
    """Return why an event can't run on all environments, to be put back in the others; empty if it can."""
    if is_foreign(cfg.func):
        return "it is not mjlab's"
    if getattr(cfg.func, "recompute", RecomputeLevel.none) != RecomputeLevel.none:
        return "it computes constants of the model"
    if getattr(cfg.func, "model_fields", ()):
        return "it writes fields of the model"
    return ""


def end_episodes(env: Any, mask: torch.Tensor, everyone: torch.Tensor, slots: list[Slot]) -> None:
    """Reset the environments of `mask`, of shape [num_envs], and log what `_reset_idx` logs.

    `everyone` are the numbers of all environments. `slots` are the tensors that the managers' resets write. The
    simulation itself has been reset before.
    """
    log = env.extras["log"]
    share = mask / mask.sum().clamp(min=1)
    _log_rewards(env, log, share)
    _log_metrics(env, log, share)
    for name, ended in env.termination_manager._term_dones.items():
        log["Episode_Termination/" + name] = (ended & mask).sum()
    with only_where(mask, slots):
        run_resets(env, everyone)
    for sums in env.reward_manager._episode_sums.values():
        sums.masked_fill_(mask, 0.0)
    for name in env.command_manager.active_terms:
        term = env.command_manager.get_term(name)
        for metric, values in term.metrics.items():
            log[f"Metrics/{name}/{metric}"] = _mean_of(values, share)
        velocity.reset(term, mask)
    env.episode_length_buf.masked_fill_(mask, 0)
    env._manual_reset_pending.masked_fill_(mask, False)


def run_resets(env: Any, everyone: torch.Tensor) -> None:
    """Reset what the managers hold, in all environments, in mjlab's order; commands and sums of rewards aside."""
    env.scene.reset(everyone)
    events = env.event_manager
    for cfg in events._mode_term_cfgs.get("reset", ()):
        cfg.func(env, everyone, **cfg.params)
    env.observation_manager.reset(everyone)
    env.action_manager.reset(everyone)
    _reset_terms(env.reward_manager, everyone)
    env.metrics_manager.reset(everyone)
    events.reset(everyone)
    _reset_terms(env.termination_manager, everyone)


def _reset_terms(manager: Any, everyone: torch.Tensor) -> None:
    for cfg in manager._class_term_cfgs:
        cfg.func.reset(env_ids=everyone)


def _mean_of(values: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Return the mean where `share`, 1/n in n environments, isn't 0; values elsewhere may be NaN."""
    return torch.where(share > 0, values * share, 0.0).sum()


def _log_rewards(env: Any, log: dict[str, Any], share: torch.Tensor) -> None:
    sums = env.reward_manager._episode_sums
    if sums:
        means = torch.stack(list(sums.values())) @ share / env.max_episode_length_s
        log.update(zip(("Episode_Reward/" + name for name in sums), means.unbind(), strict=True))


def _log_metrics(env: Any, log: dict[str, Any], share: torch.Tensor) -> None:
    """Log episodes' metrics; the manager of a task without metrics has no sums."""
    manager = env.metrics_manager
    for index, name in enumerate(getattr(manager, "_episode_sums", ())):
        reduce = manager._term_cfgs[index].reduce
        of_episode = manager._episode_sums[name]
        if reduce == "max":
            of_episode = manager._episode_max[name]
        elif reduce == "last":
            of_episode = manager._step_values[:, index]
        elif reduce != "sum":
            of_episode = of_episode / manager._step_count.float().clamp(min=1.0)
        log["Episode_Metrics/" + name] = _mean_of(of_episode, share)
