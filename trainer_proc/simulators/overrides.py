"""A preset's overrides, written into the configuration of a task before it is built.

Works on what mjlab's and Isaac Lab's configurations are made of: dataclasses, mappings and lists in each other. TOML
has no word for nothing: `"null"` stands for it where no text is, as with Hydra, and leaves a term out.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec

from curricula.errors import suggestion
from presets.override_path import WrongPath, split_path
from trainer_proc.simulators.base import BackendError

_ELSEWHERE = {
    "env.scene.num_envs": "num_envs",
    "env.seed": "the seed",
    "env.sim.device": "the device",
    "agent.seed": "the seed",
    "agent.device": "the device",
    "agent.max_iterations": "iterations",
    "agent.experiment_name": "experiment",
    "agent.run_name": "the run's name",
    "agent.logger": "fixed",
    "agent.upload_model": "fixed",
    "agent.params.seed": "the seed",
    "agent.params.config.max_epochs": "iterations",
    "agent.params.config.num_actors": "num_envs",
    "agent.trainer.timesteps": "iterations",
    "agent.agent.experiment.write_interval": "fixed",
}
"""What a launch sets by itself, for rsl-rl, rl_games and skrl: an override of it would be lost."""
_NOTHING = "null"


def apply_overrides(configurations: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Write each override into `configurations`, by root (`env`, `agent`).

    Lists become tuples where tuples were. Raises `BackendError`, one line: the path leads nowhere, or the value isn't
    of the kind that was there.
    """
    for path, value in overrides.items():
        check_is_free(path)
        try:
            root, *steps = split_path(path)
        except WrongPath as error:
            raise BackendError(str(error)) from error
        _Place.at(configurations[root], root, steps).write(value, path)


def check_is_free(path: str) -> None:
    """Raise `BackendError` if the launch itself says what is at `path`."""
    if path in _ELSEWHERE:
        raise BackendError(f"{path} can't be overridden: it is what the launch says ({_ELSEWHERE[path]})")


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
        """Put `value` in place, in the shape of what is there; a table into the fields that it names.

        Raises `BackendError`.
        """
        current, hint = self.read(), _hint(self.owner, self.key)
        if isinstance(value, Mapping) and _has_fields(current):
            for name, entry in value.items():
                _Place(current, _key(current, str(name), path), self).write(entry, f"{path}.{name}")
        elif _means_nothing(value, current) and self._may_be_absent(current, hint):
            self._put(None)
        else:
            self._put(_fitted(value, current, hint, path))

    def _may_be_absent(self, current: Any, hint: Any) -> bool:
        """Tell whether nothing may stand here: an option, what isn't filled in, a part such as a term, any entry."""
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
    """Return the field, key or index that `step` means in `owner`, to which the path has `walked`."""
    if isinstance(owner, list | tuple):
        if step.isdecimal() and int(step) < len(owner):
            return int(step)
        raise BackendError(f"there is no {walked}.{step}: {walked} has {len(owner)} elements, the first is 0")
    if _has_fields(owner):
        fields = {field.name: field.name for field in dataclasses.fields(owner)}
        keys = fields | {name: name for name in vars(owner) if not name.startswith("_")}
    elif isinstance(owner, MutableMapping):
        keys = {str(key): key for key in owner}
    else:
        raise BackendError(f"there is no {walked}.{step}: {walked} is {_kind(owner)}")
    if step not in keys:
        raise BackendError(
            f"there is no {walked}.{step}{suggestion(step, keys, count=1, or_all=True, prefix=f'{walked}.')}"
        )
    return keys[step]


def _hint(owner: Any, key: Any) -> Any:
    """Return the type that a dataclass declares for a field, None where nobody does or it can't be found out.

    A class's annotations can't be had all at once: one of a name that is imported for type checkers only hides all.
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
            continue  # a configclass repeats its bases' annotations, whose names are in the bases' modules
    return None


def _means_nothing(value: Any, current: Any) -> bool:
    return value is None or (value == _NOTHING and not isinstance(current, str))


def _fitted(value: Any, current: Any, hint: Any, path: str) -> Any:
    """Return `value` as the declared type has it, or else in the shape of `current`."""
    if hint is not None and hint is not Any and not isinstance(current, Mapping):
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            raise BackendError(f"{path} can't be {_shown(value)}: {_one_line(error)}") from error
        except (TypeError, NotImplementedError):
            pass  # a type that msgspec doesn't know
    return _like(value, current, path)


def _like(value: Any, current: Any, path: str) -> Any:
    if current is None or current is dataclasses.MISSING:
        return _with_tuples(value)
    if isinstance(current, list | tuple) and isinstance(value, list | tuple):
        patterns = [*current, *current[-1:] * max(len(value) - len(current), 0)]
        fitted = [_like(new, old, path) for new, old in zip(value, patterns, strict=False)] if current else value
        return fitted if isinstance(current, list) else tuple(_with_tuples(fitted))
    if isinstance(current, Mapping) and isinstance(value, Mapping):
        any_value = next(iter(current.values()), None)
        return {key: _like(new, current.get(key, any_value), path) for key, new in value.items()}
    if _is_number(current) and _is_number(value):
        return float(value) if isinstance(current, float) else value
    if isinstance(current, str) and _is_number(value) and _reads_as_number(current):
        return value  # YAML takes 5e-4 for a text, and so do rl_games' and skrl's configurations
    if type(value) is type(current):
        return value
    raise BackendError(f"{path} can't be {_shown(value)}: it is {_kind(current)}")


def _with_tuples(value: Any) -> Any:
    """Return `value` with tuples for lists, as configurations have them."""
    if isinstance(value, list | tuple):
        return tuple(_with_tuples(entry) for entry in value)
    return {key: _with_tuples(entry) for key, entry in value.items()} if isinstance(value, Mapping) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return _NOTHING if value is None else repr(value)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    if value is None or value is dataclasses.MISSING:
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
