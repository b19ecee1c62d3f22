"""`chart`: write charts of runs to a file."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.runs.run_index import find_run
from tui.session.settings.config import MAX_SMOOTHING, BoardUnit, ThemeName, read_settings
from tui.session.text import plain


@click.command("chart")
@click.argument("run")
@click.argument("metrics", metavar="METRIC...", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="FILE.svg, FILE.png or FILE.csv")
@click.option("--with", "others", multiple=True, metavar="RUN", help="Another run on the same charts; repeatable.")
@click.option(
    "--smoothing",
    type=FiniteRange(0, MAX_SMOOTHING),
    help="Smoothing weight as in TensorBoard; default: the settings'.",
)
@click.option("--x", "unit", type=click.Choice(get_args(BoardUnit)), default="iteration", help="Unit of the x axis.")
@click.option("--log", is_flag=True, help="Logarithmic values.")
@click.option("--from", "first", type=FiniteRange(0), help="Start of the x axis, in its unit (seconds for time).")
@click.option("--to", "last", type=FiniteRange(0), help="End of the x axis.")
@click.option("--apart", is_flag=True, help="One chart per metric instead of one for all.")
@click.option("--theme", type=click.Choice(get_args(ThemeName)), default="light", show_default=True, help="Colours.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@logs_option
@json_option
def chart_command(
    run: str,
    metrics: tuple[str, ...],
    output: Path,
    others: tuple[str, ...],
    smoothing: float | None,
    unit: BoardUnit,
    log: bool,
    first: float | None,
    last: float | None,
    apart: bool,
    theme: str,
    force: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Write metrics of a run to an image or a table.

    METRIC is a name such as Loss/value, a role such as reward, or a name on the charts such as KL or air_time.
    """
    from tui.charts.files.run_charts import ChartRequest, write_charts  # imports numpy: too slow for --help
    from tui.charts.palette import SERIES_COUNT

    folders = list({folder.path: folder for folder in (find_run(one, log_root) for one in (run, *others))}.values())
    for folder in folders:
        folder.read_spec()
    if len(folders) > SERIES_COUNT:
        raise click.UsageError(f"expected at most {SERIES_COUNT} runs on a chart, got {len(folders)}")
    weight = read_settings()[0].board.smoothing if smoothing is None else smoothing
    request = ChartRequest(metrics=metrics, apart=apart, unit=unit, first=first, last=last, smoothing=weight, log=log)
    path, names = write_charts(folders, request, output, theme, overwrite=force)
    show_result(plain(str(output)), {"file": str(path), "metrics": names}, as_json)
