"""Text made safe to draw, and shortened to a width."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # operating system commands: titles, clipboard, links
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"  # device control and other strings
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_ENDS = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")
"""Other ends of lines, pages and paragraphs than the one of a file."""
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters
    r"\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    r"\ufdd0-\ufdef\ufffe\uffff]"  # format characters: directions, zero width, tags; no characters
)
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Bytes of a name that are no UTF-8, as Python holds them; no terminal and no file takes them."""

_NARROWEST_NUMBERED = 6
"""Cells from which on a name has room for a number."""
_SHORTEST_PART = 5
"""Cells of the shortest part of a path that is still recognizable."""


def plain(text: str) -> str:
    """Return `text` as one line that is safe to draw: `plain_lines`, with a space for each line end and tab."""
    return text if text.isprintable() else plain_lines(text).replace("\n", " ").replace("\t", " ")


def plain_lines(text: str) -> str:
    """Return `text` without what acts on a terminal or can't be seen; tabs and line ends stay.

    Left out are terminal escapes, control characters, and format characters: those override the direction of a text,
    have no width, or are tags. Halves of surrogates become U+FFFD. Everything that reaches a terminal, the clipboard
    or a picture passes here. Lines stay as many as they are.
    """
    if text.isprintable():
        return text
    return _HALVES.sub("\ufffd", _HIDDEN.sub("", _ENDS.sub(" ", _ESCAPES.sub("", text))))


def plain_json(text: str, *, ascii_only: bool = False) -> str:
    """Return a JSON text with escapes for the characters that `plain` leaves out, or for all but ASCII's.

    It means the same.
    """
    hidden = _NOT_ASCII if ascii_only else _HIDDEN
    return text if text.isprintable() and not ascii_only else hidden.sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def compact_indents(text: str) -> str:
    """Return `text` with the indents of rsl-rl's tables (`   Name: value`) cut to two cells; code keeps its own."""
    return re.sub(r"(?m)^(?: {10,}| {3,}(?=[A-Z][\w /]*: ))", "  ", text)


def shortened(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its end replaced by `…`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shortened_name(name: str, width: int) -> str:
    """Return a path in at most `width` cells; its longest parts lose their middles, so that each still tells itself.

    Where that leaves too little of them, only the end of the path remains, which tells most.
    """
    if len(name) <= width:
        return name
    parts = name.split("/")
    lengths = [len(part) for part in parts]
    while sum(lengths) + len(parts) - 1 > width:
        lengths[lengths.index(max(lengths))] -= 1
        if max(lengths) < _SHORTEST_PART:
            return "…" + name[1 - width :] if width > 1 else "…"[:width]
    return "/".join(_without_middle(part, length) for part, length in zip(parts, lengths, strict=True))


def shortened_names(names: Sequence[str], width: int) -> list[str]:
    """Return paths in at most `width` cells each, so that different ones look different.

    Those that would look the same keep the part in which they differ. Where even that is too long, they get numbers.
    """
    shown = dict(zip(names, (shortened_name(name, width) for name in names), strict=True))
    for _ in range(2):
        for alike in _alike(shown):
            shown.update(_where_they_differ(alike, width))
    for alike in _alike(shown) if width >= _NARROWEST_NUMBERED else []:
        taken = set(shown.values())
        numbered = (text for number in count(2) if (text := _numbered(shown[alike[0]], number, width)) not in taken)
        shown.update(zip(alike[1:], numbered, strict=False))
    return [shown[name] for name in names]


def distinct_parts(names: Sequence[str]) -> list[str]:
    """Return names without the words, joined by `_`, that all of them begin or end with; a single one as it is."""
    words = [name.split("_") for name in names]
    if len(names) < 2 or len(set(names)) < len(names):
        return list(names)
    start = _length_in_common(words)
    end = _length_in_common([each[start:][::-1] for each in words])
    return ["_".join(each[start : len(each) - end]) or name for each, name in zip(words, names, strict=True)]


def _numbered(text: str, number: int, width: int) -> str:
    ending = f"…{number}"
    return text[: width - len(ending)] + ending


def _alike(shown: Mapping[str, str]) -> list[list[str]]:
    """Return the groups of names that are shown by the same text."""
    groups: dict[str, list[str]] = {}
    for name, text in shown.items():
        groups.setdefault(text, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _where_they_differ(names: Sequence[str], width: int) -> dict[str, str]:
    """Return names with only the ends of what they have in common, before and behind where they differ."""
    start = _length_in_common(names)
    end = _length_in_common([name[start:][::-1] for name in names])
    middles = {name: name[start : len(name) - end] for name in names}
    room = width - max(map(len, middles.values()))
    if room < 0:
        return {name: shortened_name(middle, width) for name, middle in middles.items()}
    behind = min(end, max(room - start, room // 2))
    before = min(start, room - behind)
    first = names[0]
    head, tail = _without_middle(first[:start], before), _without_middle(first[len(first) - end :], behind)
    return {name: head + middle + tail for name, middle in middles.items()}


def _length_in_common(texts: Sequence[Sequence[str]]) -> int:
    """Return how many letters, or words, all texts begin with."""
    return next(
        (at for at, letters in enumerate(zip(*texts, strict=False)) if len(set(letters)) > 1), min(map(len, texts))
    )


def _without_middle(part: str, length: int) -> str:
    if len(part) <= length:
        return part
    if length < 1:
        return ""
    tail = (length - 1) // 2
    return part[: length - 1 - tail] + "…" + part[len(part) - tail :]
