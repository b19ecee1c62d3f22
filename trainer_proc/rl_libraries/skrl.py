"""PPO of skrl (2.1): watched and steered after each rollout that was learned from.

`Agent.post_interaction` updates once a rollout, then writes scalars and checkpoints; `pre_interaction` comes before
each step. Both are wrapped on the instance. What `PPO.update` computes on the way is seen by wrapping `memory.sample`,
`policy.act` and the value preprocessor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from skrl.resources.schedulers.torch import KLAdaptiveLR

from trainer_proc.knobs.algorithm import ADAPTIVE, FIXED
from trainer_proc.metrics.ppo_diagnostics import change_of_policy, explained_variance
from trainer_proc.rl_libraries.runner import LibraryEnvironment, LibraryLogger, LibraryRunner, LibraryWriter, Renamed

_COMMON_NAMES = {
    "Reward / Total reward (mean)": "Train/mean_reward",
    "Episode / Total timesteps (mean)": "Train/mean_episode_length",
    "Loss / Policy loss": "Loss/surrogate",
    "Loss / Value loss": "Loss/value",
    "Policy / Standard deviation": "Policy/mean_std",
    "Learning / Learning rate": "",  # absent without a schedule: `collect` has it always
}
"""What rsl-rl calls the same."""


class SkrlAlgorithm:
    """PPO's settings of an agent under rsl-rl's names, and its update."""

    clip_param = Renamed("ratio_clip")
    entropy_coef = Renamed("entropy_loss_scale")
    value_loss_coef = Renamed("value_loss_scale")
    gamma = Renamed("discount_factor")
    lam = Renamed("gae_lambda")
    num_learning_epochs = Renamed("learning_epochs")

    def __init__(self, agent: Any) -> None:
        """Make the schedules that can be chosen."""
        self.settings = agent.cfg
        self.optimizer = agent.optimizer
        self.actor, self.critic = agent.policy, agent.value
        self._agent = agent
        is_adaptive = isinstance(agent.scheduler, KLAdaptiveLR)
        self._adaptive = agent.scheduler if is_adaptive else KLAdaptiveLR(agent.optimizer)
        self._update = agent.update
        self._at: dict[str, int] = {}
        self.losses: dict[str, float] = {}
        """Losses that whatever wraps `update` has found."""
        agent.update = self._update_at

    @property
    def learning_rate(self) -> float:
        """The rate of all networks; the schedule goes on from the optimizer's."""
        return float(self.optimizer.param_groups[0]["lr"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        """Do nothing: the knob writes the optimizer's."""

    @property
    def schedule(self) -> str:
        """Whether the adaptive schedule moves the learning rate."""
        return FIXED if self._agent.scheduler is None else ADAPTIVE

    @schedule.setter
    def schedule(self, name: str) -> None:
        self._agent.scheduler = self._adaptive if name == ADAPTIVE else None

    @property
    def desired_kl(self) -> float:
        """The threshold of the adaptive schedule."""
        return float(self._adaptive.kl_threshold)

    @desired_kl.setter
    def desired_kl(self, value: float) -> None:
        self._adaptive.kl_threshold = value

    @property
    def max_grad_norm(self) -> float | None:
        """Where gradients are clipped, None if they aren't."""
        return float(self.settings.grad_norm_clip) if self.settings.grad_norm_clip > 0 else None

    @max_grad_norm.setter
    def max_grad_norm(self, value: float) -> None:
        self.settings.grad_norm_clip = value

    def update(self) -> dict[str, float]:
        """Learn from a rollout; the losses are in what skrl writes."""
        self._update(**self._at)
        return {}

    def _update_at(self, **at: int) -> None:
        self._at = at
        self.losses = self.update()  # whatever wraps it


class SkrlRunner(LibraryRunner):
    """An agent of skrl that is about to train."""

    library = "skrl"

    def __init__(self, trainer: Any, agent: Any, env: Any, folder: Path) -> None:
        """Take skrl's trainer, its only agent and its wrapper of the environment; wraps methods on the instances."""
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
        env.step, env.reset = self._step_and_tell, self._reset_in_inference_mode
        agent.memory.sample, agent.policy.act = self._remember_batches, self._measured_act

        def add_scalar(*, tag: str, value: Any, timestep: int) -> None:
            writer.take(tag, value)
            self._add_scalar(tag=tag, value=value, timestep=timestep)

        agent.writer.add_scalar = add_scalar

    def state(self) -> dict[str, Any]:
        """Return what `Agent.save` writes."""
        return {name: module.state_dict() for name, module in self.agent.checkpoint_modules.items()}

    def set_state(self, content: dict[str, Any]) -> None:
        """Take back networks, preprocessors and optimizer. Raises `KeyError` if one is missing."""
        for name, module in self.agent.checkpoint_modules.items():
            module.load_state_dict(content[name])

    def collect(self) -> dict[str, float]:
        """Return KL and clip fraction as `PpoDiagnostics` does, explained variance, entropy, and the time it took."""
        took = {
            "Perf/collection_time": self._update_began - self._began,
            "Perf/learning_time": self._update_ended - self._update_began,
            "Perf/total_fps": self._rollout_steps() / (self._update_ended - self._began),
            "Loss/learning_rate": self.alg.learning_rate,
            "Policy/desired_kl": self.alg.desired_kl,
            **{f"Loss/{name}": value for name, value in self.alg.losses.items()},
        }
        if not self._log_probabilities or len(self._rollout_values) < 2:
            return took
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
        return {**dict(zip(names, measured, strict=True)), **took}

    def reset_non_finite_environments(self) -> None:
        """Reset all environments if what they have observed is not finite.

        The trainer holds the observation in a variable of its own: it is written in place.
        """
        wrapper = self._wrapper
        before = [tensor for tensor in (wrapper._observations, wrapper._states) if tensor is not None]
        if all(bool(torch.isfinite(tensor).all()) for tensor in before):
            return
        wrapper._reset_once = True
        wrapper.reset()
        after = [tensor for tensor in (wrapper._observations, wrapper._states) if tensor is not None]
        for old, new in zip(before, after, strict=True):
            old.copy_(new)

    def close_writer(self) -> None:
        """Write the rest of the TensorBoard file."""
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
        self._print_progress()
        self._end_iteration(self._rollout_steps())
        self._log_probabilities.clear()
        self._rollout_values.clear()
        self._began = time.perf_counter()
        if self.current_learning_iteration + 1 < self._total_iterations:
            self.current_learning_iteration += 1

    def _print_progress(self) -> None:
        """Tell the console, to which skrl writes a progress bar only."""
        speed = self._rollout_steps() / (self._update_ended - self._began)
        reward = self.logger.writer.taken("Reward / Total reward (mean)")
        of_reward = "" if reward is None else f", mean reward {float(reward):.2f}"
        progress = f"iteration {self.current_learning_iteration} of {self._total_iterations}"
        print(f"{progress}: {speed:.0f} steps/s{of_reward}")  # noqa: T201

    def _timed_update(self, **at: int) -> None:
        self._update_began = time.perf_counter()
        try:
            self._update(**at)
        finally:
            self._update_ended = time.perf_counter()
            self._batch_log_probability = None

    def _step_and_tell(self, actions: torch.Tensor) -> Any:
        wrapper = self._wrapper
        with torch.inference_mode():  # as under rsl-rl, so that what steers may write what a step has written
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
        place = names.index("log_prob")
        for batch in self._sample(names=names, **kwargs):
            self._batch_log_probability = batch[place]
            yield batch

    def _measured_act(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        acted = self._act(inputs, *args, **kwargs)
        if self._batch_log_probability is not None and "taken_actions" in inputs:
            pair = acted[1]["log_prob"].detach(), self._batch_log_probability
            self._log_probabilities.append((pair[0].reshape(-1), pair[1].reshape(-1)))
        return acted

    def _preprocess_values(self, values: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("train"):  # the rollout's values, then its returns
            self._rollout_values.append(values.detach().clone())
        return self._value_preprocessor(values, *args, **kwargs)
