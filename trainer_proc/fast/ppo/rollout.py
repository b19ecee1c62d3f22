"""rsl-rl's methods of a rollout in graphs: `act`, `process_env_step` and `compute_returns`.

The graphs capture rsl-rl's own methods, with `NoiseFree` around them. Only what a graph can't do is replaced meanwhile:
numbers of the host, the check of standard deviations, and the storage's index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from tensordict import TensorDict

from trainer_proc.fast.graph import Graph
from trainer_proc.fast.part import Part
from trainer_proc.fast.ppo.episodes import EpisodeStatistics
from trainer_proc.fast.ppo.gaussian import drawing_without_wait, show
from trainer_proc.fast.ppo.nan_check import NanCheck
from trainer_proc.fast.ppo.normalizer import updating_in_place
from trainer_proc.fast.ppo.numbers import DeviceNumbers
from trainer_proc.fast.ppo.storage import StorageRow, storage_tensors
from trainer_proc.fast.replaced import replaced

_FIELDS = ("actions", "values", "actions_log_prob")
"""Fields of rsl-rl's transition that `act` computes; the parameters of the distribution follow."""
_DISCOUNTS = ("gamma", "lam")
_TIME_OUTS = "time_outs"


class Rollout:
    """Replaces the methods on the instance. `invalid` becomes true where rsl-rl would refuse to draw actions."""

    def __init__(
        self,
        algorithm: Any,
        *,
        act: Part,
        process: Part,
        returns: Part,
        invalid: torch.Tensor,
        nan: NanCheck,
        episodes: EpisodeStatistics | None,
    ) -> None:
        self._algorithm = algorithm
        self._act_part, self._process_part, self._returns_part = act, process, returns
        self._invalid = invalid
        self._nan, self._episodes = nan, episodes
        self._device = invalid.device
        self._numbers = DeviceNumbers(_DISCOUNTS, self._device)
        self._row = StorageRow(algorithm.storage, self._device)
        self._act_input = _Inputs(self._device)
        self._process_input = _Inputs(self._device)
        self._returns_input = _Inputs(self._device)
        self._acted: tuple[torch.Tensor, ...] = ()
        """Results of the graph of `act` that are not stored yet."""
        self._stored: tuple[torch.Tensor, ...] = ()
        """The results that the graph of `process_env_step` stores."""
        self._act: Callable[..., torch.Tensor] = algorithm.act
        self._process: Callable[..., None] = algorithm.process_env_step
        self._returns: Callable[..., None] = algorithm.compute_returns
        algorithm.act = self.act
        algorithm.process_env_step = self.process_env_step
        algorithm.compute_returns = self.compute_returns

    # --- act ---

    def act(self, obs: TensorDict) -> torch.Tensor:
        """Return actions of shape [num_envs, num_actions], which later calls leave as they are."""
        self._acted = ()
        if not self._act_part.is_due:
            return self._act(obs)
        is_new = self._act_input.set(obs) or self._is_first_step
        graph = self._act_part.last
        if is_new or graph is None:
            graph = self._act_part.graph(
                self._act_work,
                reads=(*self._network_tensors(), *self._act_input.tensors()),
                flags=self._flags(),
                changed=(self._invalid,),
            )
        if graph is None:
            return self._act(obs)
        self._acted = graph.replay()
        show(self._algorithm.actor.distribution, *self._params)
        self._set_transition(obs)
        return self._acted[0].clone()

    def _act_work(self) -> tuple[torch.Tensor, ...]:
        algorithm = self._algorithm
        with drawing_without_wait(algorithm.actor.distribution, self._invalid):
            self._act(self._act_input.observations())
        transition = algorithm.transition
        return (*(getattr(transition, name) for name in _FIELDS), *transition.distribution_params)

    def _set_transition(self, observations: TensorDict) -> None:
        transition = self._algorithm.transition
        for name, value in zip(_FIELDS, self._acted, strict=False):
            setattr(transition, name, value)
        transition.distribution_params = self._params
        transition.observations = observations

    # --- process_env_step ---

    def process_env_step(
        self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict[str, torch.Tensor]
    ) -> None:
        graph = self._process_graph(obs, rewards, dones, extras) if self._process_part.is_due else None
        if graph is None:
            if self._acted:  # a capture that has failed has stored the transition already, and cleared it
                self._set_transition(self._act_input.observations())
            self._nan.step(obs, rewards, dones)
            self._process(obs, rewards, dones, extras)
            return
        graph.replay()
        if self._episodes is not None and self._episodes.is_on:
            self._episodes.counted(self._algorithm.storage.step)
        self._algorithm.transition.clear()
        self._row.next()

    def _process_graph(
        self, obs: TensorDict, rewards: torch.Tensor, dones: torch.Tensor, extras: dict[str, torch.Tensor]
    ) -> Graph | None:
        """Return the graph of the step with these inputs; None if the step must run eagerly."""
        if not self._acted:
            self._process_part.eager("the actions of this step were not drawn by a graph")
            return None
        of_step = {"rewards": rewards, "dones": dones}
        if _TIME_OUTS in extras:
            of_step[_TIME_OUTS] = extras[_TIME_OUTS].to(self._device)
        is_new = self._process_input.set(obs, of_step) or self._is_first_step or self._stored is not self._acted
        self._stored = self._acted
        self._row.point()
        self._write_numbers()
        if not is_new and self._process_part.last is not None:
            return self._process_part.last
        self._row.allocate(self._params)
        self._nan.allocate(self._process_input.groups)
        kept = (*self._nan.changed(), *(self._episodes.changed() if self._episodes is not None else ()))
        return self._process_part.graph(
            self._process_work,
            reads=(
                *self._network_tensors(),
                *storage_tensors(self._algorithm.storage),
                *self._acted,
                *self._act_input.tensors(),
                *self._process_input.tensors(),
                *kept,
            ),
            flags=(*self._flags(), self._episodes is not None and self._episodes.is_on),
            changed=(*self._normalizer_tensors(), *kept),
        )

    def _process_work(self) -> tuple[torch.Tensor, ...]:
        self._set_transition(self._act_input.observations())
        rest = self._process_input.others()
        self._nan.add(self._process_input.groups, rest["rewards"])
        if self._episodes is not None and self._episodes.is_on:
            self._episodes.add(rest["rewards"], rest["dones"], self._row.index)
        storing = replaced(self._algorithm.storage, add_transition=self._row.add)
        with storing, self._numbers_on_device(), updating_in_place(*self._models()):
            self._process(self._process_input.observations(), rest.pop("rewards"), rest.pop("dones"), rest)
        return ()

    # --- compute_returns ---

    def compute_returns(self, obs: TensorDict) -> None:
        """As rsl-rl's. Raises `ValueError` if the environment has returned NaN in this rollout."""
        self._nan.read()
        if not self._returns_part.is_due:
            self._returns(obs)
            return
        self._returns_input.set(obs)
        self._write_numbers()
        graph = self._returns_part.graph(
            self._returns_work,
            reads=(*self._network_tensors(), *storage_tensors(self._algorithm.storage), *self._returns_input.tensors()),
            flags=(*self._flags(), self._algorithm.normalize_advantage_per_mini_batch),
        )
        if graph is None:
            self._returns(obs)
            return
        (self._algorithm.storage.advantages,) = graph.replay()

    def _returns_work(self) -> tuple[torch.Tensor, ...]:
        with self._numbers_on_device():
            self._returns(self._returns_input.observations())
        return (self._algorithm.storage.advantages,)

    # --- what the graphs read ---

    @property
    def _params(self) -> tuple[torch.Tensor, ...]:
        """Parameters of the distribution that the graph of `act` has drawn from."""
        return self._acted[len(_FIELDS) :]

    @property
    def _is_first_step(self) -> bool:
        """Whether a rollout begins: within one, networks and storage stay where they are."""
        return bool(self._algorithm.storage.step == 0)

    def _write_numbers(self) -> None:
        self._numbers.write({name: getattr(self._algorithm, name) for name in _DISCOUNTS})

    def _numbers_on_device(self) -> Any:
        return replaced(self._algorithm, **{name: self._numbers[name] for name in _DISCOUNTS})

    def _network_tensors(self) -> tuple[torch.Tensor, ...]:
        return tuple(tensor for model in self._models() for tensor in (*model.parameters(), *model.buffers()))

    def _normalizer_tensors(self) -> tuple[torch.Tensor, ...]:
        return tuple(tensor for model in self._models() for tensor in model.buffers())

    def _flags(self) -> tuple[bool, ...]:
        return tuple(model.training for model in self._models())

    def _models(self) -> tuple[torch.nn.Module, torch.nn.Module]:
        return self._algorithm.actor, self._algorithm.critic


