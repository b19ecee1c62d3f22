"""Lines of a log as text to draw: without escapes, at their final state, cut where too long."""

from __future__ import annotations

import re

from tui.session.text import compact_indents, plain_lines

LONGEST = 4096
"""Bytes of a line that are shown."""
_OVERWRITTEN = re.compile(r"(?m)^[^\n]*\r(?=[^\r\n])")
"""Text overwritten after a carriage return, as by progress bars."""
_ETA = re.compile(r"(?m)^ {10,}ETA: (?:\d+ days?, )?\d+:\d\d:\d\d *$")
"""rsl-rl's own estimate, from the mean of all iterations; the screen shows that of the newest ones above the log."""


def shown(raw: bytes) -> str:
    """Return lines as text that is safe to draw, each at its final state."""
    text = raw.decode("utf-8", errors="replace")
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text)
    return _ETA.sub("", plain_lines(text)) if "ETA: " in text else plain_lines(text)


def shown_line(head: bytes, tail: bytes = b"", length: int = 0) -> str:
    """Return one line as it is drawn.

    For a line longer than `LONGEST` bytes, `head` and `tail` are its first and last bytes and `length` is their total.
    If it was rewritten in place, its end is shown, as in a terminal.
    """
    if not tail:
        return compact_indents(shown(head)).expandtabs()
    if b"\r" in tail.rstrip(b"\r"):
        return shown(tail[tail.rstrip(b"\r").rfind(b"\r") + 1 :]).expandtabs()
    return f"{shown(head).expandtabs()}… ({length:,} bytes)"
