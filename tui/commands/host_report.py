"""`host-report`: the end of the list of runs on a host; `humanoid-tui hosts` and the list on screen start it by ssh."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tui.commands.shared.output import logs_option
from tui.session.hosts.listener import Listener
from tui.session.hosts.protocol import MessageWriter
from tui.session.hosts.report_runs import report_runs


@click.command("host-report", hidden=True)
@logs_option
def host_report_command(log_root: Path) -> None:
    """Report load and runs of this machine to a program on another one, which starts this."""
    report_runs(log_root, MessageWriter(sys.stdout.buffer), Listener(sys.stdin.fileno()))
