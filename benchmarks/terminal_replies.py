"""Replies of a terminal to the queries of the measured programs."""

from __future__ import annotations

import re

REPLIES = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # synchronized output is supported
    b"\x1b[5n": b"\x1b[0n",  # terminal status
    b"\x1b[6n": b"\x1b[1;1R",  # cursor position
    b"\x1b[c": b"\x1b[?62;22c",  # device attributes
}
QUERY = re.compile(b"|".join(map(re.escape, REPLIES)))
LONGEST_QUERY = max(map(len, REPLIES))
