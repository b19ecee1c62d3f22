"""Where each term's numbers are in the policy's observation."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.bundle.description import ObservationTerm


def columns_of(terms: Sequence[ObservationTerm]) -> list[list[int]]:
    """Return the columns of each term's numbers, the oldest control step first, as `history_order` says."""
    columns: list[list[int]] = []
    start = 0
    taken: dict[str, int] = {}
    for term in terms:
        stride, first = term.step_size, start
        if term.history_order == "time":
            stride = sum(one.step_size for one in terms if one.group == term.group)
            first = taken.setdefault(term.group, start)
            taken[term.group] += term.step_size
        places = range(first, first + stride * max(1, term.history_length), stride)
        columns.append([place + number for place in places for number in range(term.step_size)])
        start += term.size
    return columns
