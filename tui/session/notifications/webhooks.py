"""A test alert to the user's webhooks, sent as a training sends its own."""

from __future__ import annotations

import stat
import subprocess
import time
from dataclasses import dataclass

import msgspec

from curricula.errors import UsageError, UserError
from trainer_proc.contract.alerts import SENDER, Alert, read_alert_settings, settings_file
from trainer_proc.contract.child_process import start_python

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class SentAlert:
    """What became of the test alert at one kind of webhook; `problem` is empty if it was sent."""

    webhook: str
    problem: str


def configured_webhooks() -> tuple[list[str], str]:
    """Return the kinds of webhooks that are set, and a warning if others can read their addresses."""
    kinds = list(read_alert_settings().webhooks)
    path = settings_file()
    is_open = bool(kinds) and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    return kinds, f"other users can read the addresses: chmod 600 {path}" if is_open else ""


def send_test_alert() -> list[SentAlert]:
    """Send a test alert once to each webhook; takes some seconds. Raises `UserError`."""
    if not configured_webhooks()[0]:
        raise UsageError(f"expected slack, ntfy or json under [alerts] in {settings_file()}, got none of them")
    alert = Alert("test", "humanoid-tui", "a test of alerts", time.time())
    process = start_python("-m", SENDER, "--once", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        output, _ = process.communicate(msgspec.json.encode(alert), _PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise UserError("the test alert was not sent in time") from None
    sent = []
    for line in output.decode(errors="replace").splitlines():
        kind, _, result = line.partition(": ")
        sent.append(SentAlert(kind, "" if result == "sent" else result))
    if not sent:
        raise UserError("the process that sends alerts has failed: see its error above")
    return sent
