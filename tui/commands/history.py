"""`history`: list the changes of a run."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.interventions.change_text import origin_text
from tui.session.interventions.listing import ListedIntervention, list_interventions
from tui.session.runs.run_index import find_run, read_state
from tui.session.text import plain


@click.command("history")
@click.argument("run")
@logs_option
@json_option
def history_command(run: str, log_root: Path, as_json: bool) -> None:
    """List the changes of a run, newest first."""
    folder = find_run(run, log_root)
    folder.read_spec()
    state = read_state(folder)
    listed = list_interventions(state)
    text = "\n".join(_history_row(intervention) for intervention in listed) or "no changes"
    show_result(text, {"revision": state.revision, "interventions": listed}, as_json)


def _history_row(listed: ListedIntervention) -> str:
    where = "" if listed.iteration is None else f"iteration {listed.iteration}"
    notes = [text for text in (listed.problem, listed.note and f"note: {listed.note}") if text]
    text = "; ".join([listed.what, *notes])
    return plain(f"#{listed.number:<4} {where:<16} {origin_text(listed.origin):<11} {listed.state:<8} {text}")
