"""Sweeps as they are typed, `PATH=VALUE,VALUE…` or `PATH=LOW:HIGH`, and the combinations of their values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from curricula.errors import UsageError
from presets.override_path import split_path
from trainer_proc.contract.knob import parse_value, value_text
from tui.session.experiments.experiment import MOST_MEMBERS, Axis, is_override
from tui.session.launching.knob_values import SettingError, parse_settings
from tui.session.launching.override_text import parse_override_value

_EXAMPLE = "reward/air_time/weight=0.5,1,2"
_LOG = ":log"
_OPENING, _CLOSING = "([{", ")]}"


class SweepError(UsageError):
    """A sweep is wrong; the message is one line."""


def parse_sweeps(texts: Iterable[str], *, searches: bool) -> tuple[Axis, ...]:
    """Return the axes that `texts` name; with `searches`, a single LOW:HIGH[:log] is an interval.

    Raises `SweepError` or another `UserError`.
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        path, separator, values = text.partition("=")
        path = path.strip()
        if not separator or not path or not values.strip():
            raise SweepError(f"--sweep: expected PATH=VALUE,VALUE… such as {_EXAMPLE}, got {text}")
        if path in axes:
            raise SweepError(f"--sweep: {path} is given twice: expected all its values in one")
        if is_override(path):
            split_path(path)
        if values.strip().endswith(_LOG) and not searches:
            raise SweepError(f"--sweep {path}: expected VALUE,VALUE…, got {values}; to search, add --trials N")
        interval = _interval(path, values.strip(), "--sweep") if searches else None
        axes[path] = interval or Axis(path, tuple(_values(path, values)))
    return tuple(axes.values())


def parse_perturbations(texts: Iterable[str]) -> tuple[Axis, ...]:
    """Return the intervals of knobs that `texts` name, `KNOB=LOW:HIGH` or `KNOB=LOW:HIGH:log`. Raises `SweepError`."""
    axes: dict[str, Axis] = {}
    for text in texts:
        path, _, values = (part.strip() for part in text.partition("="))
        if is_override(path):
            raise SweepError(f"--perturb: expected a knob, got {path}: the configuration is fixed when a run is built")
        axis = _interval(path, values, "--perturb") if path else None
        if axis is None:
            raise SweepError(f"--perturb: expected KNOB=LOW:HIGH such as ppo/desired_kl=0.005:0.05:log, got {text}")
        if path in axes:
            raise SweepError(f"--perturb: {path} is given twice: expected one interval")
        axes[path] = axis
    return tuple(axes.values())


def combinations(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Return all combinations of the axes' values, the last axis varying fastest. Raises `SweepError`."""
    if math.prod(len(axis.values) for axis in axes) > MOST_MEMBERS:
        raise SweepError(f"--sweep: expected at most {MOST_MEMBERS:,} combinations; use --trials N to try some of them")
    paths = [axis.path for axis in axes]
    return [dict(zip(paths, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def shown(value: Any) -> str:
    """Return a value of an axis as the user types it."""
    return value_text(value) if isinstance(value, bool | int | float | str | tuple) else str(value)


def _interval(path: str, text: str, option: str) -> Axis | None:
    """Return the interval LOW:HIGH or LOW:HIGH:log; None if `text` is none. Raises `SweepError`, naming the option."""
    is_log = text.endswith(_LOG)
    value = parse_value(text.removesuffix(_LOG)) if text.count(":") == 1 + is_log else None
    if not isinstance(value, tuple) or "," in text:
        if is_log:
            raise SweepError(f"{option} {path}: expected LOW:HIGH:log such as 0.0001:0.01:log, got {text}")
        return None
    low, high = value
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or (is_log and low <= 0):
        expected = "two numbers above 0" if is_log else "two numbers"
        raise SweepError(f"{option} {path}: expected {expected} with the lower one first, got {text}")
    return Axis(path, low=low, high=high, scale="log" if is_log else "linear")


def _values(path: str, text: str) -> list[Any]:
    values: list[Any] = []
    for part in _split(text):
        if not part:
            raise SweepError(f"--sweep {path}: expected VALUE,VALUE… such as {_EXAMPLE}, got {text}")
        value = _value(path, part)
        if value in values:
            raise SweepError(f"--sweep {path}: {part} is given twice: expected different values")
        values.append(value)
    return values


def _value(path: str, text: str) -> Any:
    try:
        return parse_override_value(text) if is_override(path) else parse_settings([f"{path}={text}"])[path]
    except SettingError as error:
        raise SweepError(f"--sweep {path}: {str(error).removeprefix(f'{path}: ')}") from error


def _split(text: str) -> Iterator[str]:
    """Yield the parts between commas that are in no brackets."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter in _OPENING) - (letter in _CLOSING)
        if letter == "," and depth <= 0:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()
