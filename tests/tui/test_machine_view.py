"""The machine's readings as text: all of it in any width, and dashes for what isn't known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.machines import BOX, GIB, GPUS, MIB, PROCESSES
from trainer_proc.contract.amounts import amount
from tui.session.machine.capacity import room_on_gpu
from tui.session.machine.gpu import GpuReading
from tui.session.machine.history import KEPT_SECONDS, MachineTrail, gpu_use
from tui.session.machine.host import CpuReading, DiskReading, MemoryReading
from tui.session.machine.machine import MachineReading
from tui.session.machine.view import machine_lines
from tui.session.numbers import amount_of

BARE = MachineReading(
    "box", 0.0, CpuReading(4, None, (), 0.0), MemoryReading(GIB, 8 * GIB), gpu_problem="Driver Not Loaded"
)


def text(reading, width=200, has_run=True):
    return "\n".join(machine_lines(reading, None, width, has_run))


@pytest.mark.parametrize("width", [30, 37, 52, 60, 78, 108, 190])
@pytest.mark.parametrize("reading", [BOX, BARE], ids=["box", "bare"])
def test_no_line_is_wider_than_the_panel(reading, width):
    trail = MachineTrail()
    for second in range(100):
        trail.take(replace(reading, time=float(second)))
    assert max(map(len, machine_lines(reading, trail, width))) <= width


@pytest.mark.parametrize("width", [37, 78, 190])
def test_every_reading_is_there_in_any_width(width):
    words = " ".join(text(BOX, width).split())
    for said in (
        *("62%", "54 °C", "312 of 700 W", "H200", "3.4 of 141 GiB", "38 °C", "90 of 141 GiB"),
        *("34%", "32 cores", "load 5.2", "18 of 126 GiB"),
        "disk: 212 of 500 GiB free, 18,090 more checkpoints of 12 MiB fit",
        "768 KiB of GPU 0 per environment; at least 170,000 fit",
        "3.0 GiB of this run's processes / 4,096",
        "10% kept free",
        *("trainer", "101%", "3.1 GiB", "3.0 GiB", "wire", "45 MiB", "exporter"),
    ):
        assert said in words, said


def test_the_runs_own_gpu_is_told_by_a_sign_and_in_words():
    own, memory, other, others_memory = text(BOX).splitlines()[:4]
    assert own.startswith("GPU 0 ▸")
    assert memory.endswith("3.4 of 141 GiB  this run 3.0 GiB")
    assert other.startswith("GPU 1  ")
    assert others_memory.endswith("90 of 141 GiB")


def test_where_nobody_tells_whose_memory_it_is_the_gpu_is_still_told():
    untold = replace(BOX, gpus=(replace(GPUS[0], processes=None),))
    assert text(untold).splitlines()[1].endswith("3.4 of 141 GiB  this run's")


def test_what_a_driver_does_not_tell_is_a_dash():
    use, memory = text(replace(BOX, gpus=(GpuReading(0),), run_gpus=())).splitlines()[:2]
    assert use.split() == ["GPU", "0", "–", "–", "°C", "–", "W", "GPU"]
    assert memory.split() == ["memory", "–", "–"]


def test_without_a_gpu_the_reason_is_given():
    assert text(BARE).splitlines()[0] == "no NVIDIA GPU: Driver Not Loaded"


def test_a_name_that_is_no_name_does_nothing_to_the_terminal():
    assert "\x1b" not in text(replace(BOX, gpus=(replace(GPUS[0], name="\x1b[31mred"),)))


def test_an_estimate_from_the_whole_gpu_says_so():
    room = room_on_gpu(replace(GPUS[0], processes=None), PROCESSES, 4096)
    assert "3.4 GiB used by all processes / 4,096" in text(replace(BOX, rooms=(room,)))


def test_before_the_first_iteration_there_is_no_estimate():
    assert "available once the run trains" in text(replace(BOX, rooms=()))


def test_without_processes_that_is_said_and_nothing_else_of_the_run():
    said = text(replace(BOX, processes=(), rooms=()))
    assert said.endswith("no processes of this run on this machine")
    assert "an environment" not in said
    assert "process" not in text(replace(BOX, processes=(), rooms=()), has_run=False)


@pytest.mark.parametrize(
    ("reading", "warning"),
    [
        (replace(BOX, disk=DiskReading(40 * MIB, 500 * GIB, 12 * MIB)), "! disk: 0.0 of 500 GiB free, 3"),
        (replace(BOX, disk=None), "! disk: the run's folder is unreachable"),
        (replace(BOX, memory=MemoryReading(125 * GIB, 126 * GIB)), "! RAM"),
    ],
)
def test_what_needs_the_user_begins_with_a_sign(reading, warning):
    (line,) = (line for line in text(reading).splitlines() if line.startswith("!"))
    assert line.startswith(warning)
    assert not [line for line in text(BOX).splitlines() if line.startswith("!")]


def test_many_cores_share_bars_and_that_is_said():
    cpu = CpuReading(192, 0.5, tuple(float(i == 5) for i in range(192)), 1.0)
    said = text(replace(BOX, cpu=cpu), width=78)
    assert "192 cores, 4 per bar ▁█▁" in said
    assert "▁" * 46 in said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (768 * 1024, "768 KiB"), (3 * GIB, "3.0 GiB"),
     (141 * GIB, "141 GiB"), (2000 * GIB, "2.0 TiB"), (10**18, "909,495 TiB")],
)  # fmt: skip
def test_bytes_have_a_unit_that_leaves_few_digits(count, said):
    assert amount(count) == said


def test_used_and_total_have_one_unit():
    assert amount_of(300 * MIB, 141 * GIB) == "0.3 of 141 GiB"
    assert amount_of(None, 141 * GIB) == amount_of(1, None) == "–"


# --- curves ---


def at(time, utilisation):
    return replace(BOX, time=float(time), gpus=(replace(GPUS[0], utilisation=utilisation),))


def test_a_curve_has_the_largest_value_of_each_stretch_and_old_bars_stay():
    trail = MachineTrail()
    for second, share in enumerate([0.0, 0.2, 1.0, 0.1, 0.5, 0.5]):
        trail.take(at(100 + second, share))
    assert trail.curve(gpu_use(0), 4, 2.0) == " ▂█▅"
    trail.take(at(106, 0.0))
    assert trail.curve(gpu_use(0), 4, 2.0) == "▂█▅▁"


def test_a_time_when_nobody_looked_is_a_gap():
    trail = MachineTrail()
    trail.take(at(100, 1.0))
    trail.take(at(108, 1.0))
    assert trail.curve(gpu_use(0), 5, 2.0) == "█   █"


def test_what_is_not_told_has_no_curve():
    trail = MachineTrail()
    trail.take(at(100, None))
    trail.take(replace(BARE, time=101.0))
    assert trail.curve(gpu_use(0), 3, 2.0) == "   "


def test_only_the_last_minutes_are_kept():
    trail = MachineTrail()
    for second in range(3000):
        trail.take(at(second, 1.0))
    assert len(trail._values[gpu_use(0)]) == KEPT_SECONDS + 1
