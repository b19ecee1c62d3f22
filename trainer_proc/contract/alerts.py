"""Alerts by webhook: their settings, which only the user's own file has, and what an alert says."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from curricula.schema import convert_fitting
from curricula.toml_file import TomlFileError, read_toml

AlertEvent = Literal["failed", "stalled", "goal", "guard", "success", "test"]
"""`success` is a success rate that has dropped; `test` is sent by `humanoid-tui alerts --test`."""
SENDER = "trainer_proc.alerts.send"
"""Module of the process that sends one alert: its standard input is an `Alert` in JSON."""
SECRET = {"secret": True}
"""Marks settings that are never shown."""
LARGEST_SETTINGS = 1024 * 1024
"""Bytes."""


class AlertSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[alerts]`: webhooks for what happens to trainings. They are secrets: nothing else keeps or shows them."""

    slack: Annotated[str, Meta(description="Incoming webhook of Slack", extra=SECRET)] = ""
    ntfy: Annotated[str, Meta(description="Topic of ntfy, such as https://ntfy.sh/TOPIC", extra=SECRET)] = ""
    ntfy_token: Annotated[str, Meta(description="Access token of that topic, if it needs one", extra=SECRET)] = ""
    json: Annotated[str, Meta(description="Address that gets each alert as a JSON object", extra=SECRET)] = ""
    failed: Annotated[bool, Meta(description="Alert when a training has failed or died")] = True
    stalled: Annotated[bool, Meta(description="Alert when a training makes no progress")] = True
    goal: Annotated[bool, Meta(description="Alert when a training has reached its goal")] = True
    guard: Annotated[bool, Meta(description="Alert when a guard has fired")] = True
    success: Annotated[bool, Meta(description="Alert when the success rate has dropped by 0.2")] = True

    @property
    def webhooks(self) -> dict[str, str]:
        """The addresses by kind, of those that are set."""
        kinds = {"slack": self.slack, "ntfy": self.ntfy, "json": self.json}
        return {kind: address.strip() for kind, address in kinds.items() if address.strip()}

    def wants(self, event: AlertEvent) -> bool:
        """Return whether the user wants alerts of this event."""
        return event == "test" or bool(getattr(self, event))


class Alert(msgspec.Struct, frozen=True):
    """What has happened; the JSON webhook gets all of it."""

    event: AlertEvent
    run: str
    """Name of the run, `experiment/folder`."""
    text: str
    """One line."""
    time: float
    """Unix time in seconds."""
    iteration: int | None = None
    """Newest finished iteration."""
    host: str = msgspec.field(default_factory=socket.gethostname)


class _Settings(msgspec.Struct, frozen=True):
    alerts: AlertSettings = AlertSettings()


def settings_file() -> Path:
    """Return the user's settings file; it need not exist."""
    from presets.find import own_presets_folder  # the wire process does without it

    return own_presets_folder().with_name("config.toml")


def read_alert_settings() -> AlertSettings:
    """Return `[alerts]` of the user's settings; what does not fit, or can't be read, is at its default."""
    try:
        table = read_toml(settings_file(), LARGEST_SETTINGS).get("alerts", {})
    except (OSError, TomlFileError):
        return AlertSettings()
    return convert_fitting({"alerts": table}, _Settings)[0].alerts
