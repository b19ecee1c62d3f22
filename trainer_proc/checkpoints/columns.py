"""Pairs what two networks observe, number by number: by term, by name within the term, and by control step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Sources = list[int | None]
"""For each number of the new network, its place in the old one; None for a new number."""


@dataclass(frozen=True)
class Term:
    """An observation term as a network reads it."""

    name: str
    size: int
    """Count of numbers of one control step."""
    steps: int = 1
    """Control steps in the observation, the oldest first."""
    elements: tuple[str, ...] = ()
    """Name of each number of a step, its joint for one; empty if unknown."""


@dataclass(frozen=True)
class Group:
    """Terms that are concatenated."""

    terms: tuple[Term, ...]
    by_time: bool = False
    """Whether all terms of one control step follow each other, instead of all steps of one term."""

    @property
    def size(self) -> int:
        """Count of numbers."""
        return sum(term.size * term.steps for term in self.terms)


def pair_columns(old: Sequence[Group], new: Sequence[Group]) -> Sources:
    """Return where each number that a network observes comes from, histories paired from the newest step."""
    places: dict[tuple[str, int, int | None], int] = {
        (key, age, index): place for place, (key, _, age, index) in enumerate(_columns(old))
    }
    old_terms = dict(_keyed(old))
    return [
        places.get((key, age, _counterpart(old_terms[key], term, index))) if key in old_terms else None
        for key, term, age, index in _columns(new)
    ]


def pair_names(old: Sequence[str], new: Sequence[str]) -> Sources:
    """Return the place of each new name among the old ones."""
    places = {name: place for place, name in enumerate(old)}
    return [places.get(name) for name in new]


def is_unchanged(sources: Sources, old_size: int) -> bool:
    """Return whether both networks observe the same in the same order."""
    return sources == list(range(old_size))


def copied_text(network: str, old: Sequence[Group], new: Sequence[Group], sources: Sources) -> str:
    """Return in words which terms of the network are copied, new, or gone."""
    found: dict[str, list[bool]] = {}
    for (key, _, _, _), source in zip(_columns(new), sources, strict=True):
        found.setdefault(key, []).append(source is not None)
    copied = [key for key, is_copied in found.items() if any(is_copied)]
    parts = {
        "in part": [key for key in copied if not all(found[key])],
        "new": [key for key in found if key not in copied],
        "gone": [key for key, _ in _keyed(old) if key not in copied],
    }
    details = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
    count = f"{len(copied)} of {len(found)} observation terms of the {network}"
    return f"{count} ({details})" if details else count


_Column = tuple[str, Term, int, int]
"""Key and term, age in control steps, and place within the step."""


def _columns(groups: Sequence[Group]) -> Iterator[_Column]:
    keyed = _keyed(groups)
    for group in groups:
        terms = [next(keyed) for _ in group.terms]
        if group.by_time:
            for age in reversed(range(max((term.steps for term in group.terms), default=0))):
                for key, term in terms:
                    yield from ((key, term, age, index) for index in range(term.size))
        else:
            for key, term in terms:
                for age in reversed(range(term.steps)):
                    yield from ((key, term, age, index) for index in range(term.size))


def _keyed(groups: Sequence[Group]) -> Iterator[tuple[str, Term]]:
    """Yield each term with its name, numbered if several groups have one of that name."""
    seen: Counter[str] = Counter()
    for group in groups:
        for term in group.terms:
            seen[term.name] += 1
            yield term.name if seen[term.name] == 1 else f"{term.name} {seen[term.name]}", term


def _counterpart(old: Term, new: Term, index: int) -> int | None:
    """Return the place of the new term's number in the old term: by name, else only in terms of equal size."""
    if old.elements and new.elements:
        name = new.elements[index]
        return old.elements.index(name) if name in old.elements else None
    return index if old.size == new.size else None
