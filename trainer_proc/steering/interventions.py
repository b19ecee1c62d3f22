"""Turns knobs: each intervention wholly or not at all, at once or by a ramp, and against what else writes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.knob import Value, When
from trainer_proc.contract.messages import (
    Change,
    CompetingWriterFound,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    Ramp,
    RampAdvanced,
    TrainerBody,
)
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.steering.knob_set import KnobSet
from trainer_proc.steering.ramps import RampInProgress, Ramps
from trainer_proc.steering.state import SteeringState


class Interventions:
    """Holds the knobs of a training. Used by the training thread only, between iterations."""

    def __init__(self, emit: Callable[[TrainerBody], None], on_all_ranks: Callable[[bool], bool] = bool) -> None:
        """Tell of every change through `emit`; `on_all_ranks(is_so)` tells whether something is so on every rank."""
        self._emit = emit
        self._on_all_ranks = on_all_ranks
        self.knobs = KnobSet(TrainingKnobs([], []), {})
        self._ramps = Ramps()
        self._touched: set[str] = set()
        self._first_touched: dict[int, set[str]] = {}
        self._pinned: set[str] = set()
        self._begun_with: dict[str, Value] = {}
        self._told: dict[str, Value] = {}
        self._kept: Collection[str] = ()
        self.revision = 0

    @property
    def in_force(self) -> Mapping[str, Value]:
        """All knobs' values, as they were told last."""
        return self._told

    def publish_knobs(
        self, training: TrainingKnobs, bounds: dict[str, tuple[float, float]], kept: Collection[str] = ()
    ) -> None:
        """Publish all knobs, each within `bounds` (by name or pattern). Raises `LaunchValueRefused`.

        Those `kept`, a curriculum's, stay held against what else writes them, and in checkpoints, whatever is undone.
        """
        self._kept = kept
        self.knobs = KnobSet(training, bounds)
        self._begun_with = self.knobs.read_all()
        self._told = dict(self._begun_with)
        self._emit(KnobsAvailable(self.revision, self.knobs.described()))

    def competing_writer_found(self, knob: str, competing_writer: str, pinned: bool) -> None:
        """Publish that something else writes `knob`; `pinned` if it is held against it."""
        if pinned:
            self._pinned.add(knob)
        self._emit(CompetingWriterFound(knob, competing_writer, pinned))

    def apply(
        self, queued: InterventionQueued, iteration: int, pin: tuple[str, ...] = ()
    ) -> InterventionApplied | None:
        """Carry out an intervention that `iteration` begins under; None if the simulator refused it.

        Knobs named by `pin` count as pinned even if nothing is known to write them yet.
        """
        began = time.perf_counter()
        ramp = queued.ramp if queued.ramp is not None and queued.ramp.iterations > 1 else None
        released = self._released_by(queued)
        try:
            if queued.origin == "curriculum":
                self.knobs.check({change.knob: change.new for change in queued.changes})
            changes = self._with_unpinned(queued)
            ramps = self._prepare_ramps(changes, ramp, queued.when)
            values = {change.knob: change.new for change in changes} | {name: r.step() for name, r in ramps.items()}
            held = released & (self._pinned | self._touched)
            old = self.knobs.write(values, queued.when, self._on_all_ranks, released, held)
        except Exception as error:  # whatever a simulator's function raises: nothing has changed, the training goes on
            what = "" if queued.number or not queued.note else f"{queued.note}: "  # else it has a number to be found by
            self._emit(InterventionFailed(queued.number, iteration, what + one_line(error)))
            return None
        stopped = self._ramps.end(set(values) | set(queued.stop_ramps))
        for name in ramps:
            self._ramps.begin(ramps[name])
        self.revision = max(self.revision + 1, queued.revision)
        if queued.number:
            self._first_touched[queued.number] = set(values) - self._touched - released
        pinned, unpinned = self._settle_pins(values, released, pin)
        applied = InterventionApplied(
            number=queued.number,
            origin=queued.origin,
            iteration=iteration,
            revision=self.revision,
            changes=self._read_back(old),
            note=queued.note,
            when=queued.when,
            ramp=Ramp(ramp.iterations, ramp.shape, {r.knob: r.target for r in ramps.values()}) if ramp else None,
            pinned=pinned,
            unpinned=unpinned,
            released=tuple(name for name in self.knobs if name in released and name not in unpinned),
            stopped_ramps=tuple(name for name in stopped if name not in values),
            undoes=queued.undoes,
            redoes=queued.redoes,
            stall_ms=(time.perf_counter() - began) * 1000,
        )
        self._emit(applied)
        return applied

    def new_iteration(self, iteration: int) -> None:
        """Move every ramp on by a step, for `iteration`, and tell what else has moved."""
        self.knobs.new_iteration()
        whens = {ramp.knob: ramp.when for ramp in self._ramps.snapshot()}
        values = self._ramps.step()
        old: dict[str, Value] = {}
        for name, value in values.items():
            try:
                old |= self.knobs.write({name: value}, whens[name], self._on_all_ranks)
            except Exception as error:  # as above; a ramp that fails ends
                self._ramps.end({name})
                self._emit(InterventionFailed(0, iteration, f"the ramp of {name} ends: {one_line(error)}"))
            else:
                self._settle_pins([name], set())
        left = {name: self._ramps.iterations_left(name) for name in values}
        self._tell_moved(iteration, self._read_back(old), left)

    def report_competing_writes(self, iteration: int) -> None:
        """Publish which values something else has written since they were told."""
        self._tell_moved(iteration, (), {})

    def _tell_moved(self, iteration: int, ramped: tuple[Change, ...], left: dict[str, int]) -> None:
        told = self._told
        now = self.knobs.read_all()
        overwritten = self._read_back({name: told[name] for name, value in now.items() if value != told[name]})
        if not (overwritten or left):
            return
        self.revision += 1
        self._emit(RampAdvanced(iteration, self.revision, (*ramped, *overwritten), left))

    def _read_back(self, old: dict[str, Value]) -> tuple[Change, ...]:
        """Return what has become of the values in `old`; it counts as told."""
        changes = tuple(Change(name, value, self.knobs.read(name)) for name, value in old.items())
        self._told |= {change.knob: change.new for change in changes}
        return changes

    def snapshot(self, terrain_levels: tuple[int, ...] = (), terrain_types: tuple[int, ...] = ()) -> SteeringState:
        """Return what a checkpoint must carry for a resumed run to go on with it."""
        return SteeringState(
            values={name: self.knobs.read(name) for name in self.knobs if name in self._touched},
            pinned=tuple(name for name in self.knobs if name in self._pinned),
            ramps=tuple(self._ramps.snapshot()),
            revision=self.revision,
            terrain_levels=terrain_levels,
            terrain_types=terrain_types,
        )

    def restore(self, state: SteeringState, iteration: int, note: str) -> Collection[str]:
        """Continue with what a checkpoint carried, and return which knobs have taken it.

        Knobs that this training doesn't have are told of in the note.
        """
        self.revision = max(self.revision, state.revision)
        known = {name: value for name, value in state.values.items() if self.knobs.can_take(name, value)}
        missing = sorted(set(state.values) - set(known))
        if missing:
            note += f"; this training can't take: {', '.join(missing)}"
        if state.values:
            changes = tuple(Change(name, self.knobs.read(name), value) for name, value in known.items())
            restored = InterventionQueued(0, "checkpoint", changes, note, when="now")
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
                        note="goes on with its ramp",
                        when=ramp.when,
                        ramp=Ramp(ramp.iterations_left + 1, ramp.shape, {ramp.knob: ramp.target}),
                    )
                )
        return known

    def _released_by(self, queued: InterventionQueued) -> set[str]:
        """Return the knobs to be held no longer: those given back, and those that an undo leaves as nobody turned them.

        A curriculum that turns to such a knob later finds it as if it had never been touched.
        """
        released = set(queued.unpin)
        if queued.undoes is not None:
            names = {change.knob: change.new for change in queued.changes}
            at_beginning = {name for name, value in names.items() if value == self._begun_with[name]}
            untouched_before = self._first_touched.get(queued.undoes, set()) & set(names)
            released |= (at_beginning | untouched_before) & self._touched - self._pinned - set(self._kept)
        return released

    def _with_unpinned(self, queued: InterventionQueued) -> tuple[Change, ...]:
        """Return the changes, with those of knobs that are only given back, or that somebody else has already."""
        named = {change.knob for change in queued.changes}
        others = set(queued.unpin) - self._touched
        given_back = (name for name in queued.unpin if name not in named or name in others)
        turned = (change for change in queued.changes if change.knob not in others)
        return (*turned, *(Change(name, value := self.knobs.read(name), value) for name in given_back))

    def _prepare_ramps(self, changes: Iterable[Change], ramp: Ramp | None, when: When) -> dict[str, RampInProgress]:
        if ramp is None:
            return {}
        return {
            change.knob: RampInProgress(
                change.knob,
                self.knobs.read(change.knob),
                change.new,
                ramp.iterations,
                ramp.shape,
                when=when,
                whole=self.knobs.is_whole(change.knob),
            )
            for change in changes
            if not ramp.targets or change.knob in ramp.targets
        }

    def _settle_pins(
        self, names: Iterable[str], released: set[str], pin: tuple[str, ...] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Hold what was set and forget what was given back; return which knobs that pins and unpins."""
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
