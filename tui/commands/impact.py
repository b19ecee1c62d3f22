"""`impact`: compare metrics before and after a change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.impact.windows import DEFAULT_ITERATIONS
from tui.session.runs.run_index import find_run
from tui.session.state import RunState

if TYPE_CHECKING:
    from tui.session.metrics.history import MetricHistory


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
@click.option("--against", metavar="RUN", help="Also compare with a run without the change, such as a fork before it.")
@logs_option
@json_option
def impact_command(
    run: str, number: int | None, iterations: int, against: str | None, log_root: Path, as_json: bool
) -> None:
    """Compare metrics before and after a change.

    Shows success, reward, KL and the affected term for change NUMBER, by default the newest.
    """
    # these import numpy: too slow for --help
    from tui.session.impact.control import compare_with_control, controlled_record, controlled_text
    from tui.session.impact.impact import impact_of
    from tui.session.impact.impact_text import impact_record, impact_text

    state, history = _read(find_run(run, log_root))
    impact = impact_of(number, state, history, iterations)
    text, record = impact_text(impact), impact_record(impact)
    if against is not None:
        control = find_run(against, log_root)
        compared = compare_with_control(impact, history, control, *_read(control))
        text, record = f"{text}\n\n{controlled_text(compared)}", record | {"control": controlled_record(compared)}
    show_result(text, record, as_json)


def _read(folder: RunFolder) -> tuple[RunState, MetricHistory]:
    from trainer_proc.contract.journal import JournalReader
    from tui.session.metrics.history import MetricHistory

    folder.read_spec()
    frames = JournalReader(folder.journal).read_new()
    state, history = RunState(), MetricHistory()
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    return state, history
