"""Notify the user of news: a toast, and for urgent news the terminal's bell or a desktop notification.

`App.notify` of Textual 8.2.8 only shows toasts, and `App.bell` has no desktop notification (OSC 9, OSC 777), so the
sequences are written to the driver.
"""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App

from tui.session.notifications.news import News
from tui.session.notifications.notify import Alerts, seconds_shown
from tui.session.settings.config import Notify
from tui.session.text import plain_lines

_ALERTS: WeakKeyDictionary[App[Any], Alerts] = WeakKeyDictionary()


def show_news(app: App[Any], news: News, settings: Notify, run: str = "") -> None:
    """Show a toast; for urgent news, also send the bell and the desktop notification that `settings` ask for."""
    app.notify(plain_lines(news.text), severity=news.severity, timeout=seconds_shown(news), markup=False)
    alerts = _ALERTS.setdefault(app, Alerts())
    signal = alerts.bytes_for(news, run, bell=settings.bell, desktop=settings.desktop, environment=os.environ)
    if signal and app._driver is not None and not app.is_headless:  # as `App.copy_to_clipboard` does
        app._driver.write(signal)
