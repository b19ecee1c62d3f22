"""`serve`: start, follow and steer trainings over HTTP."""

from __future__ import annotations

import importlib.util
from contextlib import nullcontext
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.install import package_command
from tui.commands.shared.output import logs_option, say
from tui.web.access import is_loopback
from tui.web.listen import listen, shown_host


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 picks a free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--allow-remote", is_flag=True, help="Allow other machines to connect, without encryption.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the bearer token, written if missing; default: a new token at each start.",
)
@click.option("--most", type=click.IntRange(0, 10_000), default=8, show_default=True, help="Most trainings at once.")
@logs_option
def serve_command(port: int, host: str, allow_remote: bool, token_file: Path | None, most: int, log_root: Path) -> None:
    """Start, follow and steer trainings over HTTP, for programs.

    Prints the address and the file with the token: whoever knows it can steer and stop trainings. The address has a
    page with all requests, /docs. Ctrl+C ends the server; trainings continue.
    """
    if not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"other machines can reach {host}, without encryption: use ssh -L, or add --allow-remote"
        )
    if missing := [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]:
        raise UserError(f"expected the packages {' and '.join(missing)}", hint=package_command(*missing))
    from tui.http.server import make_app, run  # slow to import
    from tui.http.token import own_token, token_from

    listening = listen(host, port)
    used = listening.getsockname()[1]
    with own_token(used) if token_file is None else nullcontext((token_from(token_file), token_file)) as (token, place):
        say(f"http://{shown_host(host)}:{used}/docs\nThe token is in {place}.")
        say("Ctrl+C stops the server; trainings continue.")
        run(make_app(log_root, token, most, is_remote_allowed=allow_remote), listening)
