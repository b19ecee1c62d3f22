"""Commands that tell what there is: presets, doctor."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from presets import Preset, PresetError, list_presets, load_preset, read_preset
from tui.commands.output import Failed, json_option, logs_option, say
from tui.session.backends.doctor import BackendReport, IsaacSimReport, Report, examine
from tui.session.settings.config import UserConfig
from tui.session.settings.keymap import checked_keymap
from tui.session.settings.schema_check import SettingProblem
from tui.session.text import plain

_INDENT = " " * 12


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
def doctor_command(log_root: Path, as_json: bool) -> None:
    """Tell what is installed, which devices there are, and how to get what is missing."""
    report = examine(log_root, _key_problems)
    say(_report_text(report), report, as_json)
    if not report.is_healthy:
        if as_json:
            raise click.exceptions.Exit(1)  # the report says it all, and a second value would be no JSON
        raise Failed("something is missing; the lines with ! say how to get it")


def _key_problems(config: UserConfig) -> list[SettingProblem]:
    from tui.keys.catalogue import key_actions  # and with it, every screen

    return checked_keymap(config.keys, key_actions())[1]


def _report_text(report: Report) -> str:
    lines = [f"  device    {device}" for device in report.devices]
    for backend in report.backends:
        lines += _backend_lines(backend)
        if backend.name == "isaaclab" and report.isaac_sim is not None:
            lines += _isaac_sim_lines(report.isaac_sim)
    lines.append(f"  logs      {report.log_root}, {report.disk_free_gib:.0f} GiB free")
    if not report.log_root_writable:
        lines[-1] = f"! logs      {report.log_root} can't be written: choose another folder with --logs"
    if report.settings_problems:
        lines += [f"! settings  {report.settings}"]
        lines += [_INDENT + line for problem in report.settings_problems for line in _wrapped(problem)]
    return "\n".join(lines)


def _backend_lines(backend: BackendReport) -> list[str]:
    """Return the Python and its packages; commands and paths have lines of their own, to be copied."""
    lines = [f"Python {backend.python}, {backend.interpreter}"] if backend.python else []
    found = [f"{name}\N{NO-BREAK SPACE}{version}" for name, version in backend.packages.items() if version]
    lines += [line.replace("\N{NO-BREAK SPACE}", " ") for line in _wrapped(", ".join(found))]
    what, _, remedy = backend.problem.partition(": ")
    lines += [*_wrapped(what), *([remedy] if remedy else [])]
    if backend.install:
        missing = "to have all of it:" if backend.packages.get(backend.name) else "not installed; to have it:"
        lines += [missing, *backend.install]
    head = f"{'!' if backend.problem else ' '} {backend.name:<9} "
    return [head + lines[0], *(_INDENT + line for line in lines[1:])]


def _isaac_sim_lines(isaac_sim: IsaacSimReport) -> list[str]:
    accepted = f"OMNI_KIT_ACCEPT_EULA {'is' if isaac_sim.eula_accepted else 'is not'} set"
    if isaac_sim.version:
        lines = [f"Isaac Sim {isaac_sim.version}; {accepted}"]
    else:
        lines = ["no Isaac Sim: Newton simulates, PhysX can't", f"{accepted}, for which only Isaac Sim asks"]
    reachable = {True: "within reach", False: "out of reach", None: "can't be asked"}[isaac_sim.assets_reachable]
    lines += [f"assets {reachable}: {isaac_sim.asset_root or 'where Isaac Lab looks is not known'}"]
    if isaac_sim.assets_reachable is False:
        lines.append("humanoid-tui assets --offline builds what can be had without them")
    return [_INDENT + line for line in lines]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 80 - len(_INDENT), break_long_words=False, break_on_hyphens=False)
