"""`reference`: write the reference curves of a preset from recorded runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from curricula.errors import UserError
from presets.reference import FOLDER
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import write_atomically
from tui.commands.shared.new_file import check_new_file
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.metrics.names import own_name
from tui.session.runs.run_index import find_run
from tui.session.state import RunState

if TYPE_CHECKING:  # they load NumPy
    from tui.session.references.make import RecordedRun

_METRICS = (own_name("reward"), own_name("success"), own_name("episode_length"))


@click.command("reference")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("-o", "output", required=True, metavar="FILE.json", help=f"File to write: {FOLDER}/<preset>.json.")
@click.option("--device", required=True, metavar="NAME", help="Device as the charts name it, such as H200.")
@click.option("--metric", "metrics", multiple=True, default=_METRICS, help="Metric to include, repeatable.")
@click.option("--note", default="", help="What the curves hold, one line.")
@click.option("--even-pace", is_flag=True, help="All iterations take the mean time: other trainings shared the device.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@logs_option
@json_option
def reference_command(
    runs: tuple[str, ...],
    output: str,
    device: str,
    metrics: tuple[str, ...],
    note: str,
    even_pace: bool,
    force: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Write reference curves of a preset from recorded runs of it.

    Charts draw them as a band behind a run of the preset: reward, success and episode length, thinned.
    """
    path = Path(output)
    check_new_file(path, force, ".json")
    from tui.session.references.make import make_reference

    reference = make_reference([_recorded(run, log_root) for run in runs], metrics, device, note, even_pace=even_pace)
    text = msgspec.json.format(msgspec.json.encode(reference), indent=1)
    write_atomically(path, re.sub(rb"\s+(?=[-\d\]])", b" ", text) + b"\n")  # a list in one line
    value = {"reference": output, "runs": list(runs), "metrics": list(metrics), "points": len(reference.iterations)}
    show_result(f"{output}: {len(reference.iterations)} points of {', '.join(metrics)}", value, as_json)


def _recorded(run: str, log_root: Path) -> RecordedRun:
    from tui.session.metrics.history import MetricHistory
    from tui.session.references.make import RecordedRun

    folder = find_run(run, log_root)
    frames = JournalReader(folder.journal).read_new()
    state, history = RunState(), MetricHistory()
    state.apply_all(frames)
    history.apply(frames)
    if state.started is None or state.iteration is None:
        raise UserError(f"{folder.name}: expected a run with iterations, got none")
    return RecordedRun(folder.name, state.started, history)
