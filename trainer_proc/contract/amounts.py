"""Amounts of bytes as short text."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def amount(count: float) -> str:
    """Return bytes with a unit that leaves one to three digits."""
    return f"{digits_in(count, count)} {_UNITS[_power(count)]}"


def digits_in(count: float, largest: float) -> str:
    """Return bytes without a unit, in that of `amount(largest)`."""
    return _digits(count / 1024 ** _power(largest))


def _power(count: float) -> int:
    """Return which unit leaves less than 1000."""
    power = 0
    while count >= 999.5 and power < len(_UNITS) - 1:
        count, power = count / 1024, power + 1
    return power


def _digits(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:,.0f}"
