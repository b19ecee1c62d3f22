"""How many environments fit, by what earlier runs of the same configuration recorded on the same kind of device."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from presets import Preset
from trainer_proc.contract.amounts import amount, digits_in
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.monitoring import MemoryMeasured
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder, RunFolderError, RunSpec
from tui.session.backends.devices import Device
from tui.session.launching.launcher import Overrides, SpecError, draft_spec
from tui.session.probing.search import KEPT_FREE
from tui.session.probing.stored import same_configuration
from tui.session.remedies import is_out_of_memory

_MOST_RUNS = 50
"""Newest runs of an experiment that are read: their `run.toml`, and of those that fit the begin of the journal."""
_SAME_SIZE = 0.05
"""Share by which the driver and PyTorch may tell the memory of a device differently."""
_GIB = 1024**3


class Advice(NamedTuple):
    """What earlier runs tell about a preset on a device."""

    num_envs: int
    text: str
    """One line, empty for nothing."""


@dataclass(frozen=True)
class MemoryRecord:
    """What a run recorded; without `memory`, it ran out of it."""

    run: str
    num_envs: int
    memory: MemoryMeasured | None


def find_records(spec: RunSpec, log_root: Path, devices: Sequence[Device]) -> list[MemoryRecord]:
    """Return the records of runs with the configuration of `spec` on its kind of device, the newest first."""
    device = next((one for one in devices if one.name == spec.device), None)
    if device is None:
        return []
    names = (path.parent for path in (log_root / spec.experiment).glob(f"*/{RUN_FILE}"))
    folders = map(RunFolder, heapq.nlargest(_MOST_RUNS, names, key=lambda path: path.name))
    records = (_record(folder, spec, device) for folder in folders)
    return [record for record in records if record is not None]


def advice_on(preset: Preset, device: str, devices: Sequence[Device], log_root: Path) -> Advice | None:
    """Return what the records tell before anything else is chosen; None where the preset needs more to be a run."""
    try:
        spec = draft_spec(preset, Overrides(device=device), devices)
    except SpecError:
        return None
    records = find_records(spec, log_root, devices)
    spec = with_recorded_environments(spec, preset, records)
    return Advice(spec.num_envs, record_text(spec.num_envs, records))


def with_recorded_environments(spec: RunSpec, preset: Preset, records: Sequence[MemoryRecord]) -> RunSpec:
    """Return the spec with the largest of the preset's numbers for GPUs that fits by the records.

    It is unchanged if they tell nothing, and on a CPU, where the number is chosen for its speed.
    """
    if not spec.device.startswith("cuda"):
        return spec
    fitting = [count for count in preset.num_envs.of_gpus if _fits(count, records)]
    return msgspec.structs.replace(spec, num_envs=max(fitting)) if fitting else spec


def record_text(num_envs: int, records: Sequence[MemoryRecord]) -> str:
    """Return what the records tell about a number of environments, one line; empty for nothing."""
    failed = next((one for one in records if one.memory is None and one.num_envs <= num_envs), None)
    if failed is not None:
        return f"{num_envs} environments: {failed.num_envs} ran out of memory in run {failed.run}"
    measured = _nearest(num_envs, records)
    if measured is None or measured.memory is None:
        return ""
    total = measured.memory.total_bytes
    whose = " by all processes" if measured.memory.of_all else ""
    used = f"{digits_in(measured.memory.used_bytes, total)} of {amount(total)} used{whose} in run {measured.run}"
    if measured.num_envs == num_envs:
        return f"{num_envs} environments: fits, {used}"
    verdict = "fits" if _fits(num_envs, records) else "may not fit"
    return f"{num_envs} environments: {verdict}, {used} with {measured.num_envs}"


def _fits(num_envs: int, records: Sequence[MemoryRecord]) -> bool:
    """Return whether a number fits: it did, or its share of the nearest record's memory leaves some free.

    The share is too large rather than too small: fixed costs are part of the record.
    """
    if any(record.memory is None and record.num_envs <= num_envs for record in records):
        return False
    nearest = _nearest(num_envs, records)
    if nearest is None or nearest.memory is None:
        return False
    needed = nearest.memory.used_bytes * max(num_envs / nearest.num_envs, 1.0)
    return num_envs <= nearest.num_envs or needed <= nearest.memory.total_bytes * (1 - KEPT_FREE)


def _nearest(num_envs: int, records: Sequence[MemoryRecord]) -> MemoryRecord | None:
    """Return the record of this number, of the smallest above it, or else of the largest below it; the newest one."""
    measured = [record for record in records if record.memory is not None]
    above = [record for record in measured if record.num_envs >= num_envs]
    if above:
        return min(above, key=lambda record: record.num_envs)
    return max(measured, key=lambda record: record.num_envs, default=None)


def _record(folder: RunFolder, spec: RunSpec, device: Device) -> MemoryRecord | None:
    with suppress(RunFolderError, JournalUnreadable, OSError):
        other = folder.read_spec()
        if not same_configuration(spec, other) or other.device.partition(":")[0] != spec.device.partition(":")[0]:
            return None
        memory, failure = _memory_of(folder)
        is_known = other.device == spec.device if memory is None else _is_on(memory, device)
        if is_known and is_out_of_memory(failure):
            return MemoryRecord(folder.name, other.num_envs, None)
        if is_known and memory is not None:
            return MemoryRecord(folder.name, other.num_envs, memory)
    return None


def _memory_of(folder: RunFolder) -> tuple[MemoryMeasured | None, str]:
    """Return the largest memory at the begin of a journal, and why the run failed if it is as short as that."""
    memory, failure = None, ""
    for frame in JournalReader(folder.journal).read_new(most_pieces=1):
        if isinstance(frame.body, MemoryMeasured):
            memory = frame.body
        if isinstance(frame.body, PhaseChanged):
            failure = frame.body.detail if frame.body.phase == "failed" else ""
    return memory, failure


def _is_on(memory: MemoryMeasured, device: Device) -> bool:
    """Return whether a record is of this kind of device; `Device` names a CPU by its cores."""
    size = memory.total_bytes / _GIB
    is_alike = abs(size - device.total_memory) <= _SAME_SIZE * device.total_memory
    return is_alike and (device.name == "cpu" or memory.name == device.title)
