"""Title and note of the log panel: size, level filter, search progress."""

from __future__ import annotations

from trainer_proc.contract.amounts import amount
from tui.session.log.levels import Level
from tui.session.log.pages import LogPage
from tui.session.text import shortened

SIGNS: dict[Level, str] = {"info": "  ", "warning": "! ", "error": "✘ "}
"""Prefixes of lines; colour is not needed to tell levels apart."""
_LARGE = 10 * 1024 * 1024
_SHOWN: dict[Level, str] = {"info": "", "warning": "warnings and errors only", "error": "errors only"}


def console_title(page: LogPage | None) -> str:
    """Return the title, with the size of a large log and the indexed share of a partly read one."""
    if page is None:
        return "console"
    parts = ["console"]
    if page.size_bytes >= _LARGE:
        parts.append(amount(page.size_bytes))
    if page.indexed < 1:
        parts.append(f"end of log; {page.indexed:.0%} indexed")
    return ", ".join(parts)


def console_note(page: LogPage | None, needle: str) -> str:
    """Return level filter and matches of `needle`; empty without both."""
    if page is None:
        return ""
    parts = [_SHOWN[page.view.level]] if page.view.level != "info" else []
    parts += [_matches(page)] if needle and needle == page.needle else []
    parts += [page.note] if page.note else []
    if not page.rows:
        parts.append("no such lines" if page.view.level != "info" else "no output yet")
    return " ─ ".join(parts)


def strip_text(page: LogPage | None, width: int, key: str) -> str:
    """Return a folded log in one line of `width` cells: its newest line, the number of errors and the key for all."""
    right = f"{key} log"
    if page is not None and page.errors:
        right = f"{SIGNS['error']}{page.errors:,} error line{'s' * (page.errors != 1)}  {right}"
    newest = "no output yet" if page is None or page.newest is None else page.newest.text.strip()
    sign = "" if page is None else SIGNS[page.newest_level].strip()
    left = shortened(f"log: {sign} {newest}" if sign else f"log: {newest}", max(width - len(right) - 2, 1))
    return f"{left:<{width - len(right)}}{right}" if len(left) + len(right) <= width else right[:width]


def _matches(page: LogPage) -> str:
    where = f"{page.match:,} of " if page.match is not None else ""
    still = f", {page.searched:.0%} searched" if page.searched < 1 else ""
    count = f"{page.matches:,}" if page.matches else "no"
    return f"/{page.needle}: {where}{count} line{'s' * (page.matches != 1)}{still}"
