"""`attach`: open the dashboard of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curricula.schema import SchemaError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import read_trainer
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.curricula.reconstruct import curriculum_records
from tui.session.interventions.listing import list_interventions, list_troubles
from tui.session.knobs.record import knob_record
from tui.session.references.fit import seconds_left
from tui.session.runs.iterations import iteration_record
from tui.session.runs.run_index import find_run, read_state, status_with_job
from tui.session.state import RunState

if TYPE_CHECKING:  # not for the first paint
    from tui.session.metrics.early_reader import EarlyReader

_LONG = 64 * 1024 * 1024
"""Bytes of a journal."""


@click.command("attach")
@click.argument("run", default="latest")
@logs_option
@json_option
def attach_command(run: str, log_root: Path, as_json: bool) -> None:
    """Open the dashboard of a run, live or ended.

    With --json, print its current values.
    """
    folder = find_run(run, log_root)
    folder.read_spec()
    if as_json:
        show_result("", _state_value(folder, read_state(folder)), as_json)
        return
    journal = _read_early(folder.journal)
    from tui.app import HumanoidTui
    from tui.navigation import OpenRun
    from tui.terminal.run import run_app

    run_app(HumanoidTui(log_root, OpenRun(folder, journal)))


def _read_early(path: Path) -> EarlyReader | None:
    """Begin to read a long journal while the program is still imported; for a short one, NumPy would come too early."""
    if not path.exists() or path.stat().st_size < _LONG:
        return None
    from tui.session.board.plans import may_be_on_default_board
    from tui.session.metrics.early_reader import EarlyReader

    return EarlyReader(path, may_be_on_default_board)


def _state_value(folder: RunFolder, state: RunState) -> dict[str, Any]:
    is_alive = is_live(folder)
    if not is_alive:
        state.take_trainer(read_trainer(folder))
    return {
        "run": str(folder.path),
        "status": status_with_job(folder, state, is_alive),
        "parent": (state.started.parent or None) if state.started else None,
        "tracker": None if state.tracker is None else {"name": state.tracker.tracker, "link": state.tracker.link},
        "detail": state.phase.detail if state.phase else "",
        **iteration_record(state.iteration),
        "iterations": state.last_iteration + 1 if state.started else None,
        "first_iteration": state.first_iteration,
        "last_iteration": state.last_iteration if state.started else None,
        "environment_steps": state.environment_steps,
        "seconds_left": seconds_left(state),
        "metrics": state.latest,
        "curricula": _curricula(state),
        "knobs": [knob_record(knob) for knob in state.knobs.values()],
        "interventions": list_interventions(state),
        "guards_fired": state.guards_fired,
        "guards": list_troubles(state),
        "is_resumable": state.phase is None or state.phase.is_resumable,
        "good_checkpoint": (state.phase.good_checkpoint or None) if state.phase else None,
    }


def _curricula(state: RunState) -> list[dict[str, Any]] | None:
    try:
        return curriculum_records(state)
    except SchemaError:  # written by another version
        return None
