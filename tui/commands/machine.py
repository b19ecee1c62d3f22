"""`machine`: show the load of this machine."""

from __future__ import annotations

import time
from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.machine.machine import MachineReader
from tui.session.machine.view import machine_lines
from tui.session.runs.run_index import find_run, read_state
from tui.session.state import RunState
from tui.session.step_text import step_parts

_INTERVAL_SECONDS = 0.5
"""Between two readings: CPU loads are averages over it."""
_WIDTH = 100


@click.command("machine")
@click.argument("run", required=False)
@logs_option
@json_option
def machine_command(run: str | None, log_root: Path, as_json: bool) -> None:
    """Show GPUs, CPU, memory, disk, and the processes of RUN."""
    folder = find_run(run, log_root) if run is not None else None
    state = read_state(folder) if folder is not None else RunState()
    is_training = state.iteration is not None
    reader = MachineReader(folder)
    try:
        reader.read(is_training)
        time.sleep(_INTERVAL_SECONDS)
        reading = reader.read(is_training)
    finally:
        reader.close()
    lines = machine_lines(reading, None, _WIDTH, folder is not None, step_parts(state))
    show_result("\n".join(lines), reading, as_json)
