"""Visible runs on shared charts and their places, which decide their colours and signs."""

from __future__ import annotations

from collections.abc import Collection


class RunPlaces:
    """Runs have numbers from 0. A hidden run gets its own place back unless another took it."""

    def __init__(self, runs: int, most: int, hidden: Collection[int] = ()) -> None:
        """Show the first of `runs` runs that are not `hidden`, at most `most`."""
        self.count = min(runs, most)
        """Number of places."""
        self._places: dict[int, int] = {run: run for run in range(self.count)}
        self._shown: set[int] = set()
        for run in range(runs):
            if run not in hidden:
                self.show(run)

    @property
    def seen(self) -> list[int | None]:
        """The run in each place; None for a free one."""
        by_place = {self._places[run]: run for run in self._shown}
        return [by_place.get(place) for place in range(self.count)]

    def is_seen(self, run: int) -> bool:
        return run in self._shown

    def place(self, run: int) -> int | None:
        """Return the place of a run; None if it has none or another took it."""
        place = self._places.get(run)
        return place if place is not None and self.seen[place] in (run, None) else None

    def hide(self, run: int) -> None:
        self._shown.discard(run)

    def show(self, run: int) -> bool:
        """Give a run its place, or the first free one; return whether there was one."""
        own, seen = self.place(run), self.seen
        free = [own] if own is not None else [place for place, other in enumerate(seen) if other is None]
        if free:
            self._places[run] = free[0]
            self._shown.add(run)
        return bool(free)
