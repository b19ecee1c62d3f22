"""A preset's overrides, written into the configuration of a task before it is built.

Works on what mjlab's and Isaac Lab's configurations are made of: dataclasses, mappings and lists in each other.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from presets.override_path import WrongPath, split_path
from trainer_proc.backends.base import BackendError

_ELSEWHERE = {
    "env.scene.num_envs": "num_envs",
    "env.seed": "the seed",
    "agent.seed": "the seed",
    "agent.max_iterations": "iterations",
    "agent.experiment_name": "experiment",
    "agent.run_name": "the run's name",
    "agent.logger": "fixed",
    "agent.upload_model": "fixed",
}
"""What a launch sets by itself: an override of it would be lost."""


def apply_overrides(configurations: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Write each override into `configurations`, by root (`env`, `agent`).

    Lists become tuples where tuples were. Raises `BackendError`, one line: the path leads nowhere, or the value isn't
    of the kind that was there.
    """
    for path, value in overrides.items():
        if path in _ELSEWHERE:
            raise BackendError(f"{path} can't be overridden: it is what the launch says ({_ELSEWHERE[path]})")
        try:
            root, *steps = split_path(path)
        except WrongPath as error:
            raise BackendError(str(error)) from error
        _Place.at(configurations[root], root, steps).write(value, path)


@dataclasses.dataclass(frozen=True)
class _Place:
    """An attribute, an entry or an element: `key` of `owner`, which is in another place unless it is the root."""

    owner: Any
    key: Any
    parent: _Place | None

    @classmethod
    def at(cls, configuration: Any, root: str, steps: list[str]) -> _Place:
        """Follow `steps` from a configuration. Raises `BackendError`."""
        place, walked = None, root
        owner = configuration
        for step in steps:
            place = cls(owner, _key(owner, step, walked), place)
            owner, walked = place.read(), f"{walked}.{step}"
        assert place is not None  # a path has a step after its root
        return place

    def read(self) -> Any:
        return getattr(self.owner, self.key) if _has_fields(self.owner) else self.owner[self.key]

    def write(self, value: Any, path: str) -> None:
        """Put `value` in place, in the shape of what is there. Raises `BackendError`."""
        self._put(_fitted(value, self.read(), _hint(self.owner, self.key), path))

    def _put(self, value: Any) -> None:
        if isinstance(self.owner, tuple):
            assert self.parent is not None  # a configuration is no tuple
            changed = tuple(value if index == self.key else old for index, old in enumerate(self.owner))
            self.parent._put(changed)
        elif _has_fields(self.owner):
            setattr(self.owner, self.key, value)
        else:
            self.owner[self.key] = value


def _has_fields(owner: Any) -> bool:
    return dataclasses.is_dataclass(owner) and not isinstance(owner, type)


def _key(owner: Any, step: str, walked: str) -> Any:
    """Return the field, key or index that `step` means in `owner`, to which the path has `walked`."""
    if isinstance(owner, list | tuple):
        if step.isdecimal() and int(step) < len(owner):
            return int(step)
        raise BackendError(f"there is no {walked}.{step}: {walked} has {len(owner)} elements, the first is 0")
    if _has_fields(owner):
        keys = {field.name: field.name for field in dataclasses.fields(owner)}
    elif isinstance(owner, MutableMapping):
        keys = {str(key): key for key in owner}
    else:
        raise BackendError(f"there is no {walked}.{step}: {walked} is {_kind(owner)}")
    if step not in keys:
        nearest = difflib.get_close_matches(step, keys, n=1, cutoff=0.4)
        hint = f"nearest: {walked}.{nearest[0]}" if nearest else f"there are {', '.join(keys) or 'none'}"
        raise BackendError(f"there is no {walked}.{step}; {hint}")
    return keys[step]


def _hint(owner: Any, key: Any) -> Any:
    """Return the type that a dataclass declares for a field, None where nobody does or it can't be found out."""
    if not _has_fields(owner):
        return None
    try:
        return typing.get_type_hints(type(owner)).get(key)
    except NameError:  # a name that was imported for type checkers only
        return None


def _fitted(value: Any, current: Any, hint: Any, path: str) -> Any:
    """Return `value` as the declared type has it, or else in the shape of `current`."""
    if hint is not None and hint is not Any and not isinstance(current, Mapping):
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            raise BackendError(f"{path} can't be {value!r}: {_one_line(error)}") from error
        except (TypeError, NotImplementedError):
            pass  # a type that msgspec doesn't know
    return _like(value, current, path)


def _like(value: Any, current: Any, path: str) -> Any:
    if current is None:
        return _with_tuples(value)
    if isinstance(current, list | tuple) and isinstance(value, list):
        patterns = [*current, *current[-1:] * max(len(value) - len(current), 0)]
        fitted = [_like(new, old, path) for new, old in zip(value, patterns, strict=False)] if current else value
        return fitted if isinstance(current, list) else tuple(_with_tuples(fitted))
    if isinstance(current, Mapping) and isinstance(value, Mapping):
        any_value = next(iter(current.values()), None)
        return {key: _like(new, current.get(key, any_value), path) for key, new in value.items()}
    if _is_number(current) and _is_number(value):
        return float(value) if isinstance(current, float) else value
    if type(value) is type(current):
        return value
    raise BackendError(f"{path} can't be {value!r}: it is {_kind(current)}")


def _with_tuples(value: Any) -> Any:
    """Return `value` with tuples for lists, as configurations have them."""
    if isinstance(value, list | tuple):
        return tuple(_with_tuples(entry) for entry in value)
    return {key: _with_tuples(entry) for key, entry in value.items()} if isinstance(value, Mapping) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if _is_number(value):
        return f"a number, {value}"
    if isinstance(value, str):
        return f"a text, {value!r}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "a table" if isinstance(value, Mapping) or _has_fields(value) else "code"


def _one_line(error: msgspec.ValidationError) -> str:
    message = " ".join(str(error).split())
    return message[:1].lower() + message[1:].replace("`", "")
