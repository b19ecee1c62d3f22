"""Which of several runs are seen on the charts, and in which place, which is their sign: no more than differ."""

from __future__ import annotations

from collections.abc import Collection


class RunPlaces:
    """Runs are told by number, from 0 on. One that is hidden gets its own place back unless another needed it."""

    def __init__(self, runs: int, most: int, hidden: Collection[int] = ()) -> None:
        """Show the first of `runs` runs that aren't `hidden`, at most `most`."""
        self.count = min(runs, most)
        """How many places there are."""
        self._places: dict[int, int] = {run: run for run in range(self.count)}
        self._shown: set[int] = set()
        for run in range(runs):
            if run not in hidden:
                self.show(run)

    @property
    def seen(self) -> list[int | None]:
        """The run in each place, None where there is none."""
        by_place = {self._places[run]: run for run in self._shown}
        return [by_place.get(place) for place in range(self.count)]

    def is_seen(self, run: int) -> bool:
        """Whether a run has curves."""
        return run in self._shown

    def place(self, run: int) -> int | None:
        """Return the place of a run: its own while nobody else has it, None if it has none."""
        place = self._places.get(run)
        return place if place is not None and self.seen[place] in (run, None) else None

    def hide(self, run: int) -> None:
        """Take a run's curves away."""
        self._shown.discard(run)

    def show(self, run: int) -> bool:
        """Give a run its place, or the first that is free; return whether there was one."""
        own, seen = self.place(run), self.seen
        free = [own] if own is not None else [place for place, other in enumerate(seen) if other is None]
        if free:
            self._places[run] = free[0]
            self._shown.add(run)
        return bool(free)
