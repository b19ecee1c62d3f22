"""Hosts as text: load and number of runs, or why they don't answer."""

from __future__ import annotations

from typing import Any

import msgspec

from tui.session.hosts.protocol import GpuLoad, MachineLoad
from tui.session.hosts.watch import HostState
from tui.session.numbers import UNKNOWN, amount_of
from tui.session.runs.run_list import is_live
from tui.session.text import plain


def host_text(state: HostState, width: int = 0) -> str:
    """Return one line about a host: its load and runs, or why it doesn't answer. `width` pads its name."""
    name = f"{plain(state.host.name):<{width}}"
    if state.problem:
        return f"{name}  ! {plain(state.problem.removeprefix(f'{state.host.name}: '))}"
    if state.load is None:
        return f"{name}  connecting…"
    live = sum(map(is_live, state.rows.values()))
    runs = f"{live} live of {len(state.rows)} run{'s' * (len(state.rows) != 1)}"
    return f"{name}  {load_text(state.load)}  {runs}"


def load_text(load: MachineLoad) -> str:
    """Return the load of GPUs, CPU and memory."""
    gpus = "  ".join(f"GPU {gpu.index} {_gpu_text(gpu)}" for gpu in load.gpus) or "no GPU"
    memory = amount_of(load.memory_used_bytes, load.memory_total_bytes)
    return f"{gpus}  CPU {_share(load.cpu)} of {load.cores}  memory {memory}"


def host_record(state: HostState) -> dict[str, Any]:
    """Return all that is known of a host but its runs, for JSON."""
    return {
        "host": state.host.name,
        "destination": state.host.destination,
        "problem": state.problem or None,
        "load": msgspec.to_builtins(state.load),
        "runs": len(state.rows),
        "live": sum(map(is_live, state.rows.values())),
    }


def _gpu_text(gpu: GpuLoad) -> str:
    if gpu.memory_used_bytes is None or not gpu.memory_total_bytes:
        return _share(gpu.utilisation)
    return f"{_share(gpu.utilisation)}, memory {gpu.memory_used_bytes / gpu.memory_total_bytes:.0%}"


def _share(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.0%}"
