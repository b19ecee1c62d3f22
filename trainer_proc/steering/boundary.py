"""The only writer: every change to a running training is applied here, between two PPO iterations.

The wire process (`wire.request_validator`) has validated and answered every request before. Changes are applied at the
iteration boundary, so that no rollout mixes old and new values. All ranks apply the same list of orders.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from trainer_proc.checkpoints.retention import Needed
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import (
    SET_AT_LAUNCH,
    Change,
    InterventionQueued,
    PhaseChanged,
    PhaseName,
)
from trainer_proc.contract.monitoring import GuardAction, GuardCalmed, LeftOut
from trainer_proc.contract.requests import Export, Pause, Reload, Resume, Save, Stop
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.metrics.observer import Observer
from trainer_proc.steering.changes import Changes
from trainer_proc.steering.curricula import Curricula, NoCurricula
from trainer_proc.steering.goal import GoalCheck
from trainer_proc.steering.guards import Guards
from trainer_proc.steering.interface import Actions, Link, TrainingStopped
from trainer_proc.steering.interventions import Interventions
from trainer_proc.steering.pause import PauseState
from trainer_proc.steering.ranks import AnyOrder, CurriculumOrder, GoalOrder, GuardOrder, OneProcess, Ranks, ReloadOrder
from trainer_proc.steering.rollback import Rollback
from trainer_proc.steering.state import SteeringState

_SIGNAL_CHECK_SECONDS = 0.5
"""Longest delay until a paused training notices a stop by signal."""


class Steering:
    """Carries out orders. Used by the training thread only."""

    def __init__(self, link: Link, ranks: Ranks | None = None) -> None:
        self._link = link
        self._ranks = ranks or OneProcess()
        self._phase = PhaseChanged("building")
        self.guards = Guards(Observer(lambda what, reason: link.emit(LeftOut(what, reason))))
        self.interventions = Interventions(link.emit, lambda is_so: self._ranks.all(is_so))
        self.curricula: Curricula = NoCurricula()
        self.goal = GoalCheck()
        self.reached = ""
        """Why the training has reached its goal, one line; empty before."""
        self.launch_note = SET_AT_LAUNCH
        """Note of the change that sets the launch values."""
        self._launch_values: dict[str, Value] = {}
        self._resumed: tuple[SteeringState, str] | None = None
        self._queue: list[InterventionQueued | CurriculumOrder] = []
        self._saved_after = -1
        """Iteration whose end a guard can return to."""
        self._changes = Changes()
        self._pause = PauseState()
        self._rollback = Rollback(
            emit=link.emit,
            guards=self.guards,
            interventions=self.interventions,
            changes=self._changes,
            pause=self._pause,
            expanded=self._expanded,
            on_all_ranks=lambda is_so: self._ranks.all(is_so),
        )
        self._stop = self._save = self._export = False
        self._has_retired = False
        self.was_asked_to_stop = False
        self.is_iterating = False
        """Whether the first iteration has begun; before it, a stop interrupts the build."""

    def join(self, ranks: Ranks) -> None:
        """Act together with other training processes from now on."""
        self._ranks = ranks

    def enter(
        self, phase: PhaseName, detail: str = "", kernel_modules: int | None = None, refused: bool = False
    ) -> None:
        """Publish a phase if it is a new one. `kernel_modules` None keeps the present count."""
        modules = self._phase.kernel_modules if kernel_modules is None else kernel_modules
        self._enter(PhaseChanged(phase, detail, modules, refused=refused))

    def _enter(self, entered: PhaseChanged) -> None:
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
        """Publish all knobs: the training's, the curricula's and the guards'.

        `launch_values` are applied before the first iteration; `bounds` narrow knobs, by name or pattern. Raises
        `LaunchValueError`.
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
        """Restore `state` before the first iteration; `checkpoint` is the name of its file."""
        self._resumed = (state, checkpoint)

    def start_iterating(self, first_iteration: int) -> None:
        """Apply the checkpoint's state, first levels and launch values; from now on a stop waits for a boundary.

        Raises `TrainingStopped` if a stop was requested during the build and its exception was swallowed.
        """
        if self._has_retired:
            return
        if self.was_asked_to_stop:
            raise TrainingStopped
        self.is_iterating = True
        self.interventions.report_competing_writes(first_iteration)  # a checkpoint's learning rate
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
            launched = InterventionQueued(number=0, origin="launch", changes=changes, note=self.launch_note, when="now")
            self.interventions.apply(self._expanded(launched), first_iteration)
        self.enter("training")

    def at_boundary(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        """Carry out all orders since the last boundary.

        `metrics` are those of the `iteration` just finished, for guards and curricula. Blocks while paused. Raises
        `TrainingStopped` after a stop, once a checkpoint is saved.
        """
        if self._has_retired:
            return
        self.interventions.new_iteration(iteration + 1)
        self.curricula.count(metrics)
        self._receive(0.0, self._automatic_orders(iteration, metrics), iteration, actions)
        self._apply_queue(iteration, metrics, actions)
        self._let_curricula_decide(iteration, metrics, actions)
        self._write_files(iteration, actions)
        if not self._stop:
            actions.start_periodic(iteration)
        while self._pause.is_on and not self._stop:
            self._enter(self._pause.waiting(iteration, actions, self._ranks, self._phase.kernel_modules))
            self._receive(_SIGNAL_CHECK_SECONDS, [], iteration, actions)
            self._apply_queue(iteration, metrics, actions)
            self._write_files(iteration, actions)
            actions.show_robot()
        if not self._stop:
            self.enter("training")
            return
        self.enter("stopping", "; ".join(filter(None, (self.reached, "saving a checkpoint"))))
        actions.save(iteration)
        raise TrainingStopped

    def wait_while(self, is_busy: Callable[[], bool], detail: str, iteration: int, actions: Actions) -> bool:
        """Wait at the last boundary while `is_busy` on any rank; return False if a stop ended the wait."""
        while not self._stop and not self._ranks.all(not is_busy()):
            self.enter("stopping", detail)
            self._receive(_SIGNAL_CHECK_SECONDS, [], iteration, actions)
        return not self._stop

    def needed_checkpoints(self, iteration: int) -> Needed:
        """Return the checkpoints that guards may return to after `iteration`, and those before changes by the user."""
        return self._changes.needed((iteration - self.guards.looks_back() + 1, *self._pause.good_before))

    def retire(self) -> None:
        """Ignore later boundaries: the run has ended, whatever its script still does."""
        self._has_retired = True

    def request_stop(self) -> None:
        """Request a stop at the next boundary, as `Stop` does; safe inside a signal handler."""
        self.was_asked_to_stop = True

    def _receive(self, timeout_seconds: float, own: list[AnyOrder], iteration: int, actions: Actions) -> None:
        orders = [*own, *self._link.receive(timeout_seconds)]
        if not self._ranks.all(not self.was_asked_to_stop):  # a signal may have reached the ranks of one node only
            orders.append(Stop())
        for order in self._ranks.share([self._located(order, actions) for order in orders]):
            match order:
                case InterventionQueued() | CurriculumOrder():
                    self._queue.append(order)
                case GuardOrder():
                    self._rollback.carry_out(order, iteration, actions)
                case GoalOrder(reason):
                    self._stop, self.reached = True, reason
                case ReloadOrder(checkpoint):
                    self._rollback.reload(checkpoint, iteration, actions)
                case Pause():
                    self._pause.by_user()
                case Resume():
                    self._pause.resume(actions)
                case Save():
                    self._save = True
                case Export():
                    self._export = True
                case Stop():
                    self._stop = True
                case _:
                    pass

    def _located(self, order: AnyOrder, actions: Actions) -> AnyOrder:
        """Return the order; of a reload, with the checkpoint that all ranks are to load."""
        return self._pause.reload_order(actions) if isinstance(order, Reload) else order

    def _apply_queue(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        if not self._queue:
            return
        if self.guards.may_undo and self._saved_after != iteration:
            self._saved_after = iteration
            actions.save(iteration)  # a guard may return to it
        for order in self._queue:
            if isinstance(order, InterventionQueued):
                self._apply(self._expanded(order), iteration, metrics)
            elif not self._apply(order.requested, iteration, metrics):
                self.curricula.refused(order)
        self._queue.clear()
        self.interventions.report_competing_writes(iteration + 1)  # two knobs may share one value

    def _let_curricula_decide(self, iteration: int, metrics: dict[str, float], actions: Actions) -> None:
        """Apply the curricula's decisions, which depend on the changes applied at this boundary."""
        if not self.curricula:
            return
        in_force = self.interventions.in_force
        decided = [] if self._ranks.rank else self.curricula.decide(iteration, metrics, in_force)
        self._queue += [order for order in self._ranks.share(decided) if isinstance(order, CurriculumOrder)]
        self._apply_queue(iteration, metrics, actions)

    def _write_files(self, iteration: int, actions: Actions) -> None:
        if self._save:
            self._save = False
            actions.save(iteration)
        if self._export:
            self._export = False
            actions.export(iteration)

    def _expanded(self, queued: InterventionQueued) -> InterventionQueued:
        return self.curricula.expanded(queued, self.interventions.in_force)

    def _apply(self, queued: InterventionQueued, iteration: int, metrics: dict[str, float]) -> bool:
        applied = self.interventions.apply(queued, iteration + 1)
        if applied is None:
            return False
        if self._changes.applied(applied):
            self.guards.intervened(metrics)
        return True

    def _automatic_orders(self, iteration: int, metrics: dict[str, float]) -> list[AnyOrder]:
        """Return the orders of guards, recordings and the goal. Only rank 0 has metrics, so it decides for all."""
        if self._ranks.rank:
            return []
        recorded = self.curricula.replay(iteration, metrics, self.interventions.in_force)
        reached = self.goal.check(metrics)
        return [*self._guard_orders(iteration, metrics), *recorded, *([GoalOrder(reached)] if reached else [])]

    def _guard_orders(self, iteration: int, metrics: dict[str, float]) -> list[AnyOrder]:
        orders: list[AnyOrder] = []
        findings = self.guards.check(metrics)
        for guard in self.guards.calmed():
            self._link.emit(GuardCalmed(guard, iteration))
        for finding in findings:
            action: GuardAction = "warned" if finding.action == "warn" else "paused"
            if finding.action == "undo" and self._changes.last is not None:
                action = "undone"
            is_of_best = finding.action == "best"
            action = "warned" if is_of_best else action
            order = GuardOrder(finding.guard, iteration, finding.message, action, finding.iterations, is_of_best)
            orders.append(order)
        return orders
