"""The iteration of a run as scripts get it, the same as on the screens."""

from __future__ import annotations


def iteration_record(newest: int | None) -> dict[str, int | None]:
    """Return `iteration` as on the screens, where `iteration 206 of 300` counts the finished ones.

    `newest_iteration` is the number of the newest one, from 0, as on charts, in checkpoints and of changes. Both are
    None before the first iteration has finished.
    """
    return {"iteration": None if newest is None else newest + 1, "newest_iteration": newest}
