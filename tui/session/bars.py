"""Shares as text bars with numbers; groups are side by side where they fit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from tui.session.text import plain, shortened, shortened_names

_EIGHTHS = " ▏▎▍▌▋▊▉"
_NARROWEST_GROUP, _WIDEST_LABEL = 34, 24
_GAP = 3
_SMALLEST_BAR = 6
"""Labels are shortened to keep this width."""


@dataclass(frozen=True)
class Bar:
    """One line: `share` (0 to 1; None for no bar), its `value` as text, and a `note`."""

    label: str
    share: float | None
    value: str
    note: str = ""


@dataclass(frozen=True)
class BarGroup:
    """Bars under a title."""

    title: str
    bars: tuple[Bar, ...]


def bar(share: float, width: int) -> str:
    """Return a bar of at most `width` cells; a share above 0 is visible."""
    if not share > 0:
        return ""
    eighths = max(round(min(share, 1.0) * width * 8), 1)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def progress_bar(share: float, width: int) -> str:
    """Return a bar of exactly `width` cells; the part that is missing is pale, and visible until all is reached."""
    filled = bar(share, width)
    if len(filled) == width and share < 1:
        filled = filled[:-1]
    return filled + "░" * (width - len(filled))


def bar_lines(groups: list[BarGroup], width: int) -> list[str]:
    """Return all groups as lines of at most `width` cells."""
    if not groups:
        return []
    abreast = max(1, min(len(groups), (width + _GAP) // (_NARROWEST_GROUP + _GAP)))
    each = max((width - _GAP * (abreast - 1)) // abreast, 1)
    blocks = [_group_lines(group, each) for group in groups]
    lines: list[str] = []
    for start in range(0, len(blocks), abreast):
        rows = zip_longest(*blocks[start : start + abreast], fillvalue="")
        lines += [(" " * _GAP).join(f"{cell:<{each}}" for cell in row).rstrip() for row in rows]
    return lines


def _group_lines(group: BarGroup, width: int) -> list[str]:
    value, note = (max(map(len, column)) for column in zip(*((one.value, one.note) for one in group.bars), strict=True))
    rest = width - value - note - 6 - 2 * bool(note)
    label = min(max(len(plain(one.label)) for one in group.bars), _WIDEST_LABEL, max(rest - _SMALLEST_BAR, 1))
    lines = [shortened(plain(group.title), width)]
    names = shortened_names([plain(one.label) for one in group.bars], label)
    for one, name in zip(group.bars, names, strict=True):
        parts = [f"  {name:<{label}}", f"{one.value:>{value}}", f"{one.note:>{note}}" if note else ""]
        if one.share is not None:
            parts.append(bar(one.share, max(rest - label, 0)))
        lines.append(shortened("  ".join(part for part in parts if part).rstrip(), width))
    return lines
