"""The user's own keys: validation and conflicts."""

from __future__ import annotations

import difflib
import string
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curricula.errors import UsageError, suggestion
from curricula.schema import Problem

_TERMS = {"solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at"}
_TERMS |= {"hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore"}
_MOVING = {"up", "down", "left", "right", "home", "end", "insert", "delete", "pageup", "pagedown"}
_FUNCTION = {f"f{number}" for number in range(1, 25)}
_ALONE = {"escape", "enter", "space", "backspace"}
_TAKEN = {"tab": "moves to the next part of the screen", "shift+tab": "moves to the previous part"}
_TAKEN |= {"ctrl+c": "copies the selection"}
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}

_TOGETHER = (
    ("dashboard", "charts", "knobs", "knob-line", "curricula", "console", "filter"),
    ("watch", "charts", "metrics", "console", "filter"),
    ("compare", "charts", "filter"),
    ("launch", "choice"),
    ("knob-edit", "choice", "range"),
    ("write", "choice"),
)
"""Parts on one screen, by the first word of ids; other parts have their own screen. `app` is on all."""


@dataclass(frozen=True)
class KeyAction:
    """An action: `id` in key maps, and the names of its default keys."""

    id: str
    keys: tuple[str, ...]
    description: str
    tooltip: str = ""

    @property
    def part(self) -> str:
        """Part of the program."""
        return self.id.partition(".")[0]


class KeymapError(UsageError):
    """The key does not exist or can't be assigned."""


def key_name(text: str) -> str:
    """Return the program's name of a key written as a character ("?") or a name ("ctrl+e"). Raises `KeymapError`."""
    text = text.strip()
    if len(text) == 1:
        if not text.isprintable() or text.isspace():
            raise KeymapError(f"expected a key, got {text!r}")
        return character_name(text)
    if text in _TAKEN:
        raise KeymapError(f"{text} is reserved: it {_TAKEN[text]}")
    if text in _SAME_BYTE:
        raise KeymapError(f"terminals send the same byte for {text} and {_SAME_BYTE[text]}")
    *modifiers, key = text.split("+")
    if modifiers == ["shift"] and len(key) == 1 and key.isalpha():
        raise KeymapError(f"{text} is written {key.upper()}")
    known = _MOVING | _FUNCTION
    if not modifiers:
        known |= _ALONE | _PUNCTUATION
    elif "ctrl" in modifiers or "alt" in modifiers:
        known |= set(string.ascii_lowercase) | ({"space", "enter"} | _PUNCTUATION)
    if key not in known or len(set(modifiers)) != len(modifiers) or not set(modifiers) <= {"ctrl", "shift", "alt"}:
        nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        hint = (
            f"nearest: {'+'.join([*modifiers, nearest[0]])}"
            if nearest
            else "expected a key such as P, f5, ctrl+e, pageup, question_mark"
        )
        raise KeymapError(f"no such key: {text}", hint=hint)
    return text


def character_name(character: str) -> str:
    """Return the key name of a printable character; letters and digits are themselves."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _TERMS.get(name, name)


_PUNCTUATION = {character_name(character) for character in string.punctuation}


def usable_keys(texts: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the keys of `[keys]` by id, and the problems of invalid ones."""
    keymap: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for id, text in texts.items():
        try:
            names = tuple(dict.fromkeys(key_name(key) for key in _split(text)))
            if not names:
                raise KeymapError("expected at least one key", hint="remove the line for the default")
        except KeymapError as problem:
            problems.append(Problem(f"keys.{id}", f'got "{text}": {problem}'))
        else:
            keymap[id] = names
    return keymap, problems


def checked_keymap(
    texts: Mapping[str, str], actions: Iterable[KeyAction]
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the valid keys of `[keys]` for `actions`, by id, and the problems of the others."""
    known = {action.id: action for action in actions}
    keymap, problems = usable_keys(texts)
    for id in [id for id in keymap if id not in known]:
        del keymap[id]
        hint = suggestion(id, known, count=1, cutoff=0.3) or "; `humanoid-tui settings --keys` lists them"
        problems.append(Problem(f"keys.{id}", f"no such action{hint}"))
    while clash := _clash(keymap, known):
        id, key, other = clash
        text = texts[id]
        del keymap[id]
        problems.append(Problem(f"keys.{id}", f'got "{text}": on the same screen {key} is {other}'))
    return keymap, problems


def _clash(keymap: Mapping[str, tuple[str, ...]], known: Mapping[str, KeyAction]) -> tuple[str, str, str] | None:
    """Return an id whose key conflicts on its screen, the key, and the other id."""
    for id in reversed(list(keymap)):
        for other, action in known.items():
            if other == id or not _are_together(known[id].part, action.part):
                continue
            by_default = set(known[id].keys) & set(action.keys)  # defaults may share a key: never active together
            for key in keymap[id]:
                if key in keymap.get(other, action.keys) and key not in by_default:
                    return id, key, other
    return None


def _are_together(one: str, other: str) -> bool:
    return one == other or "app" in (one, other) or any(one in parts and other in parts for parts in _TOGETHER)


def _split(text: str) -> list[str]:
    """Split a comma-separated list of keys; a single comma is a key."""
    return [","] if text.strip() == "," else [key for key in text.split(",") if key.strip()]
