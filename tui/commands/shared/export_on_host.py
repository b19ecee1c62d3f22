"""`humanoid-tui --host NAME export`: export there, then copy the exported policy here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from trainer_proc.contract.run_folder import LOG_ROOT
from tui.commands.shared.given_words import given_words
from tui.commands.shared.output import say, say_json
from tui.commands.shared.progress_line import elapsed_line
from tui.session.bundle_copy import check_target
from tui.session.hosts.bundle import fetch_bundle
from tui.session.hosts.export import place_here
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.mirror import find_there

Run = Callable[[Sequence[str], Callable[[str], None]], int]
"""Runs a command on the host, gives its lines to a function, and returns its exit code."""


def export_on_host(host: Host, command: click.Command, words: Sequence[str], run: Run) -> int:
    """Export by the words of `export`, which is `command`; return the exit code. Raises `UserError` or `OSError`."""
    context = command.make_context("export", list(words))
    as_json, output = context.params["as_json"], context.params["output"]
    name, target = _found(host, context, output)
    lines: list[str] = []
    there = ["export", name, *given_words(context, without=("run", "output"))]
    with elapsed_line(f"exporting on {host.name}", quiet=as_json) as end:

        def show(line: str) -> None:
            end()
            say(line, end="")

        code = run(there, lines.append if as_json else show)
    if code and not context.params["asks_to_verify"]:  # a policy that fails its verification is exported
        _show(lines)
        return code
    fetch_bundle(host, name, target)
    if as_json:
        say_json(json.loads("".join(lines)) | {"copied_to": str(target)})
    else:
        say(f"copied from {host.name} to {target}")
    return code


def _found(host: Host, context: click.Context, output: Path | None) -> tuple[str, Path]:
    """Return the run or bundle there, and the folder of its copy here. Raises `UserError`."""
    run, log_root = context.params["run"], context.params["log_root"]
    is_there = context.get_parameter_source("log_root") is ParameterSource.COMMANDLINE
    try:
        name = find_there(host, [run, *(["--logs", str(log_root)] if is_there else [])])
    except HostError:
        if output is None:
            raise
        name = run  # a bundle, or an error that the command shows
    if output is None:
        return name, place_here(host, name, LOG_ROOT if is_there else log_root)
    check_target(output)
    return name, output


def _show(lines: Sequence[str]) -> None:
    for line in lines:
        say(line, end="")
