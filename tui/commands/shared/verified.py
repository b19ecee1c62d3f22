"""Verify a bundle for a command."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import click

from curricula.errors import UserError
from trainer_proc.contract.bundle.verification import Verification
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from trainer_proc.contract.child_process import interrupt_on_signals
from tui.commands.shared.output import say
from tui.commands.shared.progress_line import progress_line
from tui.session.verification.report import verdict_text
from tui.session.verification.run import verify


def verified(request: VerifyRequest, *, quiet: bool, with_reference: bool = True) -> Verification:
    """Verify, show progress on a terminal, and store the pictures; see `run.verify` for the reference."""
    interrupt_on_signals()  # so that the verifying process is ended with this one
    folder = Path(request.bundle)
    with progress_line(f"{request.level} verification of {folder.name}", quiet) as report:
        found = verify(request, report, Event(), with_reference=with_reference)
    from tui.charts.files.verification_pictures import write_pictures  # imports numpy: too slow for --help

    if problem := write_pictures(found, folder):
        say(problem, err=True)
    return found


def exit_unless_verified(found: Verification, *, as_json: bool) -> None:
    """Exit with 1 if a bundle isn't verified, whose report has been shown."""
    if found.verified:
        return
    if as_json:
        raise click.exceptions.Exit(1)  # the report is the one JSON value
    raise UserError(verdict_text(found))
