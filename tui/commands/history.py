"""`history`: list the changes of a run."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.interventions.history_text import history_row
from tui.session.interventions.listing import list_history, list_interventions, list_reloads, list_troubles
from tui.session.runs.run_index import find_run, read_state
from tui.session.text import plain


@click.command("history")
@click.argument("run")
@logs_option
@json_option
def history_command(run: str, log_root: Path, as_json: bool) -> None:
    """List the changes of a run, reports of guards and reloads.

    The newest is first. What could not be observed is at the end.
    """
    folder = find_run(run, log_root)
    folder.read_spec()
    state = read_state(folder)
    rows = [history_row(listed) for listed in list_history(state)] or ["no changes"]
    value = {
        "revision": state.revision,
        "interventions": list_interventions(state),
        "guards": list_troubles(state),
        "reloads": list_reloads(state),
        "missing": state.missing,
    }
    show_result("\n".join(map(plain, rows)), value, as_json)
