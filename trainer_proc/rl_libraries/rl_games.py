"""Steers PPO of rl_games (1.6), its A2C agents, between two epochs.

`ContinuousA2CBase.train` and its discrete sibling have no hook between epochs. They begin each with `update_epoch`, run
it with `train_epoch`, and have written all scalars by the next. These methods are wrapped on the instance, and so are
`save`, `prepare_dataset` and `diagnostics.mini_batch`, which see the data of the metrics.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rl_games.common.schedulers import AdaptiveScheduler, IdentityScheduler

from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED, LINEAR
from trainer_proc.metrics.nan_guard import all_finite
from trainer_proc.metrics.policy_change import change_of_policy
from trainer_proc.metrics.ppo_diagnostics import explained_variance
from trainer_proc.rl_libraries.algorithm import LibraryAlgorithm, RenamedSetting
from trainer_proc.rl_libraries.runner import LibraryEnvironment, LibraryLogger, LibraryRunner, LibraryWriter

_COMMON_NAMES = {
    "rewards/iter": "Train/mean_reward",
    "episode_lengths/iter": "Train/mean_episode_length",
    "losses/a_loss": "Loss/surrogate",
    "losses/c_loss": "Loss/value",
    "losses/entropy": "Loss/entropy",
    "info/last_lr": "Loss/learning_rate",
    "info/kl": "Policy/kl",
    "performance/step_inference_rl_update_fps": "Perf/total_fps",
    "performance/step_inference_time": "Perf/collection_time",
    "performance/rl_update_time": "Perf/learning_time",
}
"""rsl-rl's names of rl_games's scalars; both KLs are the input of the adaptive schedule."""
_SAME_OVER = ("/step", "/time", "/frame")
"""Suffixes of names under which rl_games repeats a scalar over another axis than epochs."""
_DEFAULT_KL = 0.008
"""rl_games's own default."""


def common_name(tag: str) -> str:
    """Return the common name of rl_games's scalar `tag`, empty for a repetition of another."""
    if tag in _COMMON_NAMES:
        return _COMMON_NAMES[tag]
    if tag.endswith(_SAME_OVER):
        return ""
    if tag.endswith("/iter"):
        return tag.removesuffix("/iter")
    of_environment = tag.removeprefix("Episode/")  # as rsl-rl, which keeps names with a group
    return of_environment if "/" in of_environment else tag


class RlGamesAlgorithm(LibraryAlgorithm):
    """The agent's PPO settings and update under rsl-rl's names."""

    clip_param = RenamedSetting("e_clip")
    entropy_coef = RenamedSetting("entropy_coef")
    value_loss_coef = RenamedSetting("critic_coef")
    bounds_loss_coef = RenamedSetting("bounds_loss_coef")
    gamma = RenamedSetting("gamma")
    lam = RenamedSetting("tau")
    num_learning_epochs = RenamedSetting("mini_epochs_num")
    learning_rate = RenamedSetting("last_lr")

    def __init__(self, agent: Any) -> None:
        present = agent.scheduler
        is_adaptive = isinstance(present, AdaptiveScheduler)
        adaptive = present if is_adaptive else AdaptiveScheduler(agent.config.get("kl_threshold", _DEFAULT_KL))
        super().__init__(agent, agent.optimizer, adaptive)
        own = ADAPTIVE if is_adaptive else FIXED if isinstance(present, IdentityScheduler) else LINEAR
        self._schedules = {FIXED: IdentityScheduler(), ADAPTIVE: adaptive, own: present}
        self._train_epoch = agent.train_epoch
        self._result: Any = None
        agent.train_epoch = self._train_and_return

    @property
    def actor(self) -> torch.nn.Module:
        """The network of the actor, and of the critic unless that is a central one."""
        model: torch.nn.Module = bare(self.settings.model)
        return model

    @property
    def critic(self) -> torch.nn.Module | None:
        """The central critic of an asymmetric agent."""
        return self.settings.central_value_net if self.settings.has_central_value else None

    @property
    def schedule(self) -> str:
        """Name of the schedule of the learning rate."""
        return next(name for name, scheduler in self._schedules.items() if scheduler is self.settings.scheduler)

    @schedule.setter
    def schedule(self, name: str) -> None:
        self.settings.scheduler = self._schedules[name]

    @property
    def max_grad_norm(self) -> float | None:
        """Norm to which gradients are clipped, None without clipping."""
        return float(self.settings.grad_norm) if self.settings.truncate_grads else None

    @max_grad_norm.setter
    def max_grad_norm(self, value: float) -> None:
        self.settings.grad_norm = value

    def update(self) -> dict[str, float]:
        """Run an epoch; rl_games writes the losses itself."""
        self._result = self._train_epoch()
        return {}

    def _train_and_return(self) -> Any:
        self._result = None
        self.losses = self.update()  # may be wrapped
        if self._result is None:
            raise RuntimeError("the policy is not finite, and rl_games can't end an epoch early")
        return self._result


