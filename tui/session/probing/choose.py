"""`auto` as the number of environments: a stored result for this configuration and device, or a search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from curricula.errors import UserError
from presets.environment_counts import MOST
from trainer_proc.contract.run_folder import RunSpec
from tui.session.backends.devices import Device
from tui.session.probing.probe import run_probe
from tui.session.probing.search import Probe, Search
from tui.session.probing.stored import StoredResult, read_result, store_result

AUTO = "auto"
"""What a user writes instead of a number."""


class NoEnvironments(UserError):
    """No number of environments can be trained with."""


@dataclass(frozen=True)
class Chosen:
    """The number of environments of each process."""

    num_envs: int
    result: StoredResult
    probes: tuple[Probe, ...] = ()
    """Those that were made now; none for a stored result."""


def choose_environments(
    spec: RunSpec,
    devices: Sequence[Device],
    *,
    on_begin: Callable[[int], None],
    on_probe: Callable[[Probe], None],
    is_cancelled: Callable[[], bool] = lambda: False,
    again: bool = False,
    budget_seconds: float = 60.0,
) -> Chosen:
    """Return the number that trains `spec` fastest on its device; the search begins at the number of `spec`.

    A result that is stored for this configuration and device is taken, unless `again`. Else short trainings are made,
    and their result is stored. None starts later than `budget_seconds` after the begin of the first, unless no number
    works yet. `on_begin` is called with the number of each before it, `on_probe` after it.

    Raises `NoEnvironments`, `LaunchError`, or `ProbingCancelled`.
    """
    device = next((kind_of(known) for known in devices if known.name == spec.device), spec.device)
    if not again and (result := read_result(spec, device)) is not None:
        return Chosen(result.num_envs, result)
    search, began = Search(spec.num_envs, MOST), None
    while (count := search.next()) is not None:
        if began is not None and search.best is not None and time.time() - began > budget_seconds:
            break
        on_begin(count)
        probe, its_begin = run_probe(spec, count, is_cancelled)
        began = its_begin if began is None else began
        search.add(probe)
        on_probe(probe)
    best = search.best
    if best is None:
        raise NoEnvironments(f"no number of environments works on {spec.device}: {_reasons(search)}")
    result = StoredResult(
        num_envs=best.num_envs,
        steps_per_second=round(best.steps_per_second),
        used_bytes=best.used_bytes,
        total_bytes=best.total_bytes,
    )
    store_result(spec, device, result)
    return Chosen(best.num_envs, result, tuple(search.probes.values()))


def kind_of(device: Device) -> str:
    """Return what tells one kind of device from another."""
    return f"{device.title}, {device.total_memory:.0f} GiB"


def with_environments(spec: RunSpec, chosen: Chosen) -> RunSpec:
    """Return the spec with the chosen number."""
    return msgspec.structs.replace(spec, num_envs=chosen.num_envs)


def _reasons(search: Search) -> str:
    smallest = search.probes[min(search.probes)]
    return f"{smallest.num_envs}: {smallest.reason or smallest.outcome}"
