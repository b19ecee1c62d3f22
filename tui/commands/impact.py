"""The command that tells what a change did: impact."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.impact.windows import DEFAULT_ITERATIONS
from tui.session.runs.run_index import find_run
from tui.session.state import RunState
from tui.session.text import plain


@click.command("impact")
@click.argument("run")
@click.argument("number", type=int, required=False)
@click.option(
    "--iterations",
    type=click.IntRange(min=1),
    default=DEFAULT_ITERATIONS,
    show_default=True,
    help="How many iterations to compare on each side, at most.",
)
@logs_option
@json_option
def impact_command(run: str, number: int | None, iterations: int, log_root: Path, as_json: bool) -> None:
    """Tell what an intervention did, the newest or NUMBER: success, reward, KL and its term before and after."""
    from trainer_proc.contract.journal import JournalReader
    from tui.session.impact.impact import ImpactUnknown, impact_of
    from tui.session.impact.text import impact_record, impact_text
    from tui.session.metrics.history import MetricHistory  # numpy comes with it: not for the list of commands

    folder = find_run(run, log_root)
    folder.read_spec()
    frames = JournalReader(folder.journal).read_new()
    state, history = RunState(), MetricHistory()
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    try:
        impact = impact_of(number, state, history, iterations)
    except ImpactUnknown as problem:
        raise Failed(str(problem)) from problem
    say(plain(impact_text(impact)), impact_record(impact), as_json)
