"""Knob values from the command line, `KNOB=VALUE`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from curricula.errors import UsageError
from curricula.values import is_number
from trainer_proc.contract.knob import (
    Value,
    is_numeric,
    numbers_of,
    parse_value,
    refusal,
    unknown_knob,
    value_text,
)
from tui.session.knob_states import KnobState

_DEFAULT, _USUAL = "default", "usual"
_NO_WORD = re.compile(r"[\[\](){},:=\"']")
"""Characters of what is meant as a range or another structure, but can't be read."""
_FACTOR = re.compile(r"[x×*]\s*(.+)")
_NOTHING = ("none", "null")


class SettingError(UsageError):
    """A typed setting is invalid."""


def split_settings(settings: Iterable[str]) -> dict[str, str]:
    """Return `KNOB=VALUE` arguments as texts by knob. Raises `SettingError`."""
    texts: dict[str, str] = {}
    for setting in settings:
        knob, separator, text = setting.rpartition("=")
        if not separator or not knob or not text.strip():
            raise SettingError(f"expected KNOB=VALUE such as reward/track_linear_velocity/weight=2.0, got {setting}")
        if knob in texts:
            raise SettingError(f"{knob} is given twice: expected one value")
        texts[knob] = text.strip()
    return texts


def parse_settings(settings: Iterable[str]) -> dict[str, Value]:
    """Return `KNOB=VALUE` arguments as values, without knowledge of the knobs.

    Raises `SettingError`, also for a text that is no value of any knob.
    """
    values: dict[str, Value] = {}
    for knob, text in split_settings(settings).items():
        values[knob] = value = parse_value(text)
        if isinstance(value, str) and (_NO_WORD.search(value) or value.lower() in _NOTHING):
            raise SettingError(f"{knob}: expected a number, LOW:HIGH or (LOW, HIGH), on, off or a word, got {value}")
    return values


def parse_bounds(bounds: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Return `KNOB=LOW:HIGH` arguments as pairs. Raises `SettingError`."""
    pairs: dict[str, tuple[float, float]] = {}
    for knob, value in parse_settings(bounds).items():
        if not isinstance(value, tuple):
            raise SettingError(f"{knob}: expected bounds LOW:HIGH such as 0:5, got {value_text(value)}")
        pairs[knob] = value
    return pairs


def need_knobs(texts: Mapping[str, str]) -> bool:
    """Return whether parsing needs the knobs; numbers and ranges are the same for all knobs."""
    return any(_is_pattern(name) or isinstance(parse_value(text), str | bool) for name, text in texts.items())


def known_values(texts: Mapping[str, str], knobs: Mapping[str, KnobState]) -> dict[str, Value]:
    """Parse texts for `knobs`, several for a pattern of `matching_knobs`. Raises `SettingError`.

    `default` and `usual` are the knob's own values, and `x0.5` is half of the value that it has or will have next.
    """
    if not knobs:
        raise SettingError("knobs are available after the environment is built")
    values: dict[str, Value] = {}
    for pattern, text in texts.items():
        for name in matching_knobs(pattern, knobs):
            if name in values:
                raise SettingError(f"{name} is given twice: expected one value")
            values[name] = _known_value(name, text, knobs)
    return values


def matching_knobs(pattern: str, knobs: Mapping[str, KnobState]) -> list[str]:
    """Return the knobs that `pattern` names: one by its name, or those that can be changed by `*` and `?`.

    Raises `SettingError` if a pattern fits none.
    """
    if pattern in knobs or not _is_pattern(pattern):
        return [pattern]
    found = [name for name, state in knobs.items() if fnmatchcase(name, pattern) and not state.knob.read_only]
    if not found:
        raise SettingError(f"expected knobs that can be changed, got {pattern}, which fits none")
    return found


def scaled(text: str, state: KnobState) -> Value | None:
    """Return a knob's value times the factor in `x0.5`, both ends of a range; None for other texts and knobs."""
    match = _FACTOR.fullmatch(text)
    factor = None if match is None else parse_value(match[1])
    if not is_number(factor) or not is_numeric(state.knob):
        return None
    now = state.value if state.pending is None else state.pending
    numbers = [number * float(factor) for number in numbers_of(now)]
    return (numbers[0], numbers[1]) if state.knob.type == "range" else numbers[0]


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _known_value(name: str, text: str, knobs: Mapping[str, KnobState]) -> Value:
    if name not in knobs:
        raise SettingError(unknown_knob(name, list(knobs)))
    knob = knobs[name].knob
    if text == _DEFAULT:
        return knob.default
    if text == _USUAL:
        if knob.usual is None:
            raise SettingError(f"{name} has no usual value: expected {_DEFAULT} or a value")
        return knob.usual
    value = scaled(text, knobs[name])
    if value is None:
        value = text if knob.type == "choice" else parse_value(text)  # a choice may be named `off`
    if reason := refusal(knob, value):
        raise SettingError(reason)
    return value
