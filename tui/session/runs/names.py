"""Names of run folders, `<date_time>_<name>`, shortened to a width."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.session.text import shortened_name

_DATED = re.compile(r"\d{4}-(\d\d-\d\d)_(\d\d)-(\d\d)-\d\d(?:_|$)")
_WHOLE, _SHORT_DATE = 36, 24
"""Widths below which dates are shortened, and dropped."""


def own_name(name: str) -> str:
    """Return the name without its date; the short date if there is no other name."""
    dated = _DATED.match(name)
    return name if dated is None else name[dated.end() :] or short_date(name)


def short_date(name: str) -> str:
    """Return the name without year and seconds."""
    return _DATED.sub(r"\1 \2:\3 ", name).rstrip()


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return the runs' names without date, or with a short date where they would be equal."""
    own = [own_name(name) for name in names]
    dated = [short_date(name) for name in names]
    for shown in (own, dated):
        if len(set(shown)) == len(shown):
            return shown
    return list(names)


def fitted_name(name: str, width: int) -> str:
    """Return the name in at most `width` cells; the date is shortened or dropped first."""
    shown = name if width >= _WHOLE else short_date(name) if width >= _SHORT_DATE else own_name(name)
    return shortened_name(shown, width)
