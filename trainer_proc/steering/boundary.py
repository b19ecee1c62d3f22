"""The one writer: every change to a running training passes through here, between two PPO iterations.

The wire process (`wire.request_validator`) has validated and answered every request before it arrives here. Changes are
applied at the iteration boundary, so that no rollout is half old and half new. With several ranks, all apply the same
list of orders.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

import msgspec

from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import (
    Change,
    GuardAction,
    GuardFired,
    InterventionApplied,
    InterventionQueued,
    PhaseChanged,
    PhaseName,
    TrainerBody,
)
from trainer_proc.contract.orders import Order
from trainer_proc.contract.requests import Export, Pause, Resume, Save, Stop
from trainer_proc.contract.undo_history import undo_of
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.steering.curricula import Curricula, NoCurricula
from trainer_proc.steering.guards import PREFIX, Guards
from trainer_proc.steering.interventions import Interventions
from trainer_proc.steering.ranks import AnyOrder, CurriculumOrder, GuardOrder, OneProcess, Ranks
from trainer_proc.steering.state import SteeringState

_SIGNAL_CHECK_SECONDS = 0.5
"""How long a paused training may overlook a stop that came as a signal."""


class TrainingStopped(BaseException):
    """Unwinds the training after a stop; no `Exception`, so that no library's handler swallows it."""


