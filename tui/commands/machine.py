"""Commands that tell what there is: presets, doctor."""

from __future__ import annotations

import click

from presets import list_presets
from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.doctor import Report, examine


@click.command("presets")
@json_option
def presets_command(as_json: bool) -> None:
    """List what can be trained."""
    presets = list_presets()
    lines = [f"{preset.name:<12} {preset.title}. {preset.description}" for preset in presets]
    say("\n".join(lines), presets, as_json)


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
