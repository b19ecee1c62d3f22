"""`humanoid-tui --host NAME COMMAND`: run a command on another machine, and show its output here."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import click
from click.core import ParameterSource

from curricula.errors import UsageError
from trainer_proc.contract.run_folder import LOG_ROOT
from tui.commands.shared.output import say
from tui.session.hosts.host import Host, find_host
from tui.session.hosts.ssh import check_exit, connect, run_there
from tui.session.runs.run_index import RunOrigin

_PIECE = 1024 * 1024
"""Bytes of a line that are shown at once."""
_MOST_ERRORS = 1000
"""Lines of its standard error."""
_LOCAL = frozenset(("compare", "mcp", "play", "serve", "viewer", "watch", "web"))
"""Commands that open a screen or listen on this machine."""


@click.command("on-host", add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def on_host_command(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the command of `arguments` on the host of the group's option, and exit with its code."""
    assert context.parent is not None
    host = find_host(context.parent.params["host"])
    if context.parent.get_parameter_source("allow_code") is ParameterSource.COMMANDLINE:
        arguments = ("--allow-code", *arguments)
    if _command(arguments) == "export":
        raise click.exceptions.Exit(_export(host, context.parent, arguments))
    if _command(arguments) == "attach" and "--json" not in arguments:
        _attach(host, arguments[arguments.index("attach") + 1 :])
        return
    raise click.exceptions.Exit(run_on_host(host, arguments))


def _say(line: str) -> None:
    say(line, end="")


def run_on_host(host: Host, arguments: Sequence[str], show: Callable[[str], None] = _say) -> int:
    """Run a command on `host`; `show` each line of its output, and return its exit code. Raises `UserError`."""
    _check(host, arguments)
    connect(host)
    process = run_there(host, arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    errors: deque[str] = deque(maxlen=_MOST_ERRORS)  # shown at the end: the last line may be one of ssh itself
    reader = threading.Thread(target=_show, args=(process.stderr, errors.append), daemon=True)
    reader.start()
    try:
        _show(process.stdout, show)
    except KeyboardInterrupt:
        say(f"The command may continue on {host.name}.", err=True)
        raise
    reader.join()
    code = process.wait()
    check_exit(host, code, "".join(errors))
    for line in errors:
        say(line, err=True, end="")
    return code


def _export(host: Host, group: click.Context, arguments: Sequence[str]) -> int:
    """Export there, copy the policy here, and return the exit code. Raises `UserError` or `OSError`."""
    from tui.commands.shared.export_on_host import export_on_host

    assert isinstance(group.command, click.Group)
    command, at = group.command.get_command(group, "export"), arguments.index("export")
    assert command is not None
    before = arguments[:at]
    return export_on_host(
        host, command, arguments[at + 1 :], lambda words, show: run_on_host(host, [*before, *words], show)
    )


def _attach(host: Host, arguments: Sequence[str]) -> None:
    """Open the dashboard of a run on `host`, which `arguments` name as those of `attach` do. Raises `UserError`."""
    from tui.session.hosts.host_runs import HostRuns
    from tui.session.hosts.mirror import find_there

    hosts = HostRuns()
    try:
        folder = hosts.open(RunOrigin(host.name, find_there(host, arguments)))
        from tui.app import HumanoidTui
        from tui.terminal.run import run_app

        run_app(HumanoidTui(LOG_ROOT, folder, hosts=hosts))
    finally:
        hosts.close()


def _command(arguments: Sequence[str]) -> str:
    return next(argument for argument in arguments if not argument.startswith("-"))


def _show(stream: IO[bytes], show: Callable[[str], None]) -> None:
    for line in iter(lambda: stream.readline(_PIECE), b""):
        show(line.decode(errors="replace"))


def _check(host: Host, arguments: Sequence[str]) -> None:
    name = _command(arguments)
    if name in _LOCAL:
        raise UsageError(
            f"{name} opens a screen or listens, which --host does not do",
            hint=f"use ssh -t {host.destination} humanoid-tui {name}",
        )
    for argument in arguments:
        value = argument.rpartition("=")[2]
        if value and not Path(value).is_absolute() and Path(value).is_file():
            raise UsageError(
                f"expected a file of {host.name}, got {value}, which is one of this machine",
                hint="copy it there with scp, and give its absolute path",
            )
