"""Numbers, durations and amounts of memory as short text."""

from __future__ import annotations

import math

from trainer_proc.contract.knob import number_text

UNKNOWN = "–"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


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
    whole = max(int(seconds), 0)
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}d {clock}" if days else clock


def amount(count: float) -> str:
    """Return bytes with a unit that leaves one to three digits."""
    power = _power(count)
    return f"{_digits(count / 1024**power)} {_UNITS[power]}"


def amount_of(used: float | None, total: float | None) -> str:
    """Return `used of total` bytes with the unit of the latter."""
    if used is None or total is None:
        return UNKNOWN
    power = _power(total)
    return f"{_digits(used / 1024**power)} of {_digits(total / 1024**power)} {_UNITS[power]}"


def _power(count: float) -> int:
    """Return which unit leaves less than 1000."""
    power = 0
    while count >= 999.5 and power < len(_UNITS) - 1:
        count, power = count / 1024, power + 1
    return power


def _digits(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:,.0f}"
