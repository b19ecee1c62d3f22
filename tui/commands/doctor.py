"""`doctor`: report what is installed and what is missing, or what fast mode has captured of a run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from curricula.errors import UserError
from curricula.schema import Problem
from trainer_proc.contract.connection import is_live
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.backends.doctor import BackendReport, IsaacSimReport, Report, examine
from tui.session.runs.run_index import find_run, read_state
from tui.session.settings.config import UserConfig
from tui.session.settings.keymap import checked_keymap
from tui.session.step_text import report_text, step_report

_INDENT = " " * 12


@click.command("doctor")
@click.argument("run", required=False)
@logs_option
@json_option
def doctor_command(run: str | None, log_root: Path, as_json: bool) -> None:
    """Report what is installed and how to install what is missing.

    With RUN: which parts of its training step fast mode has captured, which run eagerly, and why.
    """
    if run is not None:
        folder = find_run(run, log_root)
        step = step_report(folder.name, folder.read_spec(), read_state(folder), is_live(folder))
        show_result(report_text(step), step, as_json)
        return
    report = examine(log_root, _key_problems)
    show_result(_report_text(report), report, as_json)
    if not report.is_healthy:
        if as_json:
            raise click.exceptions.Exit(1)  # the report is the one JSON value
        raise UserError("something is missing", hint="see the lines with !")


def _key_problems(config: UserConfig) -> list[Problem]:
    from tui.keys.catalogue import key_actions  # imports every screen

    return checked_keymap(config.keys, key_actions())[1]


def _report_text(report: Report) -> str:
    lines = [f"  device    {device}" for device in report.devices]
    for backend in report.backends:
        lines += _backend_lines(backend)
        if backend.name == "isaaclab" and report.isaac_sim is not None:
            lines += _isaac_sim_lines(report.isaac_sim)
    lines.append(f"  logs      {report.log_root}, {report.disk_free_gib:.0f} GiB free")
    if not report.log_root_writable:
        lines[-1] = f"! logs      {report.log_root} is not writable: choose another folder with --logs"
    lines.append(f"  log       {report.log}")
    if report.settings_problems:
        lines += [f"! settings  {report.settings}"]
        lines += [_INDENT + line for problem in report.settings_problems for line in _wrapped(problem)]
    return "\n".join(lines)


def _backend_lines(backend: BackendReport) -> list[str]:
    """Return the Python and its packages; commands and paths get lines of their own, so that they can be copied."""
    lines = [f"Python {backend.python}, {backend.interpreter}"] if backend.python else []
    found = [f"{name}\N{NO-BREAK SPACE}{version}" for name, version in backend.packages.items() if version]
    lines += [line.replace("\N{NO-BREAK SPACE}", " ") for line in _wrapped(", ".join(found))]
    what, _, remedy = backend.problem.partition(": ")
    lines += [*_wrapped(what), *([remedy] if remedy else [])]
    if backend.install:
        missing = "incomplete; install with:" if backend.packages.get(backend.name) else "not installed; install with:"
        lines += [missing, *backend.install]
    head = f"{'!' if backend.problem else ' '} {backend.name:<9} "
    return [head + lines[0], *(_INDENT + line for line in lines[1:])]


def _isaac_sim_lines(isaac_sim: IsaacSimReport) -> list[str]:
    accepted = f"OMNI_KIT_ACCEPT_EULA {'is' if isaac_sim.eula_accepted else 'is not'} set"
    if isaac_sim.version:
        lines = [f"Isaac Sim {isaac_sim.version}; {accepted}"]
    else:
        lines = ["Isaac Sim not installed: Newton available, PhysX not", f"{accepted} (needed by Isaac Sim only)"]
    reachable = {True: "reachable", False: "unreachable", None: "not checked"}[isaac_sim.assets_reachable]
    lines += [f"assets {reachable}: {isaac_sim.asset_root or 'asset root unknown'}"]
    if isaac_sim.assets_reachable is False:
        lines.append("humanoid-tui assets --offline builds local replacements")
    return [_INDENT + line for line in lines]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 80 - len(_INDENT), break_long_words=False, break_on_hyphens=False)
