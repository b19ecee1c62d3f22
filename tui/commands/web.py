"""The command that serves the program to a browser."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from tui.commands.output import Failed, logs_option
from tui.session.runs.run_index import find_run
from tui.web.access import is_loopback


@click.command("web")
@click.argument("run", required=False)
@click.option("--watch", "logdir", type=click.Path(path_type=Path), help="Watch event files in a folder instead.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 is any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Listen on an address that others can reach, without encryption.")
@logs_option
def web_command(run: str | None, logdir: Path | None, port: int, host: str, allow_remote: bool, log_root: Path) -> None:
    """Open the program in a browser, on RUN's dashboard if one is named.

    Prints the address, which has a secret in it: whoever knows it can steer and stop trainings. From another machine,
    forward the port: ssh -L 8000:127.0.0.1:8000 MACHINE. Ctrl+C ends it; trainings go on.
    """
    if run is not None and logdir is not None:
        raise click.UsageError("name a RUN or a folder to --watch, not both")
    if not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"others could reach {host} and read all that goes over it: use ssh -L, or add --allow-remote"
        )
    if importlib.util.find_spec("textual_serve") is None:
        raise Failed("a browser needs the package textual-serve (extra web): uv pip install textual-serve")
    from tui.web.server import ServerError, WebServer

    try:
        server = WebServer(_arguments(run, logdir, log_root), host, port, allow_remote)
    except ServerError as problem:
        raise Failed(str(problem)) from problem
    click.echo(f"{server.address}\nCtrl+C ends the program in the browser; trainings go on.")
    server.run()


def _arguments(run: str | None, logdir: Path | None, log_root: Path) -> list[str]:
    if logdir is not None:
        return ["watch", str(logdir.resolve())]
    if run is not None:
        return ["attach", str(find_run(run, log_root).path.resolve())]
    return []
