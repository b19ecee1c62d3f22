"""Results of a search as text."""

from __future__ import annotations

from trainer_proc.contract.amounts import amount, digits_in
from tui.session.probing.choose import Chosen
from tui.session.probing.search import Probe
from tui.session.probing.stored import StoredResult


def probe_text(probe: Probe) -> str:
    """Return one line: the number and its speed and memory, or why it can't be used."""
    if not probe.works:
        reason = f": {probe.reason}" if probe.reason and probe.outcome == "failed" else ""
        return f"{probe.num_envs} environments: {probe.outcome}{reason}"
    return f"{probe.num_envs} environments: {_figures(probe)}"


def chosen_text(chosen: Chosen) -> str:
    """Return one line: the choice, and whether it was measured now or earlier."""
    origin = "" if chosen.probes else ", measured earlier"
    return f"auto: {chosen.num_envs} environments, {_figures(chosen.result)}{origin}"


def _figures(measured: Probe | StoredResult) -> str:
    memory = ""
    if measured.total_bytes:
        total = amount(measured.total_bytes)
        memory = f", {digits_in(measured.used_bytes, measured.total_bytes)} of {total} used"
    return f"{measured.steps_per_second:,.0f} steps/s{memory}"
