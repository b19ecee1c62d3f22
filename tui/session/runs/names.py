"""The names of run folders, `<date_time>_<name>`, where there is little room for them."""

from __future__ import annotations

import re

from tui.session.text import shortened_name

_DATED = re.compile(r"\d{4}-(\d\d-\d\d)_(\d\d)-(\d\d)-\d\d(?:_|$)")
_WHOLE, _SHORT_DATE = 36, 24
"""Where there is less room than the one, dates are shortened; less than the other, left out."""


def own_name(name: str) -> str:
    """Return the name that a person gave; if there is none, a short date."""
    dated = _DATED.match(name)
    return name if dated is None else name[dated.end() :] or short_date(name)


def short_date(name: str) -> str:
    """Return the name without the year and the seconds of its date."""
    return _DATED.sub(r"\1 \2:\3 ", name).rstrip()


def fitted_name(name: str, width: int) -> str:
    """Return the name in at most `width` cells, the date shortened or left out first."""
    shown = name if width >= _WHOLE else short_date(name) if width >= _SHORT_DATE else own_name(name)
    return shortened_name(shown, width)
