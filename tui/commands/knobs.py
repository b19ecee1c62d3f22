"""Commands that tell what can be turned and what was turned: knobs, history."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.output import json_option, logs_option, say
from tui.session.interventions.listing import ListedIntervention, list_interventions
from tui.session.knobs.record import knob_record
from tui.session.knobs.rows import is_touched
from tui.session.knobs.text import knob_state, with_unit
from tui.session.recordings.preset_text import preset_text
from tui.session.runs.run_index import find_run, read_state
from tui.session.state import KnobState, RunState
from tui.session.text import plain


@click.command("knobs")
@click.argument("run")
@click.option("--changed", is_flag=True, help="Only those that differ from their default, or will.")
@click.option("--kind", help="Only those of one kind: reward, randomization, command and so on.")
@click.option("--toml", "as_toml", is_flag=True, help="Print a preset that repeats the run with its changes.")
@logs_option
@json_option
def knobs_command(
    run: str,
    changed: bool,
    kind: str | None,
    as_toml: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """List what can be turned in a run, with values."""
    if as_toml and as_json:
        raise click.UsageError("say --toml or --json, not both")
    folder = find_run(run, log_root)
    spec = folder.read_spec()
    state = read_state(folder)
    _check_kind(kind, state)
    if as_toml:
        click.echo(preset_text(folder.name, spec, state, kind), nl=False)
        return
    shown = [
        knob for knob in state.knobs.values() if kind in (None, knob.knob.kind) and (not changed or is_touched(knob))
    ]
    nothing = "nothing was changed" if state.knobs else "no knobs yet: the environment isn't built"
    text = "\n".join(_knob_row(knob) for knob in shown) or nothing
    say(text, {"revision": state.revision, "knobs": [knob_record(knob) for knob in shown]}, as_json)


@click.command("history")
@click.argument("run")
@logs_option
@json_option
def history_command(run: str, log_root: Path, as_json: bool) -> None:
    """List a run's interventions, newest first."""
    folder = find_run(run, log_root)
    folder.read_spec()
    state = read_state(folder)
    listed = list_interventions(state)
    text = "\n".join(_history_row(intervention) for intervention in listed) or "nothing was changed"
    say(text, {"revision": state.revision, "interventions": listed}, as_json)


def _check_kind(kind: str | None, state: RunState) -> None:
    kinds = list(dict.fromkeys(knob.knob.kind for knob in state.knobs.values()))
    if kind is not None and kinds and kind not in kinds:
        raise click.UsageError(f"there are no knobs of kind {kind}; there are {', '.join(kinds)}")


def _knob_row(state: KnobState) -> str:
    notes = [f"default {with_unit(state.knob.default, state.knob)}"] if state.is_changed else []
    if happens := knob_state(state):
        notes.append(happens)
    return plain(f"{state.knob.name:<44} {with_unit(state.value, state.knob):<18} {'; '.join(notes)}".rstrip())


def _history_row(listed: ListedIntervention) -> str:
    where = "" if listed.iteration is None else f"iteration {listed.iteration}"
    notes = [text for text in (listed.problem, listed.note and f"note: {listed.note}") if text]
    said = "; ".join([listed.what, *notes])
    return plain(f"#{listed.number:<4} {where:<16} {listed.origin:<11} {listed.state:<8} {said}")
