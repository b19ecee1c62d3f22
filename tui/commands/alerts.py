"""`alerts`: show and test webhooks."""

from __future__ import annotations

import click

from curricula.errors import UserError
from tui.commands.shared.output import json_option, show_result
from tui.session.notifications.webhooks import configured_webhooks, send_test_alert


@click.command("alerts")
@click.option("--test", "asks_to_test", is_flag=True, help="Send a test alert to each webhook.")
@json_option
def alerts_command(asks_to_test: bool, as_json: bool) -> None:
    """Show the webhooks that get alerts, or send a test alert.

    Addresses are never printed. With --test, exit with 1 if a webhook did not accept the alert.
    """
    kinds, warning = configured_webhooks()
    if not asks_to_test:
        lines = [f"alerts go to {', '.join(kinds)}" if kinds else "no webhooks under [alerts] in the settings"]
        value = {"webhooks": kinds, "warning": warning}
        show_result("\n".join([*lines, *([f"! {warning}"] if warning else [])]), value, as_json)
        return
    sent = send_test_alert()
    text = "\n".join(f"{one.webhook}: {one.problem or 'sent'}" for one in sent)
    show_result(text, [{"webhook": one.webhook, "problem": one.problem} for one in sent], as_json)
    if any(one.problem for one in sent):
        if as_json:
            raise click.exceptions.Exit(1)  # the report is the one JSON value
        raise UserError("not every webhook has accepted the alert")