class _Inputs:
    """Tensors that a graph reads; each call copies the caller's into them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.groups: dict[str, torch.Tensor] = {}
        """Observations by group."""
        self._others: dict[str, torch.Tensor] = {}
        self._batch_size: torch.Size = torch.Size()

    def set(self, observations: TensorDict, others: dict[str, torch.Tensor] | None = None) -> bool:
        """Copy the caller's tensors; return whether new ones had to be made for them."""
        given: dict[str, Any] = dict(observations.items())
        others = others or {}
        sources = [*given.values(), *others.values()]
        forms, kept = [_form(one) for one in sources], [_form(one) for one in self.tensors()]
        is_new = forms != kept or [*given, *others] != [*self.groups, *self._others]
        if is_new:
            with torch.inference_mode(False):
                self.groups = {name: _like(one, self._device) for name, one in given.items()}
                self._others = {name: _like(one, self._device) for name, one in others.items()}
        self._batch_size = observations.batch_size
        torch._foreach_copy_(self.tensors(), sources)
        return is_new

    def tensors(self) -> list[torch.Tensor]:
        return [*self.groups.values(), *self._others.values()]

    def observations(self) -> TensorDict:
        """Return the observations in a new object: `NoiseFree` keeps rows by the identity of the whole."""
        return TensorDict(dict(self.groups), batch_size=self._batch_size, device=self._device)

    def others(self) -> dict[str, torch.Tensor]:
        """Return the others as new objects, as above."""
        return {name: one.view(one.shape) for name, one in self._others.items()}


def _form(tensor: torch.Tensor) -> tuple[torch.Size, torch.dtype]:
    return tensor.shape, tensor.dtype


def _like(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
