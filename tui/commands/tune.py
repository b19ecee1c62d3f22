"""`tune`: change knobs of a running training."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.knob import When, parse_value
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.requests import Tune
from tui.commands.shared.changes import change, change_options
from tui.session.launching.knob_values import known_values, need_knobs, split_settings
from tui.session.runs.run_index import find_run, read_state

_WHENS: dict[str, When] = {"reset": "on reset", "now": "now"}


@click.command("tune")
@click.argument("run")
@click.argument("settings", nargs=-1, required=True, metavar="KNOB=VALUE...")
@click.option("--ramp", type=click.IntRange(min=1, max=10**9), help="Spread the change over this many iterations.")
@click.option("--geometric", is_flag=True, help="Ramp by equal factors instead of equal steps.")
@click.option(
    "--when", type=click.Choice(list(_WHENS)), default="reset", help="When to resample a startup randomization."
)
@click.option(
    "--revision", type=click.IntRange(min=0), help="Refuse if a knob changed after this revision (see knobs --json)."
)
@change_options
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

    VALUE is a number, a range LOW:HIGH, a choice, on or off. default and usual are the knob's own values, and x0.5
    multiplies the present one. KNOB may be a pattern: 'reward/*/weight=x0.5' is one change of all weights.
    """
    if geometric and ramp is None:
        raise click.UsageError("--geometric needs --ramp N, the number of iterations")
    folder = find_run(run, log_root)
    texts = split_settings(settings)
    if need_knobs(texts):
        values = known_values(texts, read_state(folder).knobs)
    else:
        values = {name: parse_value(text) for name, text in texts.items()}
    way = None if ramp is None else Ramp(ramp, "geometric" if geometric else "linear")
    command = Tune(values, note, revision=revision, when=_WHENS[when], ramp=way)
    change(folder, command, applied=applied, as_json=as_json)
