"""Cells of a terminal emulator as a user sees them."""

from __future__ import annotations

import pyte


def seen_cells(screen: pyte.Screen):
    """All cells by line; of blanks, only what is seen of them."""
    return [[_seen(screen.buffer[line][column]) for column in range(screen.columns)] for line in range(screen.lines)]


def _seen(cell):
    is_blank = cell.data == " " and not (cell.underscore or cell.reverse or cell.strikethrough)
    return cell._replace(fg="default", bold=False, italics=False, blink=False) if is_blank else cell
