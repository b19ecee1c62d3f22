"""rsl-rl's `PPO.update` as one graph that is replayed for each mini-batch, with one read from the device at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from trainer_proc.fast.graph import Graph
from trainer_proc.fast.part import Part
from trainer_proc.fast.ppo.adam import move_counters, reason_against, state_tensors
from trainer_proc.fast.ppo.gaussian import INVALID, show
from trainer_proc.fast.ppo.learning_rate import is_adaptive
from trainer_proc.fast.ppo.mini_batch import MiniBatch
from trainer_proc.fast.ppo.storage import storage_tensors
from trainer_proc.metrics.update_part import RecordedUpdate

_CPU = torch.device("cpu")


class Update:
    """Replaces `update` on the instance. `invalid`: see `drawing_without_wait`.

    Several processes sum their gradients between two graphs, eagerly: `part` computes them, `after` descends.
    """

    def __init__(self, algorithm: Any, part: Part, invalid: torch.Tensor, after: Part | None = None) -> None:
        self._algorithm = algorithm
        self._part, self._after = part, after
        self._invalid = invalid
        self._batch: MiniBatch | None = None
        self.record: Callable[[RecordedUpdate], None] = lambda recorded: None
        """Called after each captured update, before `update` returns."""
        self._update: Callable[[], dict[str, float]] = algorithm.update
        algorithm.update = self.update

    def update(self) -> dict[str, float]:
        """Return mean losses as rsl-rl. Raises `RuntimeError` if standard deviations have become invalid."""
        graphs = self._agreed(self._prepared() if self._part.is_due else [])
        if not graphs or self._batch is None:
            if self._batch is not None:  # which has moved them to the device
                move_counters(self._algorithm.optimizer, _CPU)
            return self._update()
        self._replay(graphs, self._batch)
        losses = self._read(self._batch)
        self._record(self._batch)
        self._algorithm.storage.clear()
        return losses

    def _prepared(self) -> list[Graph]:
        """Return the graphs for the present state of the algorithm; none if it must run eagerly."""
        if reason := self._reason():
            self._part.eager(reason)
            return []
        algorithm, storage = self._algorithm, self._algorithm.storage
        samples = storage.num_envs * storage.num_transitions_per_env // algorithm.num_mini_batches
        size = (samples, algorithm.num_learning_epochs * algorithm.num_mini_batches)
        if self._batch is None or self._batch.size != size:
            self._batch = MiniBatch(algorithm, self._invalid, *size)
        batch = self._batch
        batch.write_numbers()
        batch.rate.set(algorithm.learning_rate if is_adaptive(algorithm) else algorithm.optimizer.param_groups[0]["lr"])
        move_counters(algorithm.optimizer, self._invalid.device)
        captured = [self._captured(self._part, batch.step if self._after is None else batch.compute, batch)]
        if self._after is not None:
            captured.append(self._captured(self._after, batch.apply, batch))
        graphs = [graph for graph in captured if graph is not None]
        return graphs if len(graphs) == len(captured) else []

    def _captured(self, part: Part, work: Callable[[], tuple[torch.Tensor, ...]], batch: MiniBatch) -> Graph | None:
        algorithm, storage = self._algorithm, self._algorithm.storage
        learned = [*self._parameters(), *state_tensors(algorithm.optimizer)]
        buffers = (*algorithm.actor.buffers(), *algorithm.critic.buffers())
        return part.graph(
            work,
            reads=[*learned, *buffers, *storage_tensors(storage), storage.advantages, *batch.reads()],
            flags=(
                algorithm.use_clipped_value_loss,
                algorithm.normalize_advantage_per_mini_batch,
                algorithm.actor.training,
                algorithm.critic.training,
                *(one.requires_grad for one in self._parameters()),
            ),
            changed=[*learned, *batch.changed()],
        )

    def _agreed(self, graphs: list[Graph]) -> list[Graph]:
        """Return `graphs` if all processes have theirs: eager ones would wait for other sums. All call this."""
        if self._after is None:
            return graphs
        are_all = torch.tensor(float(bool(graphs)), device=self._invalid.device)
        torch.distributed.all_reduce(are_all, op=torch.distributed.ReduceOp.MIN)
        if graphs and not are_all.item():
            self._part.eager("another process runs its update eagerly")
            return []
        return graphs

    def _reason(self) -> str:
        """Return why this update must run eagerly; empty if it need not."""
        optimizer = self._algorithm.optimizer
        if reason := reason_against(optimizer):
            return reason
        if any(one.requires_grad and one not in optimizer.state for one in self._parameters()):
            return "the optimizer has no state yet"
        return ""

    def _replay(self, graphs: list[Graph], batch: MiniBatch) -> None:
        samples, updates = batch.size
        count = self._algorithm.num_mini_batches
        indices = torch.randperm(count * samples, device=batch.indices.device)  # as the storage draws them
        for update in range(updates):
            start = update % count * samples
            batch.choose(update, indices[start : start + samples])
            graphs[0].replay()
            if self._after is not None:
                torch.distributed.all_reduce(batch.shared, op=torch.distributed.ReduceOp.SUM)
                graphs[1].replay()
        show(self._algorithm.actor.distribution, *graphs[0].results)

    def _read(self, batch: MiniBatch) -> dict[str, float]:
        """Return the mean losses, summed as rsl-rl sums them, and write the learning rate where others read it."""
        algorithm = self._algorithm
        flags = torch.stack((batch.rate.exact, self._invalid.double()))
        *losses, rate, is_invalid = torch.cat((batch.losses.double().flatten(), flags)).tolist()
        if is_invalid:
            self._invalid.zero_()
            raise RuntimeError(INVALID)
        if is_adaptive(algorithm):
            algorithm.learning_rate = rate
            for group in algorithm.optimizer.param_groups:
                group["lr"] = rate
        updates = len(batch.losses)
        return {name: sum(losses[start::3]) / updates for start, name in enumerate(("value", "surrogate", "entropy"))}

    def _record(self, batch: MiniBatch) -> None:
        actor, critic = batch.norms.unbind(1)
        self.record(RecordedUpdate(batch.new_log_prob, batch.old_log_prob, {"actor": actor, "critic": critic}))

    def _parameters(self) -> list[torch.nn.Parameter]:
        return [*self._algorithm.actor.parameters(), *self._algorithm.critic.parameters()]
