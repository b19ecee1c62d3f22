"""Requests of each kind of webhook.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and https://docs.ntfy.sh/publish.
"""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit

import msgspec

from trainer_proc.contract.alerts import Alert, AlertSettings

_JSON = {"Content-Type": "application/json"}
_TITLES = {
    "failed": "failed",
    "stalled": "stalled",
    "goal": "goal reached",
    "guard": "guard",
    "success": "success rate",
    "test": "test",
}
_URGENT = ("failed", "stalled")


class NoWebhook(ValueError):
    """The setting is no address; the message does not repeat it."""


def request_for(kind: str, settings: AlertSettings, alert: Alert) -> urllib.request.Request:
    """Return the request that sends `alert` to the webhook of this kind. Raises `NoWebhook`."""
    address = settings.webhooks[kind]
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and address.isascii()
    except ValueError:
        is_address = False
    if not is_address or any(letter.isspace() for letter in address):
        raise NoWebhook("expected an address with http:// or https://")
    match kind:
        case "slack":
            body, headers = msgspec.json.encode({"text": f"*{_escaped(alert.run)}*: {_escaped(alert.text)}"}), _JSON
        case "ntfy":
            body = alert.text.encode()
            headers = {
                "Title": f"{alert.run}: {_TITLES[alert.event]}".encode("ascii", "replace").decode(),
                "Priority": "high" if alert.event in _URGENT else "default",
            }
            if token := settings.ntfy_token.strip():
                headers["Authorization"] = f"Bearer {token}"
        case _:
            body, headers = msgspec.json.encode(alert), _JSON
    return urllib.request.Request(address, body, {"User-Agent": "humanoid-tui", **headers}, method="POST")


def _escaped(text: str) -> str:
    """Return a text that Slack takes for nothing but text, such as no mention of a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
