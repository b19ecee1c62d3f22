"""`impact`: compare metrics before and after a change."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.impact.windows import DEFAULT_ITERATIONS
from tui.session.runs.run_index import find_run
from tui.session.state import RunState


@click.command("impact")
@click.argument("run")
@click.argument("number", type=int, required=False)
@click.option(
    "--iterations",
    type=click.IntRange(min=1),
    default=DEFAULT_ITERATIONS,
    show_default=True,
    help="Most iterations to compare on each side.",
)
@logs_option
@json_option
def impact_command(run: str, number: int | None, iterations: int, log_root: Path, as_json: bool) -> None:
    """Compare metrics before and after a change.

    Shows success, reward, KL and the affected term for change NUMBER, by default the newest.
    """
    from trainer_proc.contract.journal import JournalReader
    from tui.session.impact.impact import impact_of
    from tui.session.impact.impact_text import impact_record, impact_text
    from tui.session.metrics.history import MetricHistory  # imports numpy: too slow for --help

    folder = find_run(run, log_root)
    folder.read_spec()
    frames = JournalReader(folder.journal).read_new()
    state, history = RunState(), MetricHistory()
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    impact = impact_of(number, state, history, iterations)
    show_result(impact_text(impact), impact_record(impact), as_json)
