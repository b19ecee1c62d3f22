"""Returns to a checkpoint in a live training: after a guard's finding, or on the user's request."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from trainer_proc.contract.best_checkpoint import BEST_NAME
from trainer_proc.contract.messages import InterventionApplied, InterventionQueued, TrainerBody
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.products import CheckpointFailed, PolicyReloaded
from trainer_proc.contract.undo_history import undo_of
from trainer_proc.steering.changes import Changes
from trainer_proc.steering.guard import PREFIX
from trainer_proc.steering.guards import Guards
from trainer_proc.steering.interface import Actions
from trainer_proc.steering.interventions import Interventions
from trainer_proc.steering.pause import PauseState
from trainer_proc.steering.ranks import GuardOrder


class Rollback:
    """Carries out the orders of guards, and reloads. All ranks do the same."""

    def __init__(
        self,
        *,
        emit: Callable[[TrainerBody], None],
        guards: Guards,
        interventions: Interventions,
        changes: Changes,
        pause: PauseState,
        expanded: Callable[[InterventionQueued], InterventionQueued],
        on_all_ranks: Callable[[bool], bool],
    ) -> None:
        """Act on these parts of a steered training.

        `expanded` adds what curricula do with a change. `on_all_ranks` is `Ranks.all`.
        """
        self._emit = emit
        self._guards = guards
        self._interventions = interventions
        self._changes = changes
        self._pause = pause
        self._expanded = expanded
        self._on_all_ranks = on_all_ranks

    def carry_out(self, order: GuardOrder, iteration: int, actions: Actions) -> None:
        """Warn, pause, load the best checkpoint, or undo the last change; pause where no checkpoint can be loaded."""
        action, message = order.action, order.message
        if action == "undone":
            last = self._changes.last
            loaded = None if last is None else actions.reload(last.iteration - 1, self._on_all_ranks)
            if last is None or loaded is None:
                action, message = "paused", f"{message}; no checkpoint to return to"
            else:
                self._undo(last, iteration, f"{message}; {loaded} loaded")
                actions.reset_non_finite()
                what = f"#{last.number}" if last.number else f"the last {last.origin} change"
                message = f"{message}; {what} undone, {loaded} loaded"
        is_loaded = order.loads_best and actions.reload_file(BEST_NAME, self._on_all_ranks) is not None
        if order.loads_best and not is_loaded:
            action, message = "paused", f"{message}; {BEST_NAME} can't be loaded"
        if action == "paused":
            self._pause.by_guard(order, message)
        self._emit(GuardFired(order.guard, order.iteration, message, action))
        if is_loaded:
            self._has_reloaded(BEST_NAME, iteration, actions)

    def reload(self, checkpoint: str, iteration: int, actions: Actions) -> None:
        """Load a good checkpoint into the live policy and continue; without one, nothing changes."""
        if not checkpoint or actions.reload_file(checkpoint, self._on_all_ranks) is None:
            reason = f"{checkpoint} can't be loaded" if checkpoint else "there is no good checkpoint"
            self._emit(CheckpointFailed(iteration, f"nothing reloaded: {reason}"))
            return
        self._pause.end()
        self._has_reloaded(checkpoint, iteration, actions)

    def _has_reloaded(self, checkpoint: str, iteration: int, actions: Actions) -> None:
        actions.reset_non_finite()
        self._guards.judge_anew()
        self._interventions.report_competing_writes(iteration + 1)  # the checkpoint's learning rate
        self._emit(PolicyReloaded(iteration + 1, checkpoint))

    def _undo(self, last: InterventionApplied, iteration: int, reason: str) -> None:
        undo = undo_of(last, "guard", reason)
        changes = tuple(change for change in undo.changes if not change.knob.startswith(PREFIX))  # guards stay armed
        undo = msgspec.structs.replace(undo, changes=changes)
        self._interventions.apply(self._expanded(undo), iteration + 1)
        self._interventions.report_competing_writes(iteration + 1)  # the checkpoint's learning rate
        self._changes.last = None
