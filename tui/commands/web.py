"""`web`: serve the program to a browser."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.install import package_command
from tui.commands.shared.output import logs_option, say
from tui.session.runs.run_index import find_run
from tui.session.watch.log_folder import check_log_folder
from tui.web.access import is_loopback


@click.command("web")
@click.argument("run", required=False)
@click.option("--watch", "logdir", type=click.Path(path_type=Path), help="Watch event files in this folder instead.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Allow other machines to connect, without encryption.")
@logs_option
def web_command(run: str | None, logdir: Path | None, port: int, host: str, allow_remote: bool, log_root: Path) -> None:
    """Open the program, or the dashboard of RUN, in a browser.

    Prints an address with a secret: whoever knows it can steer and stop trainings. From another machine, forward the
    port: ssh -L 8000:127.0.0.1:8000 MACHINE. Ctrl+C ends the server; trainings continue.
    """
    if run is not None and logdir is not None:
        raise click.UsageError("RUN and --watch exclude each other")
    if not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"other machines can reach {host}, without encryption: use ssh -L, or add --allow-remote"
        )
    if importlib.util.find_spec("textual_serve") is None:
        raise UserError("the package textual-serve is missing", hint=package_command("textual-serve"))
    from tui.web.server import WebServer

    server = WebServer(_arguments(run, logdir, log_root), host, port, allow_remote)
    say(f"{server.address}\nCtrl+C stops the server; trainings continue.")
    server.run()


def _arguments(run: str | None, logdir: Path | None, log_root: Path) -> list[str]:
    if logdir is not None:
        check_log_folder(logdir)
        return ["watch", str(logdir.resolve())]
    if run is not None:
        return ["attach", str(find_run(run, log_root).path.resolve())]
    return []
