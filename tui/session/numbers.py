"""Numbers, durations and amounts of memory as short text."""

from __future__ import annotations

import math

from trainer_proc.contract.amounts import amount, digits_in
from trainer_proc.contract.knob import number_text

UNKNOWN = "–"


def number(value: float | None) -> str:
    """Return `value` in at most 9 characters, with about 4 digits."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) < 9999.5 else f"{value:,.0f}"
    return number_text(value, 3)


def duration(seconds: float) -> str:
    """Return hours, minutes and seconds as `1:02:03`, days in front from the first on."""
    if not math.isfinite(seconds):
        return UNKNOWN
    whole = max(int(seconds), 0)
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}d {clock}" if days else clock


def rough_duration(seconds: float) -> str:
    """Return a duration in its two largest units, down to minutes: `<1 min`, `12 min`, `1 h 02 min`, `2 d 3 h`."""
    if not math.isfinite(seconds):
        return UNKNOWN
    minutes = int(max(seconds, 0.0) // 60)
    if minutes < 1:
        return "<1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def short_count(count: float) -> str:
    """Return a count in at most 5 characters: `960`, `9,600`, `96k`, `9.6M`."""
    if count < 9_999.5:
        return f"{count:,.0f}"
    return f"{count / 1e3:.0f}k" if count < 999_500 else f"{count / 1e6:.1f}M"


def amount_of(used: float | None, total: float | None) -> str:
    """Return `used of total` bytes with the unit of the latter."""
    return UNKNOWN if used is None or total is None else f"{digits_in(used, total)} of {amount(total)}"
