"""The observation vector number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from trainer_proc.contract.bundle.description import ObservationTerm, ends_of


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
    """Return all numbers in the order of the vector: the oldest step first, by term or by time as the terms say."""
    found: list[Entry] = []
    for (_, order), together in groupby(terms, key=lambda term: (term.group, term.history_order)):
        group = list(together)
        if order == "term":
            found += [entry for term in group for step in _steps(term) for entry in step]
        else:
            found += [entry for steps in zip(*map(_steps, group), strict=True) for step in steps for entry in step]
    return found


def _steps(term: ObservationTerm) -> Iterator[list[Entry]]:
    for age in reversed(range(max(1, term.history_length))):
        yield [Entry(term, component, age) for component in range(term.step_size)]
