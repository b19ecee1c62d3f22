"""What stands around a log: how much of it there is, which lines are shown, how the search goes."""

from __future__ import annotations

from tui.session.log.levels import Level
from tui.session.log.pages import LogPage
from tui.session.numbers import amount

SIGNS: dict[Level, str] = {"info": "  ", "warning": "! ", "error": "✘ "}
"""Stands before a line, so that its level is not told by colour alone."""
_LARGE = 10 * 1024 * 1024
_SHOWN: dict[Level, str] = {"info": "", "warning": "warnings and errors only", "error": "errors only"}


def console_title(page: LogPage | None) -> str:
    """Return the title: how large a log is if it is large, and how much of it is known if not all."""
    if page is None:
        return "console"
    parts = ["console"]
    if page.size_bytes >= _LARGE:
        parts.append(amount(page.size_bytes))
    if page.indexed < 1:
        parts.append(f"its end; {page.indexed:.0%} read")
    return ", ".join(parts)


def console_note(page: LogPage | None, needle: str) -> str:
    """Return what restricts the lines, and how many have `needle`, empty without one."""
    if page is None:
        return ""
    parts = [_SHOWN[page.view.level]] if page.view.level != "info" else []
    parts += [_matches(page)] if needle and needle == page.needle else []
    parts += [page.note] if page.note else []
    if not page.rows:
        parts.append("none" if page.view.level != "info" else "nothing printed yet")
    return " ─ ".join(parts)


def _matches(page: LogPage) -> str:
    where = f"{page.match:,} of " if page.match is not None else ""
    still = f", {page.searched:.0%} searched" if page.searched < 1 else ""
    count = f"{page.matches:,}" if page.matches else "no"
    return f"/{page.needle}: {where}{count} line{'s' * (page.matches != 1)}{still}"
