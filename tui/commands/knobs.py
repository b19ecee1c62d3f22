"""`knobs`: list the knobs of a run."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.session.knob_states import KnobState
from tui.session.knobs.knob_text import knob_state, with_unit
from tui.session.knobs.record import knob_record
from tui.session.knobs.rows import is_touched
from tui.session.recordings.preset_text import preset_text
from tui.session.runs.run_index import find_run, read_state
from tui.session.state import RunState
from tui.session.text import plain


@click.command("knobs")
@click.argument("run")
@click.option("--changed", is_flag=True, help="Only knobs that differ from their default, or have a queued change.")
@click.option("--kind", help="Only knobs of one kind: reward, randomization, command…")
@click.option("--toml", "as_toml", is_flag=True, help="Print a preset with the run's current values.")
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
    """List the knobs of a run with their values."""
    if as_toml and as_json:
        raise click.UsageError("--toml and --json exclude each other")
    folder = find_run(run, log_root)
    spec = folder.read_spec()
    state = read_state(folder)
    _check_kind(kind, state)
    if as_toml:
        say(preset_text(folder.name, spec, state, kind), end="")
        return
    shown = [
        knob for knob in state.knobs.values() if kind in (None, knob.knob.kind) and (not changed or is_touched(knob))
    ]
    nothing = "no changes" if state.knobs else "no knobs yet: the environment is not built"
    text = "\n".join(_knob_row(knob) for knob in shown) or nothing
    show_result(text, {"revision": state.revision, "knobs": [knob_record(knob) for knob in shown]}, as_json)


def _check_kind(kind: str | None, state: RunState) -> None:
    kinds = list(dict.fromkeys(knob.knob.kind for knob in state.knobs.values()))
    if kind is not None and kinds and kind not in kinds:
        raise click.UsageError(f"no knobs of kind {kind}; there are {', '.join(kinds)}")


def _knob_row(state: KnobState) -> str:
    notes = [f"default {with_unit(state.knob.default, state.knob)}"] if state.is_changed else []
    if happens := knob_state(state):
        notes.append(happens)
    return plain(f"{state.knob.name:<44} {with_unit(state.value, state.knob):<18} {'; '.join(notes)}".rstrip())
