"""The program that a screen belongs to, for what Textual's own type of it doesn't know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.app import App

if TYPE_CHECKING:  # it imports the screens
    from tui.app import HumanoidTui


def program_of(app: App[Any]) -> HumanoidTui:
    """Return a screen's `app` as what it is."""
    return cast("HumanoidTui", app)
