"""Compact the style sequences that Textual sends to the terminal, mostly to half the bytes.

Rich and Textual 8.2.8 precede each piece of text with its whole style and follow it with a reset,
`ESC[1;38;2;…;48;2;…m text ESC[0m` (`Strip.render`). Only the difference from the previous piece is sent here (ECMA-48,
"select graphic rendition"). No upstream issue is known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STYLED = re.compile(r"\x1b\[([\d;]+)m([^\x1b]*)\x1b\[0m")
_ONLY_MOVES = re.compile(r"(?:[\r\n]|\x1b\[\d+;\d+H)*\Z")
_REDUNDANT_MOVES = re.compile(r"\r?\n(?=\x1b\[\d+;\d+H)|\x1b\[\d+;\d+H(?:\r?\n)?(?=\x1b\[\d+;\d+H)")
_RESET = "\x1b[0m"


class _Style(NamedTuple):
    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""


def compact_sgr(frame: str) -> str:
    """Return a frame that looks the same in fewer bytes; no style is set before and after it."""
    sent: list[str] = []
    style = ""
    end = 0
    for piece in _STYLED.finditer(frame):
        if piece.start() > end:
            style = _append_unstyled(sent, style, frame[end : piece.start()])
        wanted, text = piece.groups()
        end = piece.end()
        if text:
            if wanted != style:
                sent.append(_change(style, wanted))
                style = wanted
            sent.append(text)
    style = _append_unstyled(sent, style, frame[end:])
    if style:
        sent.append(_RESET)
    return _REDUNDANT_MOVES.sub("", "".join(sent))


def _append_unstyled(sent: list[str], style: str, text: str) -> str:
    """Append text without a style and return the style in force after it; cursor moves leave the style as it is."""
    if style and not _ONLY_MOVES.match(text):
        sent.append(_RESET)
        style = ""
    sent.append(text)
    return style


@lru_cache(maxsize=4096)
def _change(old: str, new: str) -> str:
    """Return the shortest sequence that turns the style `old` into `new`, both given by their SGR parameters."""
    before, after = _parsed(old), _parsed(new)
    anew = f"\x1b[0;{new}m" if old else f"\x1b[{new}m"
    if before is None or after is None or not before.attributes <= after.attributes:
        return anew
    changes = sorted(after.attributes - before.attributes)
    if after.foreground != before.foreground:
        changes.append(after.foreground or "39")
    if after.background != before.background:
        changes.append(after.background or "49")
    return min(f"\x1b[{';'.join(changes)}m", anew, key=len) if changes else ""


@lru_cache(maxsize=4096)
def _parsed(parameters: str) -> _Style | None:
    """Split SGR parameters into a style; None if one of them is unknown here."""
    attributes: set[str] = set()
    foreground = background = ""
    numbers = parameters.split(";") if parameters else []
    while numbers:
        code = numbers.pop(0)
        if code in ("38", "48"):
            length = {"2": 4, "5": 2}.get(numbers[0] if numbers else "", 0)
            if not length or len(numbers) < length:
                return None
            colour, numbers = ";".join([code, *numbers[:length]]), numbers[length:]
        elif code in {"1", "2", "3", "4", "5", "7", "9"}:
            attributes.add(code)
            continue
        elif re.fullmatch(r"3[0-79]|4[0-79]|9[0-7]|10[0-7]", code):
            colour = code
        else:
            return None
        if code == "38" or code[0] in "39":
            foreground = "" if colour == "39" else colour
        else:
            background = "" if colour == "49" else colour
    return _Style(frozenset(attributes), foreground, background)