class RlGamesRunner(LibraryRunner):
    """Training of an rl_games agent, whose methods are wrapped on the instance.

    `run()` has rl_games train `agent`; `folder` is the run's.
    """

    library = "rl_games"

    def __init__(self, agent: Any, run: Callable[[], None], folder: Path) -> None:
        original = agent.writer.add_scalar
        writer = LibraryWriter(original, common_name)
        env = LibraryEnvironment(agent.vec_env.env.unwrapped)
        super().__init__(env, RlGamesAlgorithm(agent), LibraryLogger(folder, writer), agent.ppo_device)
        self.agent = agent
        self._run = run
        self._measures: dict[str, torch.Tensor] = {}
        self._log_probabilities: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._update_epoch, self._save_best = agent.update_epoch, agent.save
        self._step, self._reset = agent.vec_env.step, agent.vec_env.reset
        self._prepare_dataset = agent.prepare_dataset
        self._mini_batch = agent.diagnostics.mini_batch
        agent.update_epoch, agent.save = self._next_epoch, self._save_as_known
        agent.vec_env.step, agent.vec_env.reset = self._step_and_log, self._reset_in_inference_mode
        agent.prepare_dataset = self._measure_rollout
        agent.diagnostics.mini_batch = self._remember_mini_batch

        def add_scalar(tag: str, value: Any, *args: Any, **kwargs: Any) -> None:
            writer.take(tag, value)
            self._record(lambda: original(tag, value, *args, **kwargs))

        agent.writer.add_scalar = add_scalar

    def state(self) -> dict[str, Any]:
        """Return the content of `A2CAgent.save`, with plain numbers that load without running code."""
        state = self.agent.get_full_state_weights()
        state["model"] = bare(self.agent.model).state_dict()
        state["last_mean_rewards"] = float(state["last_mean_rewards"])
        return dict(state)

    def policy_state(self) -> dict[str, dict[str, torch.Tensor]]:
        return {"model": bare(self.agent.model).state_dict()}

    def set_state(self, content: dict[str, Any]) -> None:
        """Restore networks and optimizer, and continue with the optimizer's learning rate."""
        compiled, self.agent.model = self.agent.model, bare(self.agent.model)
        try:
            self.agent.set_full_state_weights(content, set_epoch=not self._is_learning)
        finally:
            self.agent.model = compiled
        self.agent.last_lr = self.agent.optimizer.param_groups[0]["lr"]

    def collect(self) -> dict[str, float]:
        """Return clip fraction, explained variance and standard deviation of the last epoch."""
        if not (self._log_probabilities and self._measures):
            return {}
        new, old = (torch.cat(parts) for parts in zip(*self._log_probabilities, strict=True))
        self._log_probabilities.clear()
        self._measures["Policy/clip_fraction"] = change_of_policy(new, old, self.alg.clip_param)[1]
        values = torch.stack(list(self._measures.values())).tolist()
        losses = {f"Loss/{name}": value for name, value in self.alg.losses.items()}
        return {**dict(zip(self._measures, values, strict=True)), **losses, "Policy/desired_kl": self.alg.desired_kl}

    def reset_non_finite_environments(self) -> None:
        observed = self.agent.obs["obs"]
        tensors = observed.values() if isinstance(observed, dict) else [observed]
        if not all_finite(tensors):
            self.agent.obs = self.agent.env_reset()

    def close_writer(self) -> None:
        self.agent.writer.close()

    def _train(self, total_iterations: int) -> None:
        self.agent.epoch_num = self.current_learning_iteration
        self.agent.max_epochs = total_iterations
        self._run()
        self._end_epoch()

    def _next_epoch(self) -> int:
        if self._is_learning:
            self._end_epoch()
        else:
            self._begin()
        epoch = int(self._update_epoch())
        self.current_learning_iteration = epoch - 1
        return epoch

    def _end_epoch(self) -> None:
        self._end_iteration(self.agent.curr_frames)

    def _save_as_known(self, file: str) -> None:
        """Save the best policy where rl_games does, other checkpoints as the run's."""
        if Path(file).name == self.agent.config["name"]:
            self._save_best(file)
        else:
            self._save_is_due = True

    def _step_and_log(self, actions: Any) -> Any:
        with torch.inference_mode():  # as in rsl-rl, so that steering may write a step's tensors
            observed, rewards, dones, infos = self._step(actions)
            self.logger.process_env_step(rewards, dones, infos)
        return _cloned(observed), rewards.clone(), dones.clone(), infos

    def _reset_in_inference_mode(self) -> Any:
        with torch.inference_mode():
            observed = self._reset()
        return _cloned(observed)

    def _measure_rollout(self, batch: dict[str, Any]) -> None:
        self._measures = {}
        self.observer.attempt("explained variance", lambda: self._take_rollout(batch))
        self._prepare_dataset(batch)

    def _take_rollout(self, batch: dict[str, Any]) -> None:
        self._measures["Policy/explained_variance"] = explained_variance(batch["returns"], batch["values"])
        if "sigmas" in batch:
            self._measures["Policy/mean_std"] = batch["sigmas"].mean()

    def _remember_mini_batch(self, agent: Any, batch: dict[str, Any], *rest: Any) -> None:
        self.observer.attempt("clip fraction", lambda: self._take_mini_batch(batch))
        self._mini_batch(agent, batch, *rest)

    def _take_mini_batch(self, batch: dict[str, Any]) -> None:
        self._log_probabilities.append((-batch["new_neglogp"].detach(), -batch["old_neglogp"].detach()))


def bare(model: Any) -> Any:
    """Return a network without the wrapper of `torch.compile`, which renames all weights."""
    return getattr(model, "_orig_mod", model)


def _cloned(observed: Any) -> Any:
    """Return observations (tensors, possibly in dictionaries) as copies that autograd may keep."""
    if isinstance(observed, dict):
        return {name: _cloned(value) for name, value in observed.items()}
    return observed.clone()
