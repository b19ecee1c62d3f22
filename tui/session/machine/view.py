"""Readings of the machine as lines of text; details wrap where the width requires it."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from trainer_proc.contract.amounts import amount
from trainer_proc.contract.monitoring import StepPart
from tui.session.machine.capacity import KEPT_FREE, EnvironmentRoom
from tui.session.machine.disk_warning import FEW_CHECKPOINTS
from tui.session.machine.gpu import GpuReading
from tui.session.machine.history import MachineTrail, gpu_memory, gpu_use
from tui.session.machine.host import CpuReading, DiskReading
from tui.session.machine.machine import MachineReading
from tui.session.machine.processes import ProcessReading
from tui.session.numbers import UNKNOWN, amount_of
from tui.session.sparkline import sparkline
from tui.session.step_text import eager_lines, summary_lines
from tui.session.text import plain, shortened

SECONDS_EACH = 2.0
"""Time of one bar of a sparkline."""
WARNING = "! "
"""Prefix of lines that need the user."""
RUNS_OWN = "▸"
"""After the name of a GPU that the run trains on."""
_LABEL, _SHORTEST_CURVE, _LONGEST_CURVE = 8, 6, 30
_MEMORY_FULL = 0.95


@dataclass(frozen=True)
class _Row:
    """One quantity: its share as number and sparkline, and details that do not wrap inside."""

    label: str
    share: float | None
    curve: str
    details: tuple[str, ...] = ()


def machine_lines(
    reading: MachineReading,
    trail: MachineTrail | None,
    width: int,
    has_run: bool = True,
    parts: tuple[StepPart, ...] = (),
) -> list[str]:
    """Return all lines, at most `width` cells (at least 30); without `trail`, there are no sparklines.

    `parts` of the training step in fast mode. Lines that begin with `WARNING` need the user.
    """
    lines: list[str] = []
    curve = max(min(_LONGEST_CURVE, width - 50), _SHORTEST_CURVE)
    for gpu in reading.gpus:
        for row in _gpu_rows(gpu, reading):
            lines += _row_lines(row, trail, width, curve)
    if not reading.gpus:
        lines += _wrapped(f"no NVIDIA GPU: {plain(reading.gpu_problem) or 'none reported by the driver'}", width)
    lines += _row_lines(_cpu_row(reading.cpu, width), trail, width, curve)
    lines += _row_lines(_memory_row(reading), trail, width, curve)
    lines += _wrapped(_disk_text(reading.disk), width)
    lines += summary_lines(parts, width)
    if has_run:
        lines += [*_room_lines(reading, width), "", *_process_lines(reading, width)]
    lines += eager_lines(parts, width)
    return lines


def _gpu_rows(gpu: GpuReading, reading: MachineReading) -> list[_Row]:
    name = plain(gpu.name).removeprefix("NVIDIA ")
    degrees = UNKNOWN if gpu.temperature_celsius is None else f"{gpu.temperature_celsius:.0f}"
    watts = UNKNOWN if gpu.power_watts is None else f"{gpu.power_watts:.0f}"
    limit = "" if gpu.power_limit_watts is None else f" of {gpu.power_limit_watts:.0f}"
    is_runs_own = gpu.index in reading.run_gpus
    label = f"GPU {gpu.index}{f' {RUNS_OWN}' if is_runs_own else ''}"
    known = [(gpu.processes or {}).get(process.pid) or 0 for process in reading.processes]
    own = [f"this run {amount(sum(known))}" if sum(known) else "this run's"] * is_runs_own
    share = None
    if gpu.memory_used_bytes is not None and gpu.memory_total_bytes:
        share = gpu.memory_used_bytes / gpu.memory_total_bytes
    return [
        _Row(label, gpu.utilisation, gpu_use(gpu.index), (f"{degrees} °C", f"{watts}{limit} W", name)),
        _Row(
            " memory",
            share,
            gpu_memory(gpu.index),
            (amount_of(gpu.memory_used_bytes, gpu.memory_total_bytes), *own),
        ),
    ]


def _cpu_row(cpu: CpuReading, width: int) -> _Row:
    each = max(math.ceil(cpu.count / max(width - 30, 8)), 1)
    cores = sparkline([max(cpu.cores[start : start + each]) for start in range(0, len(cpu.cores), each)], 0.0, 1.0)
    count = f"{cpu.count} cores" + (f", {each} per bar" if each > 1 else "")
    return _Row("CPU", cpu.utilisation, "cpu", (f"{count} {cores}".rstrip(), f"load {cpu.load:.1f}"))


def _memory_row(reading: MachineReading) -> _Row:
    memory = reading.memory
    share = memory.used_bytes / max(memory.total_bytes, 1)
    details = [amount_of(memory.used_bytes, memory.total_bytes)]
    details += ["of this container"] * memory.is_container + ["nearly full"] * (share > _MEMORY_FULL)
    return _Row(f"{WARNING * (share > _MEMORY_FULL)}RAM", share, "memory", tuple(details))


def _row_lines(row: _Row, trail: MachineTrail | None, width: int, curve: int) -> list[str]:
    """Return the row's label and sparkline, with details beside or, indented, below."""
    share = UNKNOWN if row.share is None else f"{row.share:.0%}"
    shape = f" {trail.curve(row.curve, curve, SECONDS_EACH)}" if trail is not None else ""
    lines = [f"{row.label:<{_LABEL}} {share:>4}{shape}"]
    for detail in row.details:
        beside = f"{lines[-1]}  {detail}"
        if len(beside) <= width:
            lines[-1] = beside
        else:
            lines.append(shortened(f"  {detail}", width))
    return [line.rstrip() for line in lines]


