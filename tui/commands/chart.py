"""The command that writes charts of runs into a file: chart."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from tui.commands.output import Failed, json_option, logs_option, say
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
    type=click.FloatRange(0, MAX_SMOOTHING),
    help="Weight of the past, as TensorBoard's slider; by default the settings'.",
)
@click.option("--x", "unit", type=click.Choice(get_args(BoardUnit)), default="iteration", help="The x axis.")
@click.option("--log", is_flag=True, help="Logarithmic values.")
@click.option("--from", "first", type=float, help="Where the x axis begins, in its unit (seconds for time).")
@click.option("--to", "last", type=float, help="Where it ends.")
@click.option("--apart", is_flag=True, help="A chart for each metric, instead of one with all.")
@click.option(
    "--theme", type=click.Choice(get_args(ThemeName)), default="light", show_default=True, help="Its colours."
)
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
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
    """Write metrics of a run into a picture or a table; METRIC is a name such as Loss/value, or a role: reward, kl."""
    from tui.charts.files.export import ChartFileError  # numpy and Textual come with it: not for --help
    from tui.charts.files.run_charts import ChartDataError, ChartRequest, write_charts
    from tui.charts.palette import SERIES_COUNT

    folders = list({folder.path: folder for folder in (find_run(one, log_root) for one in (run, *others))}.values())
    for folder in folders:
        folder.read_spec()
    if len(folders) > SERIES_COUNT:
        raise click.UsageError(f"{len(folders)} runs are named; {SERIES_COUNT} can be told apart on a chart")
    weight = read_settings()[0].board.smoothing if smoothing is None else smoothing
    wanted = ChartRequest(metrics, apart, unit, first, last, weight, log)
    try:
        path, names = write_charts(folders, wanted, output, theme, force)
    except (ChartFileError, ChartDataError) as problem:
        raise Failed(plain(str(problem))) from problem
    say(plain(str(output)), {"file": str(path), "metrics": names}, as_json)
