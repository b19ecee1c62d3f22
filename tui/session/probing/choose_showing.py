"""A choice of the number of environments that shows its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trainer_proc.contract.run_folder import RunSpec
from tui.session.backends.devices import Device
from tui.session.probing.choose import Chosen, choose_environments
from tui.session.probing.texts import probe_text


def choose_showing(
    spec: RunSpec, devices: Sequence[Device], show: Callable[[str], Any], is_cancelled: Callable[[], bool]
) -> Chosen:
    """Choose the number of environments as `choose_environments` does; `show` gets a line for each step."""
    return choose_environments(
        spec,
        devices,
        on_begin=lambda count: show(f"measuring {count} environments…"),
        on_probe=lambda probe: show(probe_text(probe)),
        is_cancelled=is_cancelled,
    )
