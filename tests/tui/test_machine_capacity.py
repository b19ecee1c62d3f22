"""The estimate of how many environments fit is on the safe side, and says what it is made from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.machines import GIB, GPUS, MEMORY, MIB, PROCESSES
from tui.session.machine.capacity import KEPT_FREE, room_in_memory, room_on_gpu
from tui.session.machine.gpu import GpuReading
from tui.session.machine.host import MemoryReading
from tui.session.machine.processes import ProcessReading


def test_the_memory_of_this_runs_processes_is_divided_by_its_environments():
    room = room_on_gpu(GPUS[0], PROCESSES, 4096)
    assert (room.where, room.basis, room.used_bytes, room.environments) == (
        "GPU 0",
        "this run's processes",
        3 * GIB,
        4096,
    )
    assert room.bytes_each == 0.75 * MIB
    # 90 % of 141 GiB, without the 0.4 GiB of others, at 0.75 MiB each: 172,725
    assert room.fit == 170_000


def test_each_rank_on_a_gpu_has_its_own_environments():
    ranks = [ProcessReading(pid, f"rank {pid}", 1.0, GIB) for pid in range(2)]
    gpu = replace(GPUS[0], processes={0: GIB, 1: GIB, 2: 5 * GIB}, memory_used_bytes=7 * GIB)
    room = room_on_gpu(gpu, ranks, 100)
    assert (room.used_bytes, room.environments) == (2 * GIB, 200)


@pytest.mark.parametrize("processes", [None, {}, {999: GIB}, {21345: None}])
def test_where_nobody_tells_whose_memory_it_is_all_of_it_counts_and_that_is_said(processes):
    room = room_on_gpu(replace(GPUS[0], processes=processes), PROCESSES, 4096)
    assert (room.basis, room.used_bytes) == ("everything on the GPU", GPUS[0].memory_used_bytes)


def test_a_gpu_that_tells_no_memory_gives_no_estimate():
    assert room_on_gpu(GpuReading(0), PROCESSES, 4096) is None


def test_on_the_cpu_only_what_holds_environments_counts():
    room = room_in_memory(MEMORY, PROCESSES, 64)
    assert (room.where, room.used_bytes, room.environments) == ("RAM", PROCESSES[0].memory_bytes, 64)
    assert room_in_memory(MEMORY, PROCESSES[1:], 64) is None
    assert room_in_memory(MEMORY, (), 64) is None


@given(
    fixed=st.integers(0, 2 * GIB),
    each=st.integers(1, 10 * MIB),
    now=st.integers(1, 5000),
    total=st.integers(4 * GIB, 200 * GIB),
    others=st.integers(0, 4 * GIB),
)
def test_what_is_said_to_fit_fits(fixed, each, now, total, others):
    """Whatever does not grow with the environments, and however much of the memory others use."""
    own = fixed + each * now
    process = ProcessReading(1, "trainer", 1.0, own)
    room = room_in_memory(MemoryReading(own + others, total), [process], now)
    if room.fit >= now:
        assert fixed + each * room.fit + others <= total * (1 - KEPT_FREE) + 1
    assert room.fit >= 0


@pytest.mark.parametrize("full", [1.0, 1.2])
def test_a_full_machine_has_room_for_what_is_there_at_most(full):
    process = ProcessReading(1, "trainer", 1.0, GIB)
    assert room_in_memory(MemoryReading(int(8 * GIB * full), 8 * GIB), [process], 64).fit <= 64
