"""The message that a thread of a widget has failed."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass
class ThreadFailed(Message):
    """What a widget reads comes no more; `text` is one line that says why. The app shows it."""

    text: str
