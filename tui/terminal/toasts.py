"""Telling a person one line in passing, and calling them if they are needed."""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App

from tui.session.notifications.news import News
from tui.session.notifications.notify import Alerts, seconds_shown
from tui.session.settings.config import Notify
from tui.session.text import plain

_ALERTS: WeakKeyDictionary[App[Any], Alerts] = WeakKeyDictionary()


def show_news(app: App[Any], news: News, settings: Notify, run: str = "") -> None:
    """Show a line; ring the bell and ask for a desktop notification if it needs a person who wants that."""
    app.notify(plain(news.text), severity=news.severity, timeout=seconds_shown(news), markup=False)
    alerts = _ALERTS.setdefault(app, Alerts())
    signal = alerts.bytes_for(news, run, settings.bell, settings.desktop, os.environ)
    if signal and app._driver is not None and not app.is_headless:  # as `App.copy_to_clipboard` writes
        app._driver.write(signal)
