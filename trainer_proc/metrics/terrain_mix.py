"""Distribute environments over terrain types and their columns; plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trainer_proc.contract.errors import TrainingError


def environments_by_type(weights: Sequence[float], environments: int) -> list[int]:
    """Return the number of environments of each type, by weight (at least 0).

    Each type with a weight above 0 gets one if there are enough; the others follow the largest remainders. Source:
    mjlab's `TerrainEntity`. Raises `TrainingError` if no weight is above 0.
    """
    total = sum(weights)
    if total <= 0:
        raise TrainingError("terrain mix: expected a weight above 0 for at least one type, got none")
    at_least = [1 if weight > 0 else 0 for weight in weights]
    if sum(at_least) > environments:
        at_least = [0] * len(weights)
    left = environments - sum(at_least)
    shares = [left * (weight / total) for weight in weights]
    counts = [least + int(share) for least, share in zip(at_least, shares, strict=True)]
    by_remainder = sorted(range(len(weights)), key=lambda i: int(shares[i]) - shares[i])
    for i in by_remainder[: environments - sum(counts)]:
        counts[i] += 1
    return counts


def moved_to(counts: Sequence[int], types: Sequence[int]) -> list[int]:
    """Return `types`, the type of each environment, with `counts[i]` of type i; as few as possible change."""
    free = list(counts)
    wanted = []
    for kind in types:
        stays = free[kind] > 0
        free[kind] -= stays
        wanted.append(kind if stays else -1)
    missing = (kind for kind, count in enumerate(free) for _ in range(count))
    return [next(missing) if kind < 0 else kind for kind in wanted]


def moved_to_columns(counts: Sequence[int], columns: Sequence[int], types: Sequence[int]) -> list[int]:
    """Return `columns`, the column of each environment, with `counts[i]` environments on columns of type i.

    `types` is the type of each column. As few environments as possible move, each to the emptiest column of its new
    type.
    """
    present = [types[column] for column in columns]
    wanted = moved_to(counts, present)
    occupied = Counter(column for column, kind, new in zip(columns, present, wanted, strict=True) if kind == new)
    moved = []
    for column, kind, new in zip(columns, present, wanted, strict=True):
        if kind != new:
            column = min((c for c, of_type in enumerate(types) if of_type == new), key=occupied.__getitem__)
            occupied[column] += 1
        moved.append(column)
    return moved
