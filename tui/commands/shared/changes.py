"""Commands that change knobs of a live run: common options, and how the change is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import msgspec

from trainer_proc.contract.requests import Command
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.requests import request, wait_until_applied
from tui.session.interventions.change_text import applied_text


def change_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--note`, `--applied`, `--logs` and `--json`."""
    command = logs_option(json_option(command))
    command = click.option("--applied", is_flag=True, help="Wait until the change is applied.")(command)
    return click.option("--note", default="", help="Reason, kept with the change.")(command)


def change(folder: RunFolder, command: Command, *, applied: bool, as_json: bool) -> None:
    """Request a change and print its outcome: queued, or with `applied` what was applied."""
    reply = request(folder, command)
    assert reply.intervention is not None
    cost = f" ({reply.message})" if reply.message else ""
    if not applied:
        result: dict[str, Any] = {"intervention": reply.intervention, "state": "queued", "message": reply.message}
        show_result(f"#{reply.intervention} queued for the next iteration{cost}", result, as_json)
        return
    done = wait_until_applied(folder, reply.intervention)
    state = {"intervention": done.number, "state": "applied", "message": reply.message}
    show_result(f"{applied_text(done)}{cost}", state | msgspec.to_builtins(done), as_json)
