"""Commands that tell what there is: presets, doctor."""

from __future__ import annotations

from pathlib import Path

import click

from presets import Preset, PresetError, list_presets, load_preset, read_preset
from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.doctor import Report, examine
from tui.session.text import plain


@click.command("presets")
@click.option("--show", metavar="NAME|FILE", help="Print one preset, as TOML.")
@click.option(
    "--validate", metavar="FILE", type=click.Path(path_type=Path), help="Tell whether a preset file is right."
)
@json_option
def presets_command(show: str | None, validate: Path | None, as_json: bool) -> None:
    """List what can be trained, show a preset or check one."""
    if show is not None and validate is not None:
        raise click.UsageError("say either --show or --validate")
    if show is not None:
        shown = load_preset(show)
        say(_file_text(shown), shown, as_json)
    elif validate is not None:
        valid = read_preset(validate)
        say(f"{validate} is right: {plain(valid.title)}", {"valid": True, "preset": valid.name}, as_json)
    else:
        presets, problems = list_presets()
        broken = [{"name": problem.name, "problem": str(problem)} for problem in problems]
        say(_list_text(presets, problems), [*presets, *broken], as_json)


def _file_text(preset: Preset) -> str:
    """Return a preset's file as it is; TOML has no control characters that a terminal would obey."""
    return f"# {preset.path}\n{Path(preset.path).read_text(encoding='utf-8').rstrip()}"


def _list_text(presets: list[Preset], problems: list[PresetError]) -> str:
    rows = [(preset.name, preset.backend, preset.title, preset.needs_text()) for preset in presets]
    widths = [max((len(plain(row[column])) for row in rows), default=0) for column in range(3)]
    lines = []
    for *cells, needs in rows:
        shown = "  ".join(f"{plain(cell):<{width}}" for cell, width in zip(cells, widths, strict=True))
        lines.append(f"{shown}  {f'needs {plain(needs)}' if needs else ''}".rstrip())
    lines += [f"{plain(problem.name):<{widths[0]}}  ! {plain(str(problem))}" for problem in problems]
    return "\n".join(lines)


@click.command("doctor")
@logs_option
@json_option
def doctor_command(log_root, as_json) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Tell what is installed, which devices there are, and how to get what is missing."""
    report = examine(log_root)
    say(_report_text(report), report, as_json)
    if not report.is_healthy:
        if as_json:
            raise click.exceptions.Exit(1)  # the report says it all, and a second value would be no JSON
        raise Failed("something is missing; the lines with ! say how to get it")


def _report_text(report: Report) -> str:
    lines = [f"  python    {report.python}"]
    lines += [f"  device    {device}" for device in report.devices]
    for part in report.parts:
        found = ", ".join(f"{name} {version or 'missing'}" for name, version in part.packages.items())
        lines.append(f"{'!' if part.install else ' '} {part.name:<9} {found}")
        if part.install:
            lines.append(f"            {part.install}")
    lines.append(f"  logs      {report.log_root}, {report.disk_free_gib:.0f} GiB free")
    if not report.log_root_writable:
        lines[-1] = f"! logs      {report.log_root} can't be written: choose another folder with --logs"
    return "\n".join(lines)
