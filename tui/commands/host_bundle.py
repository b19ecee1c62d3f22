"""`host-bundle`: send an exported policy to the program on another machine, which starts this by ssh."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trainer_proc.contract.run_folder import RUN_FILE
from tui.commands.shared.output import logs_option
from tui.session.hosts.bundle import send_bundle
from tui.session.hosts.protocol import MessageWriter
from tui.session.runs.run_index import find_run
from tui.session.verification.run import bundle_of_run, has_card


@click.command("host-bundle", hidden=True)
@click.argument("run", metavar="RUN|BUNDLE")
@logs_option
def host_bundle_command(run: str, log_root: Path) -> None:
    """Send the files of an exported policy to a program on another machine, which starts this."""
    bundle = Path(run)
    if not has_card(bundle) or (bundle / RUN_FILE).exists():
        bundle = bundle_of_run(find_run(run, log_root))
    send_bundle(bundle, MessageWriter(sys.stdout.buffer))