def _disk_text(disk: DiskReading | None) -> str:
    if disk is None:
        return f"{WARNING}disk: the run's folder is unreachable"
    text = f"disk: {amount_of(disk.free_bytes, disk.total_bytes)} free"
    if disk.checkpoints_that_fit is None or disk.checkpoint_bytes is None:
        return text
    text += f", {disk.checkpoints_that_fit:,} more checkpoints of {amount(disk.checkpoint_bytes)} fit"
    return WARNING * (disk.checkpoints_that_fit < FEW_CHECKPOINTS) + text


def _process_lines(reading: MachineReading, width: int) -> list[str]:
    if not reading.processes:
        return _wrapped("no processes of this run on this machine", width)
    has_gpus = bool(reading.gpus)
    table = [("process", "pid", "CPU", "RAM", "GPU")[: 4 + has_gpus]]
    table += [_process_cells(process)[: 4 + has_gpus] for process in reading.processes]
    if width < 40 and has_gpus:
        table = [(role, *rest) for role, _, *rest in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for role, *cells in table:
        right = "".join(f"  {cell:>{cell_width}}" for cell, cell_width in zip(cells, widths[1:], strict=True))
        lines.append(f"{shortened(role, width - len(right)):<{min(widths[0], width - len(right))}}{right}")
    return lines


def _process_cells(process: ProcessReading) -> tuple[str, ...]:
    cpu = UNKNOWN if process.cpu is None else f"{process.cpu:.0%}"
    gpu = UNKNOWN if process.gpu_memory_bytes is None else amount(process.gpu_memory_bytes)
    return (process.role, str(process.pid), cpu, amount(process.memory_bytes), gpu)


def _room_lines(reading: MachineReading, width: int) -> list[str]:
    if not reading.processes:
        return []
    if not reading.rooms:
        return _wrapped("memory per environment: available once the run trains, if the driver reports it", width)
    lines = []
    for room in reading.rooms:
        lines += _wrapped(
            f"{amount(room.bytes_each)} of {room.where} per environment; at least {room.fit:,} fit", width
        )
        lines += [f"  {line}" for line in _wrapped(_room_basis(room), width - 2)]
    return lines


def _room_basis(room: EnvironmentRoom) -> str:
    """Return how the estimate was made."""
    of = {"this run's processes": "of this run's processes", "everything on the GPU": "used by all processes"}[
        room.basis
    ]
    return (
        f"estimate: {amount(room.used_bytes)} {of} / {room.environments:,}, "
        f"fixed costs included, {KEPT_FREE:.0%} kept free"
    )


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
