"""Interface of the curricula that steering uses; `trainer_proc.curriculum.driver` implements it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import InterventionQueued
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.steering.ranks import CurriculumOrder
from trainer_proc.steering.state import SteeringState


class Curricula(Protocol):
    """All curricula of a training. Used by the training thread only."""

    def __bool__(self) -> bool:
        """Return whether the training has curricula."""

    @property
    def kept(self) -> frozenset[str]:
        """Knobs that an undo never releases: those that a curriculum owns, its level and its mode."""

    def knobs(self) -> list[LiveKnob]:
        """Return level, mode and limits of every curriculum as knobs."""

    def checked_values(self) -> list[tuple[str, dict[str, Value]]]:
        """Return, by curriculum, every set of values that it may request and that must be within bounds."""

    def named(self) -> list[tuple[str, Collection[str]]]:
        """Return, by curriculum, the names of all knobs that it may request."""

    def without_own_ramps(self, state: SteeringState) -> SteeringState:
        """Return a checkpoint's state without the ramps that schedules in `auto` request again."""

    def begin(
        self, iteration: int, restored: Collection[str], in_force: Mapping[str, Value]
    ) -> list[InterventionQueued]:
        """Return the changes that set the first levels; levels among the `restored` knobs are left as they are."""

    def hold(self, refused: InterventionQueued) -> InterventionQueued:
        """Return the change that puts the curriculum on hold whose first level was `refused`."""

    def count(self, metrics: Mapping[str, float]) -> None:
        """Take in the metrics of a finished iteration, once for each."""

    def replay(
        self, iteration: int, metrics: Mapping[str, float], in_force: Mapping[str, Value]
    ) -> list[CurriculumOrder]:
        """Return what recordings request after `iteration`, at the moment user requests arrive."""

    def decide(
        self, iteration: int, metrics: Mapping[str, float], in_force: Mapping[str, Value]
    ) -> list[CurriculumOrder]:
        """Return what curricula request after `iteration`, with the values `in_force` after user requests."""

    def refused(self, order: CurriculumOrder) -> None:
        """Handle a curriculum's request that could not be applied; nothing has changed."""

    def metrics(self) -> dict[str, float]:
        """Return `Curriculum/<name>/level` and `Curriculum/<name>/episodes`, those finished at the level, of each."""

    def expanded(self, queued: InterventionQueued, in_force: Mapping[str, Value]) -> InterventionQueued:
        """Return a requested change with its effects on the curricula added."""


class NoCurricula:
    """Stands in for a training without curricula: requests nothing."""

    kept: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return False

    def knobs(self) -> list[LiveKnob]:
        return []

    def checked_values(self) -> list[tuple[str, dict[str, Value]]]:
        return []

    def named(self) -> list[tuple[str, Collection[str]]]:
        return []

    def without_own_ramps(self, state: SteeringState) -> SteeringState:
        return state

    def begin(
        self, iteration: int, restored: Collection[str], in_force: Mapping[str, Value]
    ) -> list[InterventionQueued]:
        return []

    def hold(self, refused: InterventionQueued) -> InterventionQueued:
        return refused

    def count(self, metrics: Mapping[str, float]) -> None:
        pass

    def replay(
        self, iteration: int, metrics: Mapping[str, float], in_force: Mapping[str, Value]
    ) -> list[CurriculumOrder]:
        return []

    def decide(
        self, iteration: int, metrics: Mapping[str, float], in_force: Mapping[str, Value]
    ) -> list[CurriculumOrder]:
        return []

    def refused(self, order: CurriculumOrder) -> None:
        pass

    def metrics(self) -> dict[str, float]:
        return {}

    def expanded(self, queued: InterventionQueued, in_force: Mapping[str, Value]) -> InterventionQueued:
        return queued
