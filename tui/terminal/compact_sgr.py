"""What Textual sends to the terminal, said in fewer bytes: half as many, mostly.

Each piece of text comes with all of its style before it and a reset behind it, `ESC[1;38;2;…;48;2;…m text ESC[0m`.
Here only what differs from the piece before is sent (ECMA-48, "select graphic rendition").
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_STYLED = re.compile(r"\x1b\[([\d;]+)m([^\x1b]*)\x1b\[0m")
_ONLY_MOVES = re.compile(r"(?:[\r\n]|\x1b\[\d+;\d+H)*\Z")
_USELESS_MOVES = re.compile(r"\r?\n(?=\x1b\[\d+;\d+H)|\x1b\[\d+;\d+H(?:\r?\n)?(?=\x1b\[\d+;\d+H)")
_RESET = "\x1b[0m"


class _Style(NamedTuple):
    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""


def compact_sgr(picture: str) -> str:
    """Return what looks the same in fewer bytes; before and behind it, no style is set."""
    sent: list[str] = []
    style = ""
    end = 0
    for piece in _STYLED.finditer(picture):
        if piece.start() > end:
            style = _put_between(sent, style, picture[end : piece.start()])
        wanted, text = piece.groups()
        end = piece.end()
        if text:
            if wanted != style:
                sent.append(_change(style, wanted))
                style = wanted
            sent.append(text)
    style = _put_between(sent, style, picture[end:])
    if style:
        sent.append(_RESET)
    return _USELESS_MOVES.sub("", "".join(sent))


def _put_between(sent: list[str], style: str, text: str) -> str:
    """Put what has no style of its own; return the style that is set then. Moving the cursor minds no style."""
    if style and not _ONLY_MOVES.match(text):
        sent.append(_RESET)
        style = ""
    sent.append(text)
    return style


@lru_cache(maxsize=4096)
def _change(old: str, new: str) -> str:
    """Return what makes of one style, by its parameters, another."""
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
    """Return a style's parts, None if it has one that isn't known here."""
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
