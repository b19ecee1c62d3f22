"""Commands that turn knobs of a living run: tune, undo, redo, unpin, stop-ramp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from trainer_proc.contract.knob import When, parse_value
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Command, Redo, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.output import json_option, logs_option, say
from tui.commands.requests import ask_trainer, wait_until_applied
from tui.session.interventions.text import applied_text
from tui.session.launching.knob_values import known_values, need_knobs, split_settings
from tui.session.runs.run_index import find_run, read_state

_WHENS: dict[str, When] = {"reset": "on reset", "now": "now"}


def _change_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add what all commands here have."""
    command = logs_option(json_option(command))
    command = click.option("--applied", is_flag=True, help="Return when the change has taken effect.")(command)
    return click.option("--note", default="", help="Why; kept with the change.")(command)


@click.command("tune")
@click.argument("run")
@click.argument("settings", nargs=-1, required=True, metavar="KNOB=VALUE...")
@click.option("--ramp", type=click.IntRange(min=1, max=10**9), help="Spread the change over so many iterations.")
@click.option("--geometric", is_flag=True, help="Ramp by equal factors instead of equal steps.")
@click.option("--when", type=click.Choice(list(_WHENS)), default="reset", help="When to draw a startup randomization.")
@click.option("--revision", type=click.IntRange(min=0), help="Refuse if a knob has changed since (see knobs --json).")
@_change_options
def tune_command(
    run: str,
    settings: tuple[str, ...],
    ramp: int | None,
    geometric: bool,
    when: str,
    revision: int | None,
    note: str,
    applied: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Change knobs of a running training, all of them or none.

    VALUE is a number, a range LOW:HIGH, a word, on or off; default and usual stand for the knob's own.
    """
    if geometric and ramp is None:
        raise click.UsageError("--geometric is a kind of --ramp N: say over how many iterations")
    folder = find_run(run, log_root)
    texts = split_settings(settings)
    if need_knobs(texts):
        values = known_values(texts, read_state(folder).knobs)
    else:
        values = {name: parse_value(text) for name, text in texts.items()}
    way = None if ramp is None else Ramp(ramp, "geometric" if geometric else "linear")
    _change(folder, Tune(values, note, revision=revision, when=_WHENS[when], ramp=way), applied, as_json)


def _past_command(name: Literal["undo", "redo"], help_text: str, make: type[Undo] | type[Redo]) -> click.Command:
    @click.command(name, help=help_text)
    @click.argument("run")
    @click.argument("intervention", type=click.IntRange(min=1), required=False)
    @_change_options
    def command(run: str, intervention: int | None, note: str, applied: bool, log_root: Path, as_json: bool) -> None:
        _change(find_run(run, log_root), make(intervention, note), applied, as_json)

    return command


undo_command = _past_command("undo", "Set back what an intervention changed; the last that is not undone.", Undo)
redo_command = _past_command("redo", "Do again what an undone intervention changed; the one undone last.", Redo)


def _knobs_command(name: str, help_text: str, make: type[Unpin] | type[StopRamp]) -> click.Command:
    @click.command(name, help=help_text)
    @click.argument("run")
    @click.argument("knobs", nargs=-1, required=True, metavar="KNOB...")
    @_change_options
    def command(run: str, knobs: tuple[str, ...], note: str, applied: bool, log_root: Path, as_json: bool) -> None:
        _change(find_run(run, log_root), make(knobs, note), applied, as_json)

    return command


unpin_command = _knobs_command("unpin", "Give pinned knobs back to what else writes them.", Unpin)
stop_ramp_command = _knobs_command("stop-ramp", "Leave ramping knobs where they are.", StopRamp)


def _change(folder: RunFolder, command: Command, applied: bool, as_json: bool) -> None:
    """Ask for a change and say what came of it; with `applied`, once it has taken effect."""
    reply = ask_trainer(folder, command)
    assert reply.intervention is not None
    cost = f" ({reply.message})" if reply.message else ""
    if not applied:
        result: dict[str, Any] = {"intervention": reply.intervention, "state": "pending", "message": reply.message}
        say(f"#{reply.intervention} waits for the next iteration{cost}", result, as_json)
        return
    done = wait_until_applied(folder, reply.intervention)
    state = {"intervention": done.number, "state": "applied", "message": reply.message}
    say(f"{applied_text(done)}{cost}", state | msgspec.to_builtins(done), as_json)
