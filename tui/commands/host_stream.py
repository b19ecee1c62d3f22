"""`host-stream`: the end of a mirrored run on a host; the dashboard of a run on a host starts it by ssh."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tui.commands.shared.output import logs_option
from tui.session.hosts.listener import Listener
from tui.session.hosts.protocol import Found, MessageWriter
from tui.session.hosts.send_run import send_run
from tui.session.runs.run_index import find_run


@click.command("host-stream", hidden=True)
@click.argument("run", default="latest")
@click.option("--have", "tails", type=(str, str), multiple=True, help="File and the end of it that is there already.")
@click.option("--find", "only_finds", is_flag=True, help="Send only the path of its folder.")
@logs_option
def host_stream_command(run: str, tails: tuple[tuple[str, str], ...], only_finds: bool, log_root: Path) -> None:
    """Send a run's files to a program on another machine, which starts this."""
    folder = find_run(run, log_root)
    output = MessageWriter(sys.stdout.buffer)
    if only_finds:
        output.send(Found(str(folder.path)))
    else:
        send_run(folder, dict(tails), output, Listener(sys.stdin.fileno()))
