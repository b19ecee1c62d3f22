"""How news reaches a person: a line on the screen for all of it, bell and desktop notification for what needs them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from trainer_proc.contract.messages import Frame
from tui.session.notifications.news import News
from tui.session.text import plain

BELL = "\a"
_SECONDS = {"information": 4.0, "warning": 8.0, "error": 12.0}
_SECONDS_FOR_A_PERSON = 20.0
_SAME_AGAIN_SECONDS = 60.0
_LONGEST = 200
"""Letters of a desktop notification."""


def seconds_shown(news: News) -> float:
    """Return how long a line stays on the screen."""
    return _SECONDS_FOR_A_PERSON if news.needs_person else _SECONDS[news.severity]


def is_news(frame: Frame, since: float) -> bool:
    """Tell whether a frame is of after `since` (Unix time), when somebody began to look; what was before is history."""
    return frame.time >= since


class Alerts:
    """Says what to write to the terminal when a person is needed, the same thing once a minute at most."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Take the clock, in seconds."""
        self._now = now
        self._told: dict[str, float] = {}

    def bytes_for(self, news: News, run: str, bell: bool, desktop: bool, environment: Mapping[str, str]) -> str:
        """Return a bell, a desktop notification (OSC 9), both or nothing, as `bell` and `desktop` ask for."""
        now = self._now()
        if not news.needs_person or now - self._told.get(news.text, -_SAME_AGAIN_SECONDS) < _SAME_AGAIN_SECONDS:
            return ""
        self._told = {text: when for text, when in self._told.items() if now - when < _SAME_AGAIN_SECONDS}
        self._told[news.text] = now
        notification = desktop_notification(f"{run}: {news.text}" if run else news.text, "TMUX" in environment)
        return BELL * bell + notification * desktop


def desktop_notification(text: str, in_tmux: bool) -> str:
    """Return the sequence that asks a terminal for a desktop notification, through tmux if that is around us.

    OSC 9 is known to iTerm2, WezTerm, Ghostty, kitty, foot and others; Windows Terminal takes one that begins with a
    number for something else. tmux hands it on with `set -g allow-passthrough on`.
    """
    line = " ".join(plain(text).split())[:_LONGEST]
    sequence = f"\x1b]9;humanoid-tui {line}\a"
    if not in_tmux:
        return sequence
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
