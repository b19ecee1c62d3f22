"""The search for the number of environments that trains fastest, on machines whose speed is a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.probing.search import GAIN, Probe, Search

MIB = 1024**2


def machine(full_at, fixed=900 * MIB, each=8 * MIB, total=8192 * MIB):
    """Return a device that is fully used from so many environments on, and whose memory is `total` bytes."""

    def probe(num_envs):
        used = fixed + num_envs * each
        if used > total:
            return Probe(num_envs, "out of memory", reason="CUDA out of memory")
        return Probe(num_envs, "measured", 1e5 * min(1.0, num_envs / full_at), used, total)

    return probe


def search(probe, first, most=1 << 20):
    found, tried = Search(first, most), []
    while (count := found.next()) is not None:
        assert count not in tried
        tried.append(count)
        found.add(probe(count))
    return found.best, tried


@pytest.mark.parametrize(
    ("first", "tried"),
    [
        (64, [64, 128, 256, 512, 1024]),  # 1024 is no faster
        (512, [512, 1024, 256]),
        (2048, [2048, 1024, 512, 256]),  # it does not fit
    ],
)
def test_the_fastest_is_found_from_below_and_from_above(first, tried):
    best, counts = search(machine(full_at=512, each=4 * MIB), first)
    assert best.num_envs == 512
    assert counts == tried


def test_at_the_same_speed_fewer_are_chosen():
    best, _ = search(lambda count: Probe(count, "measured", 1000.0 + count * 0.1), 64)
    assert best.num_envs == 1


def test_a_number_that_would_not_fit_is_not_tried():
    def probe(num_envs):
        assert num_envs <= 512, "it would take the memory of other processes"
        return machine(full_at=1e9)(num_envs)

    best, tried = search(probe, 64)
    assert best.num_envs == 512
    assert tried == [64, 128, 256, 512]


def test_without_a_reading_of_the_memory_it_is_tried_and_may_fail():
    def probe(num_envs):
        if num_envs > 256:
            return Probe(num_envs, "out of memory")
        return Probe(num_envs, "measured", num_envs * 10.0)

    best, tried = search(probe, 64)
    assert (best.num_envs, tried) == (256, [64, 128, 256, 512])


def test_where_nothing_fits_there_is_no_best():
    assert search(lambda count: Probe(count, "out of memory"), 8) == (None, [8, 4, 2, 1])


def test_no_more_than_the_limit_are_tried():
    assert search(machine(full_at=1e9), 64, most=100)[1] == [64, 32]
    assert search(machine(full_at=1e9), 64, most=10)[1] == [10, 5]


@given(
    first=st.integers(1, 8192),
    full_at=st.integers(1, 4096),
    each=st.integers(1, 64 * MIB),
    fixed=st.integers(0, 4096 * MIB),
)
def test_the_best_is_nearly_as_fast_as_any_that_was_tried(first, full_at, each, fixed):
    probe = machine(full_at, fixed, each)
    best, tried = search(probe, first)
    assert len(tried) <= 32
    assert best is not None or all(not probe(count).works for count in tried)
    assert best is None or all(best.steps_per_second * GAIN**2 >= probe(count).steps_per_second for count in tried)
