"""Environments that act without exploration noise, so that success is that of the policy and not of its noise.

A small share of the environments acts by the policy's mean. PPO never learns from them: neither storage, returns,
normalizers, intrinsic rewards nor the logger's mean reward see them. Methods of rsl-rl's own PPO (5.4.2 and 5.5.1) are
wrapped on the instance; any other algorithm may keep data of all environments where no wrapper reaches.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from trainer_proc.metrics.observer import NotObservable, Observer

NOISE_FREE = "success without exploration noise"
"""Its name where it is left out: success is then measured with noise."""
_LEAST = 4
"""Environments; a rate over fewer takes too long to measure."""
_METHODS = ("act", "process_env_step", "compute_returns", "update")


def noise_free_slice(num_envs: int, share: float) -> slice:
    """Return the environments that act without noise: `share` of them, at least 4, at most a quarter.

    They are evenly spread, because neighbours share a terrain type, and a slice of a tensor costs no kernel. Raises
    `NotObservable` if there are fewer than 4 environments.
    """
    count = min(max(math.ceil(share * num_envs), _LEAST), num_envs // 4)
    if not count:
        raise NotObservable(f"expected at least 4 environments, got {num_envs}")
    stride = num_envs // count
    span = stride * (num_envs // stride - 1)  # may be a few more than `count`, to cover all
    first = (num_envs - span) // 2
    return slice(first, first + span + 1, stride)


class NoiseFree:
    """The split of a runner's environments in those that PPO learns from, and those that act without noise."""

    def __init__(self, runner: Any, share: float) -> None:
        """Change nothing yet. Raises `NotObservable` if rsl-rl's PPO doesn't train, or there are too few environments.

        `share`, above 0, is that of the environments without noise.
        """
        algorithm: Any = runner.alg
        logger, num_envs = runner.logger, int(runner.env.num_envs)
        self.environments = noise_free_slice(num_envs, share)
        """Those that act without noise."""
        for owner, name in [*((algorithm, name) for name in _METHODS), (logger, "process_env_step")]:
            if not _is_of_rsl_rl(owner, name):
                trainer = getattr(runner, "library", type(owner).__name__)
                raise NotObservable(f"{trainer} does not act and learn as PPO of rsl-rl")
        if not hasattr(type(getattr(algorithm.actor, "_orig_mod", algorithm.actor)), "output_mean"):
            raise NotObservable(f"{type(algorithm.actor).__name__} does not report the mean of its actions")
        storage = algorithm.storage
        if not _is_of_rsl_rl(storage, "add_transition") or storage.num_envs != num_envs or storage.step:
            raise NotObservable("expected an unused storage of rsl-rl for all environments")
        self._algorithm, self._logger, self._num_envs = algorithm, logger, num_envs
        is_trained = torch.ones(num_envs, dtype=torch.bool)
        is_trained[self.environments] = False
        self.trained: torch.Tensor = is_trained.nonzero()[:, 0].to(algorithm.device)
        """Numbers of the environments that PPO learns from."""
        self._last: dict[str, tuple[Any, Any]] = {}

    def install(self, observer: Observer) -> None:
        """Wrap the methods, and shrink the buffers; `observer` reports a policy whose mean is no action."""
        algorithm, logger = self._algorithm, self._logger
        self._observer = observer
        self._act, self._process = algorithm.act, algorithm.process_env_step
        self._returns, self._log_step = algorithm.compute_returns, logger.process_env_step
        _shrink(algorithm.storage, dim=1, old=self._num_envs, new=len(self.trained))
        _shrink(logger, dim=0, old=self._num_envs, new=len(self.trained))
        algorithm.storage.num_envs = len(self.trained)
        algorithm.act, algorithm.process_env_step = self._act_without_noise, self._process_trained
        algorithm.compute_returns, logger.process_env_step = self._returns_of_trained, self._log_trained
        for model in (algorithm.actor, algorithm.critic):
            if model.is_recurrent:
                self._reset_of_all(model)

    def _act_without_noise(self, obs: Any, *args: Any, **kwargs: Any) -> Any:
        actions = self._act(obs, *args, **kwargs)
        self._observer.attempt(NOISE_FREE, lambda: self._remove_noise(actions))
        return actions

    def _remove_noise(self, actions: torch.Tensor) -> None:
        actions[self.environments] = self._algorithm.actor.output_mean[self.environments]

    def _process_trained(self, obs: Any, rewards: torch.Tensor, dones: torch.Tensor, extras: dict[str, Any]) -> Any:
        transition = self._algorithm.transition
        observed = transition.observations
        for name, value in vars(transition).items():
            if name == "hidden_states":
                transition.hidden_states = tuple(self._hidden(one) for one in value)
            elif isinstance(value, tuple):
                setattr(transition, name, tuple(one[self.trained] for one in value))
            elif value is not None and value is not observed:
                setattr(transition, name, value[self.trained])
        transition.observations = self._of_trained("observations", observed)
        self._last.clear()  # an environment may write its next step into the same tensors
        if "time_outs" in extras:
            extras = {**extras, "time_outs": extras["time_outs"].to(self.trained.device)[self.trained]}
        return self._process(
            self._of_trained("observations", obs),  # also those of the next step's transition
            self._of_trained("rewards", rewards),
            self._of_trained("dones", dones),
            extras,
        )

    def _returns_of_trained(self, obs: Any) -> Any:
        critic = self._algorithm.critic
        hidden = critic.get_hidden_state()
        critic.reset(hidden_state=self._hidden(hidden))
        result = self._returns(self._of_trained("observations", obs))
        critic.reset(hidden_state=hidden)
        return result

    def _log_trained(self, rewards: torch.Tensor, dones: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        rows = self._of_trained("rewards", rewards), self._of_trained("dones", dones)
        for kind in ("rewards", "dones"):  # as above, where a graph has processed the step
            self._last.pop(kind, None)
        return self._log_step(*rows, *args, **kwargs)

    def _of_trained(self, kind: str, whole: Any) -> Any:
        """Return the rows of `whole` that are learned from; asking again in the same step costs nothing."""
        last, rows = self._last.get(kind, (None, None))
        if last is not whole:
            rows = whole[self.trained]
            self._last[kind] = whole, rows
        return rows

    def _hidden(self, state: Any) -> Any:
        """Return the hidden state of a recurrent network, of shape [layers, num_envs, size], without the others."""
        if isinstance(state, tuple):
            return tuple(self._hidden(one) for one in state)
        return None if state is None else state[:, self.trained]

    def _reset_of_all(self, model: Any) -> None:
        """Have `model`, whose hidden state is that of all environments, reset where any has ended."""
        reset = model.reset

        def reset_all(dones: Any = None, hidden_state: Any = None) -> Any:
            whole, trained = self._last.get("dones", (None, None))
            return reset(whole if dones is not None and dones is trained else dones, hidden_state)

        model.reset = reset_all


def _is_of_rsl_rl(owner: Any, name: str) -> bool:
    """Return whether a method is the library's own, neither overridden nor replaced on the instance."""
    method = getattr(type(owner), name, None)
    module = getattr(method, "__module__", "")
    is_expected = module.startswith(("rsl_rl.algorithms.ppo", "rsl_rl.storage.", "rsl_rl.utils.logger"))
    return is_expected and name not in vars(owner)


def _shrink(owner: Any, *, dim: int, old: int, new: int) -> None:
    """Shorten dimension `dim` of all buffers of `owner` from `old` to `new`."""
    for name, value in list(vars(owner).items()):
        shape = getattr(value, "shape", ())
        if len(shape) > dim and shape[dim] == old:
            setattr(owner, name, value[(slice(None),) * dim + (slice(new),)].clone())
