"""Write a preset's overrides into the configuration of a task before it is built.

mjlab's and Isaac Lab's configurations are nested dataclasses, mappings and lists. TOML has no null: the text `"null"`
means it where the field is not a text, as in Hydra, and removes a term.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Mapping, MutableMapping
from typing import Any

from curricula.errors import suggestion
from curricula.schema import SchemaError, convert, value_shown
from curricula.values import is_number
from presets.fixed_fields import check_effect
from presets.override_path import OverridePathError, split_path
from presets.override_value import NULL
from trainer_proc.simulators.base import BackendError


def apply_overrides(configurations: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Write each override into `configurations`, by root (`env`, `agent`).

    Lists become tuples where the field is a tuple. Raises `BackendError` if a path does not exist or has no effect, or
    a value is of another type than the field.
    """
    for path, value in overrides.items():
        try:
            check_effect(path, value)
            root, *steps = split_path(path)
        except OverridePathError as error:
            raise BackendError(str(error)) from error
        _Place.at(configurations[root], root, steps).write(value, path)


@dataclasses.dataclass(frozen=True)
class _Place:
    """An attribute, an entry or an element: `key` of `owner`. `parent` is the place of `owner`, None for the root."""

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
        """Write `value` in the shape of the present one; a table is written into the fields that it names.

        Raises `BackendError`.
        """
        current, hint = self.read(), _hint(self.owner, self.key)
        if isinstance(value, Mapping) and _has_fields(current):
            for name, entry in value.items():
                _Place(current, _key(current, str(name), path), self).write(entry, f"{path}.{name}")
        elif _is_null(value, current) and self._accepts_null(current, hint):
            self._put(None)
        else:
            self._put(_fitted(_with_nulls(value), current, hint, path))

    def _accepts_null(self, current: Any, hint: Any) -> bool:
        """Tell whether null is accepted: for options, unset fields, parts such as a term, and entries of mappings."""
        if current is None or current is dataclasses.MISSING or _has_fields(current):
            return True
        return isinstance(self.owner, Mapping) or hint is Any or type(None) in typing.get_args(hint)

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
    """Return the field, key or index of `step` in `owner`, which is at the path `walked`."""
    if isinstance(owner, list | tuple):
        if step.isdecimal() and int(step) < len(owner):
            return int(step)
        raise BackendError(f"no such path: {walked}.{step}; {walked} has {len(owner)} elements, from 0")
    if _has_fields(owner):
        fields = {field.name: field.name for field in dataclasses.fields(owner)}
        keys = fields | {name: name for name in vars(owner) if not name.startswith("_")}
    elif isinstance(owner, MutableMapping):
        keys = {str(key): key for key in owner}
    else:
        raise BackendError(f"no such path: {walked}.{step}; {walked} is {_kind(owner)}")
    if step not in keys:
        raise BackendError(
            f"no such path: {walked}.{step}{suggestion(step, keys, count=1, or_all=True, prefix=f'{walked}.')}"
        )
    return keys[step]


def _hint(owner: Any, key: Any) -> Any:
    """Return the type that a dataclass declares for a field, None if there is none or it can't be resolved.

    Annotations are resolved one at a time, because one that is imported for type checkers only would fail them all.
    """
    if not _has_fields(owner):
        return None
    for cls in type(owner).__mro__:
        annotation = vars(cls).get("__annotations__", {}).get(key)
        if annotation is None:
            continue
        single = type(cls.__name__, (), {"__annotations__": {key: annotation}})
        try:
            return typing.get_type_hints(single, vars(sys.modules[cls.__module__]))[key]
        except NameError:
            continue  # a configclass repeats its bases' annotations, which resolve in the bases' modules
    return None


def _is_null(value: Any, current: Any) -> bool:
    return value is None or (value == NULL and not isinstance(current, str))


def _with_nulls(value: Any) -> Any:
    """Return a list or a table with None where the text for it stands; a text alone is left as it is."""
    if isinstance(value, Mapping):
        return {key: None if entry == NULL else _with_nulls(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [None if entry == NULL else _with_nulls(entry) for entry in value]
    return value


def _fitted(value: Any, current: Any, hint: Any, path: str) -> Any:
    """Return `value` converted to the declared type, or else to the shape of `current`. Raises `BackendError`."""
    if hint is not None and hint is not Any and not isinstance(current, Mapping):
        try:
            return convert(value, hint, path)
        except SchemaError as error:
            raise BackendError(str(error)) from error
        except (TypeError, NotImplementedError):
            pass  # a type that msgspec does not know
    return _like(value, current, path)


def _like(value: Any, current: Any, path: str) -> Any:
    if value is None or current is None or current is dataclasses.MISSING:
        return _with_tuples(value)
    if isinstance(current, list | tuple) and isinstance(value, list | tuple):
        patterns = [*current, *current[-1:] * max(len(value) - len(current), 0)]
        fitted = [_like(new, old, path) for new, old in zip(value, patterns, strict=False)] if current else value
        return fitted if isinstance(current, list) else tuple(_with_tuples(fitted))
    if isinstance(current, Mapping) and isinstance(value, Mapping):
        any_value = next(iter(current.values()), None)
        return {key: _like(new, current.get(key, any_value), path) for key, new in value.items()}
    if is_number(current) and is_number(value):
        return float(value) if isinstance(current, float) else value
    if isinstance(current, str) and is_number(value) and _reads_as_number(current):
        return value  # YAML reads 5e-4 as a text, and so do rl_games' and skrl's configurations
    if type(value) is type(current):
        return value
    raise BackendError(f"{path}: expected {_kind(current)}, got {value_shown(value)}")


def _with_tuples(value: Any) -> Any:
    """Return `value` with tuples instead of lists."""
    if isinstance(value, list | tuple):
        return tuple(_with_tuples(entry) for entry in value)
    return {key: _with_tuples(entry) for key, entry in value.items()} if isinstance(value, Mapping) else value


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    if value is None or value is dataclasses.MISSING:
        return "no value"
    if isinstance(value, bool):
        return "true or false"
    if is_number(value):
        return f"a number such as {value}"
    if isinstance(value, str):
        return f"a text such as {value!r}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "a table" if isinstance(value, Mapping) or _has_fields(value) else "code"
