"""One mini-batch of `PPO.update` of rsl-rl 5.4.2, without a number that the host must read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from trainer_proc.fast.ppo.adam import rate_in_groups
from trainer_proc.fast.ppo.gaussian import drawing_without_wait
from trainer_proc.fast.ppo.learning_rate import LearningRate, thresholds
from trainer_proc.fast.ppo.numbers import DeviceNumbers

_NUMBERS = (
    "clip",
    "minus_clip",
    "ratio_low",
    "ratio_high",
    "value_loss_coef",
    "entropy_coef",
    "max_grad_norm",
    "kl_high",
    "kl_low",
)


class MiniBatch:
    """A gradient step on the samples `indices`, whose results go to row `row` of the buffers.

    It reads rsl-rl's networks, storage and optimizer at each call, and its numbers from the device.
    """

    def __init__(self, algorithm: Any, invalid: torch.Tensor, samples: int, updates: int) -> None:
        """Allocate for `updates` of `samples` in an iteration; `invalid`: see `drawing_without_wait`."""
        self._algorithm = algorithm
        self._invalid = invalid
        device = invalid.device
        with torch.inference_mode(False):
            self.indices = torch.zeros(samples, dtype=torch.long, device=device)
            self._row = torch.zeros(1, dtype=torch.long, device=device)
            self.losses = torch.zeros(updates, 3, device=device)
            """Losses of value and surrogate, and entropy, of shape [updates, 3]."""
            self.new_log_prob = torch.zeros(updates, samples, device=device)
            self.old_log_prob = torch.zeros(updates, samples, device=device)
            self.norms = torch.zeros(updates, 2, device=device)
            """Gradient norms of actor and critic before clipping, of shape [updates, 2]."""
            self.shared = torch.zeros(sum(self._sizes()) + 1 if algorithm.is_multi_gpu else 0, device=device)
            """Gradients of all weights and the mean KL, to be summed over the processes."""
        self.rate = LearningRate(device)
        self._numbers = DeviceNumbers(_NUMBERS, device)

    @property
    def size(self) -> tuple[int, int]:
        """Samples in a mini-batch and updates in an iteration."""
        return len(self.indices), len(self.losses)

    def write_numbers(self) -> None:
        """Copy the algorithm's present numbers to the device, rounded as rsl-rl's update rounds them."""
        algorithm = self._algorithm
        clip = algorithm.clip_param
        high, low = thresholds(algorithm)
        self._numbers.write(
            {
                "clip": clip,
                "minus_clip": -clip,
                "ratio_low": 1.0 - clip,
                "ratio_high": 1.0 + clip,
                "value_loss_coef": algorithm.value_loss_coef,
                "entropy_coef": algorithm.entropy_coef,
                "max_grad_norm": algorithm.max_grad_norm,
                "kl_high": high,
                "kl_low": low,
            }
        )

    def choose(self, update: int, indices: torch.Tensor) -> None:
        self.indices.copy_(indices)
        self._row.fill_(update)

    def reads(self) -> list[torch.Tensor]:
        """Return its own tensors that a graph reads or writes."""
        return [self.indices, self._row, self.losses, self.new_log_prob, self.old_log_prob, self.norms, self.shared]

    def changed(self) -> list[torch.Tensor]:
        """Return its own tensors that a step changes and the next one reads."""
        return [self.rate.exact, self.rate.rounded, self._invalid]

    def step(self) -> tuple[torch.Tensor, ...]:
        """Compute gradients and descend.

        Returns the mean of the actions of each sample, and the standard deviations of one, before the step.
        """
        gradients, kl = self._gradients()
        shown = self._shown()
        self._descend(gradients, kl)
        return shown

    def compute(self) -> tuple[torch.Tensor, ...]:
        """As `step`, but leave gradients and KL in `shared` for the sum over several processes."""
        gradients, kl = self._gradients()
        torch.cat([*(one.reshape(-1) for one in gradients), kl.reshape(1)], out=self.shared)
        return self._shown()

    def apply(self) -> tuple[torch.Tensor, ...]:
        """Descend by the mean of what the processes have summed in `shared`."""
        *parts, kl = (self.shared / self._algorithm.gpu_world_size).split([*self._sizes(), 1])
        gradients = [part.view_as(one) for part, one in zip(parts, self._learned(), strict=True)]
        self._descend(gradients, kl.squeeze(0))
        return ()

    def _gradients(self) -> tuple[Sequence[torch.Tensor], torch.Tensor]:
        """Return the gradients of all weights and the mean KL, and note losses and log-probabilities."""
        algorithm, numbers, storage = self._algorithm, self._numbers, self._algorithm.storage
        actor, critic = algorithm.actor, algorithm.critic
        groups = dict.fromkeys((*actor.obs_groups, *critic.obs_groups))
        observations = {group: self._take(storage.observations[group]) for group in groups}
        old_log_prob = torch.squeeze(self._take(storage.actions_log_prob))
        advantages = self._advantages()

        with drawing_without_wait(actor.distribution, self._invalid):
            actor(observations, stochastic_output=True)  # which draws, as rsl-rl's update does
        log_prob = actor.get_output_log_prob(self._take(storage.actions))
        values = critic(observations)
        entropy = actor.output_entropy.mean()

        with torch.no_grad():
            old_params = tuple(self._take(one) for one in storage.distribution_params)
            kl = actor.get_kl_divergence(old_params, actor.output_distribution_params).mean()

        ratio = torch.exp(log_prob - old_log_prob)
        clipped = -advantages * torch.clamp(ratio, numbers["ratio_low"], numbers["ratio_high"])
        surrogate_loss = torch.max(-advantages * ratio, clipped).mean()
        value_loss = self._value_loss(values)
        loss = surrogate_loss + numbers["value_loss_coef"] * value_loss - numbers["entropy_coef"] * entropy

        with torch.no_grad():
            self._put(self.losses, torch.stack((value_loss, surrogate_loss, entropy)))
            self._put(self.new_log_prob, log_prob)
            self._put(self.old_log_prob, old_log_prob)
        return torch.autograd.grad(loss, self._learned()), kl

    def _shown(self) -> tuple[torch.Tensor, ...]:
        actor = self._algorithm.actor
        return actor.output_mean.detach(), actor.output_std[:1].detach().clone()

    def _advantages(self) -> torch.Tensor:
        advantages = self._take(self._algorithm.storage.advantages)
        if self._algorithm.normalize_advantage_per_mini_batch:
            with torch.no_grad():
                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        return torch.squeeze(advantages)

    def _value_loss(self, values: torch.Tensor) -> torch.Tensor:
        storage, numbers = self._algorithm.storage, self._numbers
        returns = self._take(storage.returns)
        if not self._algorithm.use_clipped_value_loss:
            return (returns - values).pow(2).mean()
        old_values = self._take(storage.values)
        value_clipped = old_values + (values - old_values).clamp(numbers["minus_clip"], numbers["clip"])
        return torch.max((values - returns).pow(2), (value_clipped - returns).pow(2)).mean()

    @torch.no_grad()
    def _descend(self, gradients: Sequence[torch.Tensor], kl: torch.Tensor) -> None:
        """Adapt the learning rate, clip the gradients of actor and critic, and change the weights."""
        algorithm, numbers = self._algorithm, self._numbers
        self.rate.adapt(kl, numbers["kl_high"], numbers["kl_low"], as_shared=algorithm.is_multi_gpu)
        of_actor = len(_learned(algorithm.actor))
        networks = gradients[:of_actor], gradients[of_actor:]
        norms = [clip_gradients(network, numbers["max_grad_norm"]) for network in networks]
        self._put(self.norms, torch.stack(norms))
        for one, gradient in zip(self._learned(), gradients, strict=True):
            one.grad = gradient
        with rate_in_groups(algorithm.optimizer, self.rate):
            algorithm.optimizer.step()
        for one in self._learned():
            one.grad = None  # of the graph's memory, which other graphs use too

    def _learned(self) -> list[torch.nn.Parameter]:
        return [*_learned(self._algorithm.actor), *_learned(self._algorithm.critic)]

    def _sizes(self) -> list[int]:
        return [one.numel() for one in self._learned()]

    def _take(self, stored: torch.Tensor) -> torch.Tensor:
        """Return the samples of a tensor of the storage, of shape [steps, num_envs, ...]."""
        return stored.flatten(0, 1)[self.indices]

    def _put(self, buffer: torch.Tensor, value: torch.Tensor) -> None:
        buffer.index_copy_(0, self._row, value.detach().unsqueeze(0))


def _learned(network: torch.nn.Module) -> list[torch.nn.Parameter]:
    return [one for one in network.parameters() if one.requires_grad]


@torch.no_grad()
def clip_gradients(gradients: Sequence[torch.Tensor], max_norm: torch.Tensor) -> torch.Tensor:
    """As `torch.nn.utils.clip_grad_norm_`, with a maximum on the device; return the norm before clipping."""
    norm = torch.nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(list(gradients), ((norm + 1e-6).reciprocal() * max_norm).clamp(max=1.0))
    return norm
