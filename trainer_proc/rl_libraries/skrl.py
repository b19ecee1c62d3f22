"""Steers PPO of skrl (2.1) after each rollout and update.

`Agent.post_interaction` updates once per rollout, then writes scalars and checkpoints; `pre_interaction` precedes each
step. Both are wrapped on the instance. Wrapping `memory.sample`, `policy.act` and the value preprocessor shows the
intermediate results of `PPO.update`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from skrl.resources.schedulers.torch import KLAdaptiveLR

from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED
from trainer_proc.metrics.nan_guard import all_finite
from trainer_proc.metrics.policy_change import change_of_policy
from trainer_proc.metrics.ppo_diagnostics import explained_variance
from trainer_proc.rl_libraries.algorithm import LibraryAlgorithm, RenamedSetting
from trainer_proc.rl_libraries.runner import LibraryEnvironment, LibraryLogger, LibraryRunner, LibraryWriter

_COMMON_NAMES = {
    "Reward / Total reward (mean)": "Train/mean_reward",
    "Episode / Total timesteps (mean)": "Train/mean_episode_length",
    "Loss / Policy loss": "Loss/surrogate",
    "Loss / Value loss": "Loss/value",
    "Policy / Standard deviation": "Policy/mean_std",
    "Learning / Learning rate": "",  # written by skrl only with a schedule; `collect` always has it
}
"""rsl-rl's names of skrl's scalars; empty to omit one."""


class SkrlAlgorithm(LibraryAlgorithm):
    """The agent's PPO settings and update under rsl-rl's names."""

    clip_param = RenamedSetting("ratio_clip")
    entropy_coef = RenamedSetting("entropy_loss_scale")
    value_loss_coef = RenamedSetting("value_loss_scale")
    gamma = RenamedSetting("discount_factor")
    lam = RenamedSetting("gae_lambda")
    num_learning_epochs = RenamedSetting("learning_epochs")

    def __init__(self, agent: Any) -> None:
        is_adaptive = isinstance(agent.scheduler, KLAdaptiveLR)
        adaptive = agent.scheduler if is_adaptive else KLAdaptiveLR(agent.optimizer)
        super().__init__(agent.cfg, agent.optimizer, adaptive)
        self.actor, self.critic = agent.policy, agent.value
        self._agent = agent
        self._update = agent.update
        self._at: dict[str, int] = {}
        agent.update = self._update_at

    @property
    def learning_rate(self) -> float:
        """The rate of all networks; the schedule continues from the optimizer's."""
        return float(self.optimizer.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        """Do nothing: the knob writes the optimizer's rate."""

    @property
    def schedule(self) -> str:
        """Name of the schedule of the learning rate: fixed or adaptive."""
        return FIXED if self._agent.scheduler is None else ADAPTIVE

    @schedule.setter
    def schedule(self, name: str) -> None:
        self._agent.scheduler = self._adaptive if name == ADAPTIVE else None

    @property
    def max_grad_norm(self) -> float | None:
        """Norm to which gradients are clipped, None without clipping."""
        return float(self.settings.grad_norm_clip) if self.settings.grad_norm_clip > 0 else None

    @max_grad_norm.setter
    def max_grad_norm(self, value: float) -> None:
        self.settings.grad_norm_clip = value

    def update(self) -> dict[str, float]:
        """Learn from a rollout; skrl writes the losses itself."""
        self._update(**self._at)
        return {}

    def _update_at(self, **at: int) -> None:
        self._at = at
        self.losses = self.update()  # may be wrapped


class SkrlRunner(LibraryRunner):
    """Training of a skrl agent: skrl's trainer, its only agent and its wrapper of the environment.

    Methods of agent and wrapper are wrapped on the instances. `folder` is the run's.
    """

    library = "skrl"

    def __init__(self, trainer: Any, agent: Any, env: Any, folder: Path) -> None:
        writer = LibraryWriter(self._write, lambda tag: _COMMON_NAMES.get(tag, tag))
        bare = LibraryEnvironment(env.unwrapped)
        super().__init__(bare, SkrlAlgorithm(agent), LibraryLogger(folder, writer), str(agent.device))
        self.agent = agent
        self._trainer = trainer
        self._wrapper = env
        self._batch_log_probability: torch.Tensor | None = None
        self._log_probabilities: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._rollout_values: list[torch.Tensor] = []
        self._began = self._update_began = self._update_ended = 0.0
        self._add_scalar = agent.writer.add_scalar
        self._pre_interaction, self._post_interaction = agent.pre_interaction, agent.post_interaction
        self._update, self._value_preprocessor = agent.update, agent._value_preprocessor
        self._step, self._reset, self._sample, self._act = env.step, env.reset, agent.memory.sample, agent.policy.act
        agent.pre_interaction, agent.post_interaction = self._before_step, self._after_step
        agent.update, agent._value_preprocessor = self._timed_update, self._preprocess_values
        agent.write_checkpoint = self._want_checkpoint
        env.step, env.reset = self._step_and_log, self._reset_in_inference_mode
        agent.memory.sample, agent.policy.act = self._remember_batches, self._measured_act

        def add_scalar(*, tag: str, value: Any, timestep: int) -> None:
            writer.take(tag, value)
            self._record(lambda: self._add_scalar(tag=tag, value=value, timestep=timestep))

        agent.writer.add_scalar = add_scalar

    def state(self) -> dict[str, Any]:
        """Return the content of `Agent.save`."""
        return {name: module.state_dict() for name, module in self.agent.checkpoint_modules.items()}

    def policy_state(self) -> dict[str, dict[str, torch.Tensor]]:
        modules = self.agent.checkpoint_modules
        return {name: modules[name].state_dict() for name in ("policy", "observation_preprocessor") if name in modules}

    def set_state(self, content: dict[str, Any]) -> None:
        """Restore networks, preprocessors and optimizer. Raises `KeyError` if one is missing."""
        for name, module in self.agent.checkpoint_modules.items():
            module.load_state_dict(content[name])

    def collect(self) -> dict[str, float]:
        """Return KL and clip fraction as `PpoDiagnostics` does, explained variance, entropy and timing."""
        timing = {
            "Perf/collection_time": self._update_began - self._began,
            "Perf/learning_time": self._update_ended - self._update_began,
            "Perf/total_fps": self._rollout_steps() / (self._update_ended - self._began),
            "Loss/learning_rate": self.alg.learning_rate,
            "Policy/desired_kl": self.alg.desired_kl,
            **{f"Loss/{name}": value for name, value in self.alg.losses.items()},
        }
        if not self._log_probabilities or len(self._rollout_values) < 2:
            return timing
        new, old = (torch.cat(parts) for parts in zip(*self._log_probabilities, strict=True))
        values, returns = self._rollout_values
        entropy = self.agent.policy.distribution(role="policy").entropy().detach()
        measured = torch.stack(
            [
                *change_of_policy(new, old, self.alg.clip_param),
                explained_variance(returns, values),
                entropy.reshape(len(entropy), -1).sum(dim=-1).mean(),
            ]
        ).tolist()
        names = ("Policy/kl", "Policy/clip_fraction", "Policy/explained_variance", "Loss/entropy")
        return {**dict(zip(names, measured, strict=True)), **timing}

    def reset_non_finite_environments(self) -> None:
        """Reset all environments if any observation is not finite.

        The observation is written in place, because the trainer keeps it in a local variable.
        """
        wrapper = self._wrapper
        before = [tensor for tensor in (wrapper._observations, wrapper._states) if tensor is not None]
        if all_finite(before):
            return
        wrapper._reset_once = True
        wrapper.reset()
        after = [tensor for tensor in (wrapper._observations, wrapper._states) if tensor is not None]
        for old, new in zip(before, after, strict=True):
            old.copy_(new)

    def close_writer(self) -> None:
        self.agent.writer.close()

    def _train(self, total_iterations: int) -> None:
        left = total_iterations - self.current_learning_iteration
        self._trainer.cfg.timesteps = left * self.agent.cfg.rollouts
        self._trainer.train()

    def _rollout_steps(self) -> int:
        return int(self.agent.cfg.rollouts) * self.env.num_envs

    def _write(self, tag: str, value: Any, step: int) -> None:
        self._add_scalar(tag=tag, value=value, timestep=step)

    def _want_checkpoint(self, *, timestep: int, timesteps: int) -> None:
        self._save_is_due = True

    def _before_step(self, **at: int) -> None:
        if not self._is_learning:
            self._begin()
            self._began = time.perf_counter()
        self._pre_interaction(**at)

    def _after_step(self, **at: int) -> None:
        self._post_interaction(**at)
        if self.agent._rollout % self.agent.cfg.rollouts:
            return
        self._record(self._print_progress)
        self._end_iteration(self._rollout_steps())
        self._log_probabilities.clear()
        self._rollout_values.clear()
        self._began = time.perf_counter()
        if self.current_learning_iteration + 1 < self._total_iterations:
            self.current_learning_iteration += 1

    def _print_progress(self) -> None:
        """Print progress to the console, where skrl itself only draws a progress bar."""
        speed = self._rollout_steps() / (self._update_ended - self._began)
        reward = self.logger.writer.taken("Reward / Total reward (mean)")
        reward_text = "" if reward is None else f", mean reward {float(reward):.2f}"
        progress = f"iteration {self.current_learning_iteration} of {self._total_iterations}"
        print(f"{progress}: {speed:.0f} steps/s{reward_text}")  # noqa: T201

    def _timed_update(self, **at: int) -> None:
        self._update_began = time.perf_counter()
        try:
            self._update(**at)
        finally:
            self._update_ended = time.perf_counter()
            self._batch_log_probability = None

    def _step_and_log(self, actions: torch.Tensor) -> Any:
        wrapper = self._wrapper
        with torch.inference_mode():  # as in rsl-rl, so that steering may write a step's tensors
            _, rewards, terminated, truncated, infos = self._step(actions)
            dones = (terminated | truncated).view(-1)
            self.logger.process_env_step(rewards.view(-1), dones, {"time_outs": truncated.view(-1)})
        for name, value in infos.get(self._trainer.cfg.environment_info, {}).items():
            if isinstance(value, int | float):  # skrl takes tensors only
                self.agent.track_data(name if "/" in name else f"Info / {name}", value)
        wrapper._observations = wrapper._observations.clone()
        wrapper._states = None if wrapper._states is None else wrapper._states.clone()
        return wrapper._observations, rewards.clone(), terminated.clone(), truncated.clone(), infos

    def _reset_in_inference_mode(self) -> Any:
        wrapper = self._wrapper
        with torch.inference_mode():
            _, infos = self._reset()
        wrapper._observations = wrapper._observations.clone()
        wrapper._states = None if wrapper._states is None else wrapper._states.clone()
        return wrapper._observations, infos

    def _remember_batches(self, *, names: list[str], **kwargs: Any) -> Iterator[Any]:
        place = names.index("log_prob") if "log_prob" in names else None
        for batch in self._sample(names=names, **kwargs):
            self._batch_log_probability = None if place is None else batch[place]
            yield batch

    def _measured_act(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        acted = self._act(inputs, *args, **kwargs)
        if (old := self._batch_log_probability) is not None and "taken_actions" in inputs:
            self.observer.attempt("KL and clip fraction", lambda: self._take(acted[1]["log_prob"], old))
        return acted

    def _take(self, new: torch.Tensor, old: torch.Tensor) -> None:
        self._log_probabilities.append((new.detach().reshape(-1), old.reshape(-1)))

    def _preprocess_values(self, values: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("train"):  # the rollout's values, then its returns
            self.observer.attempt("explained variance", lambda: self._rollout_values.append(values.detach().clone()))
        return self._value_preprocessor(values, *args, **kwargs)
