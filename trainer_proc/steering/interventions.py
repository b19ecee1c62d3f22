"""Applies interventions to knobs: completely or not at all, at once or by a ramp, and against competing writers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.knob import Value, When
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    Ramp,
    RampAdvanced,
    TrainerBody,
)
from trainer_proc.contract.monitoring import CompetingWriterFound, LeftOut
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.metrics.observer import Observer
from trainer_proc.steering.knob_set import KnobSet
from trainer_proc.steering.ramps import RampInProgress, Ramps
from trainer_proc.steering.state import SteeringState


class Interventions:
    """Applies changes to the knobs of a training. Used by the training thread only, between iterations.

    Every change is published through `emit`. `on_all_ranks(is_so)` returns whether `is_so` on every rank.
    """

    def __init__(self, emit: Callable[[TrainerBody], None], on_all_ranks: Callable[[bool], bool] = bool) -> None:
        self._emit = emit
        self._observer = Observer(lambda what, reason: emit(LeftOut(what, reason)))
        self._on_all_ranks = on_all_ranks
        self.knobs = KnobSet(TrainingKnobs([], []), {})
        self._ramps = Ramps()
        self._touched: set[str] = set()
        """Knobs that were changed and are kept in checkpoints."""
        self._first_touched: dict[int, set[str]] = {}
        """By number of an intervention: the knobs that it was the first to change."""
        self._pinned: set[str] = set()
        self._initial: dict[str, Value] = {}
        self._published: dict[str, Value] = {}
        self._kept: Collection[str] = ()
        self.revision = 0

    @property
    def in_force(self) -> Mapping[str, Value]:
        """All knobs' values, as last published."""
        return self._published

    def publish_knobs(
        self, training: TrainingKnobs, bounds: dict[str, tuple[float, float]], kept: Collection[str] = ()
    ) -> None:
        """Publish all knobs, narrowed by `bounds` (by name or pattern). Raises `LaunchValueError`.

        Undo never releases `kept` knobs, which curricula own: they stay in checkpoints and pinned.
        """
        self._kept = kept
        self.knobs = KnobSet(training, bounds, self._observer)
        self._initial = self.knobs.read_all()
        self._published = dict(self._initial)
        self._emit(KnobsAvailable(self.revision, self.knobs.descriptions()))

    def competing_writer_found(self, knob: str, competing_writer: str, pinned: bool) -> None:
        """Publish a competing writer of `knob`; `pinned` if the knob is held against it."""
        if pinned:
            self._pinned.add(knob)
        self._emit(CompetingWriterFound(knob, competing_writer, pinned))

    def apply(
        self, queued: InterventionQueued, iteration: int, pin: tuple[str, ...] = ()
    ) -> InterventionApplied | None:
        """Apply an intervention before `iteration`; return None if the simulator refused it.

        Knobs in `pin` count as pinned even if no competing writer is known yet.
        """
        began = time.perf_counter()
        released = self._released_by(queued)
        try:
            old, ramps = self._write(queued, released)
        except Exception as error:  # simulators raise anything; nothing has changed and training continues
            context = f"{queued.note}: " if queued.note and not queued.number else ""  # else its number identifies it
            self._emit(InterventionFailed(queued.number, iteration, context + one_line(error)))
            return None
        stopped = self._ramps.end(old.keys() | set(queued.stop_ramps))
        for ramp in ramps.values():
            self._ramps.begin(ramp)
        self.revision = max(self.revision + 1, queued.revision)
        if queued.number:
            self._first_touched[queued.number] = old.keys() - self._touched - released
        pinned, unpinned = self._settle_pins(old, released, pin)
        applied = InterventionApplied(
            number=queued.number,
            origin=queued.origin,
            iteration=iteration,
            revision=self.revision,
            changes=self._read_back(old),
            note=queued.note,
            when=queued.when,
            ramp=_begun(queued.ramp, ramps.values()),
            pinned=pinned,
            unpinned=unpinned,
            released=tuple(name for name in self.knobs if name in released and name not in unpinned),
            stopped_ramps=tuple(name for name in stopped if name not in old),
            undoes=queued.undoes,
            redoes=queued.redoes,
            agent=queued.agent,
            stall_ms=(time.perf_counter() - began) * 1000,
        )
        self._emit(applied)
        return applied

    def _write(
        self, queued: InterventionQueued, released: set[str]
    ) -> tuple[dict[str, Value], dict[str, RampInProgress]]:
        """Write all values, of ramps the first step; return the values before and the ramps that begin, by knob."""
        if queued.origin == "curriculum":
            self.knobs.check({change.knob: change.new for change in queued.changes})
        changes = self._with_unpinned(queued)
        ramps = self._prepare_ramps(changes, queued.ramp, queued.when)
        first_steps = {name: ramp.step() for name, ramp in ramps.items()}
        return self.knobs.write(
            {change.knob: change.new for change in changes} | first_steps,
            when=queued.when,
            on_all_ranks=self._on_all_ranks,
            released=released,
            held=released & (self._pinned | self._touched),
        ), ramps

    def new_iteration(self, iteration: int) -> None:
        """Advance every ramp by one step, for `iteration`, and publish competing writes."""
        self.knobs.new_iteration()
        whens = {ramp.knob: ramp.when for ramp in self._ramps.snapshot()}
        values = self._ramps.step()
        old: dict[str, Value] = {}
        for name, value in values.items():
            try:
                old |= self.knobs.write({name: value}, when=whens[name], on_all_ranks=self._on_all_ranks)
            except Exception as error:  # as in `apply`; a ramp that fails ends
                self._ramps.end({name})
                self._emit(InterventionFailed(0, iteration, f"ramp of {name} stopped: {one_line(error)}"))
            else:
                self._settle_pins([name], set())
        left = {name: self._ramps.iterations_left(name) for name in values}
        self._publish_moves(iteration, self._read_back(old), left)

    def report_competing_writes(self, iteration: int) -> None:
        """Publish values that competing writers have changed since they were published."""
        self._publish_moves(iteration, (), {})

    def _publish_moves(self, iteration: int, ramped: tuple[Change, ...], left: dict[str, int]) -> None:
        before = self._published
        now = self.knobs.read_all()
        competing = self._read_back({name: before[name] for name, value in now.items() if value != before[name]})
        if not (competing or left):
            return
        self.revision += 1
        self._emit(RampAdvanced(iteration, self.revision, (*ramped, *competing), left))

    def _read_back(self, old: dict[str, Value]) -> tuple[Change, ...]:
        """Return the changes from the values in `old` to those in force, which count as published."""
        changes = tuple(Change(name, value, self.knobs.read(name)) for name, value in old.items())
        self._published |= {change.knob: change.new for change in changes}
        return changes

    def snapshot(self, terrain_levels: tuple[int, ...] = (), terrain_types: tuple[int, ...] = ()) -> SteeringState:
        """Return the state that a checkpoint carries, so that a resumed run continues with it."""
        return SteeringState(
            values={name: self.knobs.read(name) for name in self.knobs if name in self._touched},
            pinned=tuple(name for name in self.knobs if name in self._pinned),
            ramps=tuple(self._ramps.snapshot()),
            revision=self.revision,
            terrain_levels=terrain_levels,
            terrain_types=terrain_types,
        )

    def restore(self, state: SteeringState, iteration: int, note: str) -> Collection[str]:
        """Restore a checkpoint's state and return the restored knobs.

        The note lists the knobs that this training lacks or that refuse their value.
        """
        self.revision = max(self.revision, state.revision)
        known = {name: value for name, value in state.values.items() if self.knobs.can_take(name, value)}
        missing = sorted(set(state.values) - set(known))
        if missing:
            note += f"; not restored: {', '.join(missing)}"
        if state.values:
            changes = tuple(Change(name, self.knobs.read(name), value) for name, value in known.items())
            restored = InterventionQueued(number=0, origin="checkpoint", changes=changes, note=note, when="now")
            if self.apply(restored, iteration, state.pinned) is None:
                return ()
        for ramp in state.ramps:
            if ramp.knob in known and self.knobs.can_take(ramp.knob, ramp.target):
                self._ramps.begin(ramp)
                value = self.knobs.read(ramp.knob)
                self.revision += 1
                self._emit(
                    InterventionApplied(
                        number=0,
                        origin="checkpoint",
                        iteration=iteration,
                        revision=self.revision,
                        changes=(Change(ramp.knob, value, value),),
                        note="ramp continues",
                        when=ramp.when,
                        ramp=Ramp(ramp.iterations_left + 1, ramp.shape, {ramp.knob: ramp.target}),
                    )
                )
        return known

    def _released_by(self, queued: InterventionQueued) -> set[str]:
        """Return the knobs to release: those named, and those that an undo leaves as if never changed.

        A curriculum that writes such a knob later finds it untouched.
        """
        released = set(queued.unpin)
        if queued.undoes is not None:
            names = {change.knob: change.new for change in queued.changes}
            at_initial = {name for name, value in names.items() if value == self._initial[name]}
            untouched_before = self._first_touched.get(queued.undoes, set()) & set(names)
            released |= (at_initial | untouched_before) & self._touched - self._pinned - set(self._kept)
        return released

    def _with_unpinned(self, queued: InterventionQueued) -> tuple[Change, ...]:
        """Return the changes, completed by knobs that are only released, to the value that they have.

        A knob to unpin that was not touched has been released already: it keeps its competing writer's value.
        """
        named = {change.knob for change in queued.changes}
        released_before = set(queued.unpin) - self._touched
        unchanged = (name for name in queued.unpin if name not in named or name in released_before)
        changed = (change for change in queued.changes if change.knob not in released_before)
        return (*changed, *(Change(name, value := self.knobs.read(name), value) for name in unchanged))

    def _prepare_ramps(self, changes: Iterable[Change], ramp: Ramp | None, when: When) -> dict[str, RampInProgress]:
        if ramp is None or ramp.iterations <= 1:
            return {}
        return {
            change.knob: RampInProgress(
                knob=change.knob,
                start=self.knobs.read(change.knob),
                target=change.new,
                iterations=ramp.iterations,
                shape=ramp.shape,
                when=when,
                whole=self.knobs.is_whole(change.knob),
            )
            for change in changes
            if not ramp.targets or change.knob in ramp.targets
        }

    def _settle_pins(
        self, names: Iterable[str], released: set[str], pin: tuple[str, ...] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Hold changed knobs and forget released ones; return the newly pinned and the unpinned knobs."""
        pinned = []
        for name in names:
            if name in released:
                continue
            self._touched.add(name)
            if self.knobs.hold(name) or name in pin:
                pinned.append(name)
        newly_pinned = tuple(name for name in pinned if name not in self._pinned)
        unpinned = tuple(name for name in self.knobs if name in released and name in self._pinned)
        self._pinned = (self._pinned | set(pinned)) - released
        self._touched -= released
        return newly_pinned, unpinned


def _begun(ramp: Ramp | None, ramps: Iterable[RampInProgress]) -> Ramp | None:
    """Return the requested ramp with the targets of the knobs that it ramps; None without steps in between."""
    if ramp is None or ramp.iterations <= 1:
        return None
    return Ramp(ramp.iterations, ramp.shape, {one.knob: one.target for one in ramps})
