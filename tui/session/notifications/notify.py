"""How news reaches the user: always on the screen, with bell and desktop notification if it needs them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from trainer_proc.contract.messages import Frame
from tui.session.notifications.news import News
from tui.session.text import plain

BELL = "\a"
_SECONDS = {"information": 4.0, "warning": 8.0, "error": 12.0}
_SECONDS_IF_NEEDED = 20.0
_SAME_AGAIN_SECONDS = 60.0
_LONGEST = 200
"""Characters of a desktop notification."""


def seconds_shown(news: News) -> float:
    """Return how long a notification stays on the screen."""
    return _SECONDS_IF_NEEDED if news.needs_user and not news.stays_in_header else _SECONDS[news.severity]


def is_news(frame: Frame, since: float) -> bool:
    """Return whether a frame is newer than `since` (Unix time), when the screen opened."""
    return frame.time >= since


class Alerts:
    """Terminal alerts for a needed user; the same one at most once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is a clock in seconds."""
        self._now = now
        self._sent: dict[str, float] = {}

    def bytes_for(self, news: News, run: str, *, bell: bool, desktop: bool, environment: Mapping[str, str]) -> str:
        """Return bell and desktop notification (OSC 9) as enabled; empty if none is due."""
        now = self._now()
        if not news.needs_user or now - self._sent.get(news.text, -_SAME_AGAIN_SECONDS) < _SAME_AGAIN_SECONDS:
            return ""
        self._sent = {text: when for text, when in self._sent.items() if now - when < _SAME_AGAIN_SECONDS}
        self._sent[news.text] = now
        notification = desktop_notification(f"{run}: {news.text}" if run else news.text, "TMUX" in environment)
        return BELL * bell + notification * desktop


def desktop_notification(text: str, in_tmux: bool) -> str:
    """Return the escape sequence of a desktop notification, wrapped for tmux if `in_tmux`.

    iTerm2, WezTerm, Ghostty, kitty, foot and others support OSC 9. Windows Terminal gives a text that begins with a
    number another meaning. tmux passes it on with `set -g allow-passthrough on`.
    """
    line = " ".join(plain(text).split())[:_LONGEST]
    sequence = f"\x1b]9;humanoid-tui {line}\a"
    if not in_tmux:
        return sequence
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