class Link(Protocol):
    """Where orders come from and what happens is told."""

    def emit(self, body: TrainerBody) -> None:
        """Tell of `body`, without blocking."""

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return orders that have arrived, waiting up to `timeout_seconds` for the first."""


@dataclass(frozen=True)
class Actions:
    """What a boundary can do beside turning knobs; `save` and `export` take the iteration just finished.

    `reload` loads the checkpoint of the given iteration into the live policy and returns its name, or None if there is
    none on one of the ranks (its second argument, `Ranks.all`, tells). `renew` lets environments begin anew whose
    state is not finite.
    """

    save: Callable[[int], None]
    export: Callable[[int], None]
    reload: Callable[[int, Callable[[bool], bool]], str | None]
    renew: Callable[[], None]


class Steering:
    """Carries out what was asked for. Used by the training thread only."""

    def __init__(self, link: Link, ranks: Ranks | None = None) -> None:
        """Take orders from `link` and publish through it."""
        self._link = link
        self._ranks = ranks or OneProcess()
        self._phase = PhaseChanged("building")
        self.guards = Guards()
        self.interventions = Interventions(link.emit, lambda is_so: self._ranks.all(is_so))
        self.curricula: Curricula = NoCurricula()
        self._launch_values: dict[str, Value] = {}
        self._resumed: tuple[SteeringState, str] | None = None
        self._queue: list[InterventionQueued | CurriculumOrder] = []
        self._kept_after = -1
        self._last: InterventionApplied | None = None
        self._pause_reason = ""
        self._pause = self._stop = self._save = self._export = self.was_asked_to_stop = False
        self._has_retired = False
        self.is_iterating = False
        """Whether the first iteration has begun; before it, a stop interrupts the build."""

    def join(self, ranks: Ranks) -> None:
        """Act together with other processes from now on."""
        self._ranks = ranks

    def enter(self, phase: PhaseName, detail: str = "", kernel_modules: int | None = None) -> None:
        """Publish a phase, if it is a new one. `kernel_modules` None keeps the count of before."""
        modules = self._phase.kernel_modules if kernel_modules is None else kernel_modules
        entered = PhaseChanged(phase, detail, modules)
        if entered != self._phase:
            self._phase = entered
            self._link.emit(entered)

    def kernel_module_loaded(self, detail: str, count: int) -> None:
        """Publish a kernel module that the simulator compiled or loaded."""
        self.enter("compiling", detail, count)

    def publish_knobs(
        self,
        training: TrainingKnobs,
        launch_values: dict[str, Value],
        bounds: dict[str, tuple[float, float]] | None = None,
        curricula: Curricula | None = None,
    ) -> None:
        """Publish the built training's knobs, the curricula's and the guards'.

        First levels and `launch_values` are set before the first iteration. Raises `LaunchValueRefused`.
        """
        self.curricula = curricula or self.curricula
        knobs = [*self.curricula.knobs(), *training.knobs, *self.guards.knobs()]
        self.interventions.publish_knobs(
            TrainingKnobs(knobs, training.competing_writers), bounds or {}, self.curricula.kept
        )
        for name, named in self.curricula.named():
            self.interventions.knobs.check_known(named, f"curriculum {name}: ")
        for name, values in self.curricula.checked_values():
            self.interventions.knobs.check(values, f"curriculum {name}: ")
        self._launch_values = self.interventions.knobs.check(launch_values)

    def resume_from(self, state: SteeringState, checkpoint: str) -> None:
        """Go on, before the first iteration, with what the checkpoint of that name carried."""
        self._resumed = (state, checkpoint)

    def start_iterating(self, first_iteration: int) -> None:
        """Set what a checkpoint carried, first levels and launch values; from now on a stop waits for a boundary.

        Raises `TrainingStopped` if a stop was asked for during the build and what was raised then has been swallowed.
        """
        if self._has_retired:
            return
        if self.was_asked_to_stop:
            raise TrainingStopped
        self.is_iterating = True
        self.interventions.report_competing_writes(first_iteration)  # a checkpoint brings its learning rate
        restored: Collection[str] = ()
        if self._resumed is not None:
            state, checkpoint = self._resumed
            state = self.curricula.without_own_ramps(state)
            restored = self.interventions.restore(state, first_iteration, f"continues from {checkpoint}")
        in_force = self.interventions.in_force
        for first_level in self.curricula.begin(first_iteration, restored, in_force):
            if self.interventions.apply(first_level, first_iteration) is None:
                self.interventions.apply(self.curricula.hold(first_level), first_iteration)
        if self._launch_values:
            changes = tuple(Change(name, value, value) for name, value in self._launch_values.items())
            launched = InterventionQueued(0, "launch", changes, "set at launch", when="now")
            self.interventions.apply(self.curricula.expanded(launched, in_force), first_iteration)
        self.enter("training")

    def at_boundary(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        """Carry out what was asked for since the last boundary; returns at once if that is nothing.

        `metrics` are those of the `iteration` just finished, for guards and curricula. Blocks while paused. Raises
        `TrainingStopped` after a stop, once `actions.save` has saved a checkpoint.
        """
        if self._has_retired:
            return
        self.interventions.new_iteration(iteration + 1)
        self.curricula.count(metrics)
        self._receive(0.0, self._own_orders(iteration, metrics), iteration, actions)
        self._turn(iteration, metrics, actions)
        self._let_curricula_decide(iteration, metrics, actions)
        self._write_files(iteration, actions)
        while self._pause and not self._stop:
            self.enter("paused", self._pause_reason or f"after iteration {iteration}")
            self._receive(_SIGNAL_CHECK_SECONDS, [], iteration, actions)
            self._turn(iteration, metrics, actions)
            self._write_files(iteration, actions)
        if not self._stop:
            self.enter("training")
            return
        self.enter("stopping", "saving a checkpoint")
        actions.save(iteration)
        raise TrainingStopped

    def retire(self) -> None:
        """Do nothing at boundaries any more: the run has ended, whatever its script still does."""
        self._has_retired = True

    def request_stop(self) -> None:
        """Ask for a stop at the next boundary, as `Stop` does; safe inside a signal handler."""
        self.was_asked_to_stop = True

    def _receive(self, timeout_seconds: float, own: list[AnyOrder], iteration: int, actions: Actions) -> None:
        orders = [*own, *self._link.receive(timeout_seconds)]
        if self.was_asked_to_stop:
            orders.append(Stop())
        for order in self._ranks.share(orders):
            match order:
                case InterventionQueued() | CurriculumOrder():
                    self._queue.append(order)
                case GuardOrder():
                    self._obey_guard(order, iteration, actions)
                case Pause():
                    self._pause, self._pause_reason = True, ""
                case Resume():
                    self._pause = False
                case Save():
                    self._save = True
                case Export():
                    self._export = True
                case Stop():
                    self._stop = True
                case _:
                    pass

    def _turn(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        """Turn the knobs that are asked for."""
        if not self._queue:
            return
        if self.guards.may_undo and self._kept_after != iteration:
            self._kept_after = iteration
            actions.save(iteration)  # what a guard goes back to
        for order in self._queue:
            if isinstance(order, InterventionQueued):
                self._apply(self.curricula.expanded(order, self.interventions.in_force), iteration, metrics)
            elif not self._apply(order.asked, iteration, metrics):
                self.curricula.refused(order)
        self._queue.clear()
        self.interventions.report_competing_writes(iteration + 1)  # two knobs may be on one value

    def _let_curricula_decide(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        """Carry out what curricula decide, who have to see first what was asked for and done at this boundary."""
        if not self.curricula:
            return
        in_force = self.interventions.in_force
        decided = [] if self._ranks.rank else self.curricula.decide(iteration, metrics, in_force)
        self._queue += [order for order in self._ranks.share(decided) if isinstance(order, CurriculumOrder)]
        self._turn(iteration, metrics, actions)

    def _write_files(self, iteration: int, actions: Actions) -> None:
        if self._save:
            self._save = False
            actions.save(iteration)
        if self._export:
            self._export = False
            actions.export(iteration)

    def _apply(self, queued: InterventionQueued, iteration: int, metrics: dict[str, float]) -> bool:
        applied = self.interventions.apply(queued, iteration + 1)
        if applied is None:
            return False
        is_of_guards = all(change.knob.startswith(PREFIX) for change in applied.changes)
        if not is_of_guards:
            self.guards.intervened(metrics)
        if applied.undoes is None and not is_of_guards:
            self._last = applied
        elif self._last is not None and applied.undoes == self._last.number:
            self._last = None
        return True

    def _own_orders(self, iteration: int, metrics: dict[str, float]) -> list[AnyOrder]:
        """Return what guards and recordings want to be done; rank 0, which has the metrics, looks for all."""
        if self._ranks.rank:
            return []
        recorded = self.curricula.replay(iteration, metrics, self.interventions.in_force)
        return [*self._guard_orders(iteration, metrics), *recorded]

    # --- guards ---

    def _guard_orders(self, iteration: int, metrics: dict[str, float]) -> list[AnyOrder]:
        orders: list[AnyOrder] = []
        for finding in self.guards.check(metrics):
            action: GuardAction = "warned" if finding.action == "warn" else "paused"
            if finding.action == "undo" and self._last is not None:
                action = "undone"
            orders.append(GuardOrder(finding.guard, iteration, finding.message, action))
        return orders

    def _obey_guard(self, order: GuardOrder, iteration: int, actions: Actions) -> None:
        action, message = order.action, order.message
        if action == "undone":
            last = self._last
            loaded = None if last is None else actions.reload(last.iteration - 1, self._ranks.all)
            if last is None or loaded is None:
                action, message = "paused", f"{message}; there is nothing to go back to"
            else:
                self._take_back(last, iteration, f"{message}; {loaded} loaded")
                actions.renew()
                what = f"intervention {last.number}" if last.number else f"what the {last.origin} did last"
                message = f"{message}; {what} undone, {loaded} loaded"
        if action == "paused":
            self._pause, self._pause_reason = True, f"guard {order.guard}: {message}"
        self._link.emit(GuardFired(order.guard, order.iteration, message, action))

    def _take_back(self, last: InterventionApplied, iteration: int, why: str) -> None:
        undo = undo_of(last, "guard", why)
        turned = tuple(change for change in undo.changes if not change.knob.startswith(PREFIX))  # a guard stays armed
        undo = msgspec.structs.replace(undo, changes=turned)
        self.interventions.apply(self.curricula.expanded(undo, self.interventions.in_force), iteration + 1)
        self.interventions.report_competing_writes(iteration + 1)  # the checkpoint's learning rate
        self._last = None
