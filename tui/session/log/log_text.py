"""Lines of a log as they are shown: without terminal escapes, at their last state, cut where they are too long."""

from __future__ import annotations

import re

from tui.session.text import compact_indents, plain

LONGEST = 4096
"""Bytes of a line that are shown; of a longer one, its beginning."""
_OVERWRITTEN = re.compile(r"(?m)^[^\n]*\r(?=[^\r\n])")
"""What a carriage return has put the cursor back over, as progress bars do."""


def shown(raw: bytes) -> str:
    """Return lines (or one, without its line end) as text that is safe to draw, each at its last state."""
    text = raw.decode("utf-8", errors="replace")
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text)
    return plain(text)


def shown_line(head: bytes, tail: bytes = b"", length: int = 0) -> str:
    """Return one line as it is drawn.

    Of a line that is longer than `LONGEST`, `head` and `tail` are its first and last bytes and `length` is the number
    of all; if it was rewritten in place, its end is what one would see in a terminal.
    """
    if not tail:
        return compact_indents(shown(head)).expandtabs()
    if b"\r" in tail.rstrip(b"\r"):
        return shown(tail[tail.rstrip(b"\r").rfind(b"\r") + 1 :]).expandtabs()
    return f"{shown(head).expandtabs()}… ({length:,} bytes)"
