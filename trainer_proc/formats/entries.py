"""The observation vector number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer_proc.contract.bundle.description import ObservationTerm, ends_of
from trainer_proc.deploy.layout import columns_of


@dataclass(frozen=True)
class Entry:
    """One number of the observation."""

    term: ObservationTerm
    component: int
    """Which number of the term's value, from 0."""
    age: int
    """How many control steps ago it was observed."""

    @property
    def scale(self) -> float:
        """Factor of the value, applied after the clip."""
        scale = self.term.scale
        return scale[self.component] if len(scale) > 1 else scale[0]

    @property
    def clip(self) -> tuple[float, float]:
        """Lowest and highest value, infinite without a limit."""
        return ends_of(self.term.clip)


def entries(terms: Sequence[ObservationTerm]) -> list[Entry]:
    """Return all numbers in the order of the vector."""
    found: dict[int, Entry] = {}
    for term, columns in zip(terms, columns_of(terms), strict=True):
        steps = max(1, term.history_length)
        for place, column in enumerate(columns):
            step, component = divmod(place, term.step_size)
            found[column] = Entry(term, component, age=steps - 1 - step)
    return [found[column] for column in sorted(found)]
