"""`presets`: list, show and check presets."""

from __future__ import annotations

from pathlib import Path

import click

from presets import Preset, PresetError, list_presets, load_preset, read_preset
from tui.commands.shared.output import json_option, show_result
from tui.session.text import plain


@click.command("presets")
@click.option("--show", metavar="NAME|FILE", help="Print one preset, as TOML.")
@click.option("--validate", metavar="FILE", type=click.Path(path_type=Path), help="Check a preset file.")
@json_option
def presets_command(show: str | None, validate: Path | None, as_json: bool) -> None:
    """List presets, show one or check one."""
    if show is not None and validate is not None:
        raise click.UsageError("--show and --validate exclude each other")
    if show is not None:
        shown = load_preset(show)
        show_result(_file_text(shown), shown, as_json)
    elif validate is not None:
        valid = read_preset(validate)
        show_result(f"{validate} is valid: {plain(valid.title)}", {"valid": True, "preset": valid.name}, as_json)
    else:
        presets, problems = list_presets()
        broken = [{"name": problem.name, "problem": str(problem)} for problem in problems]
        show_result(_list_text(presets, problems), [*presets, *broken], as_json)


def _file_text(preset: Preset) -> str:
    """Return a preset's file unchanged; valid TOML has no control characters that a terminal would interpret."""
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
