"""The person's own keys: which of them can be used, and what is wrong with the others."""

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
_TAKEN = {"tab": "goes to the next part of the screen", "shift+tab": "goes to the part before"}
_TAKEN |= {"ctrl+c": "copies what is selected"}
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}

_TOGETHER = (
    ("dashboard", "charts", "knobs", "knob-line", "curricula", "console", "filter"),
    ("watch", "charts", "metrics", "console", "filter"),
    ("compare", "charts", "filter"),
    ("launch", "choice"),
    ("knob-edit", "choice", "range"),
    ("write", "choice"),
)
"""First words of the ids that are on one screen; others are on a screen of their own. `app` is on all of them."""


@dataclass(frozen=True)
class KeyAction:
    """Something that a key does: `id` is what a key map calls it, `keys` are the names of those it has by default."""

    id: str
    keys: tuple[str, ...]
    description: str
    tooltip: str = ""

    @property
    def part(self) -> str:
        """The part of the program that it belongs to."""
        return self.id.partition(".")[0]


class KeymapError(UsageError):
    """No key has this name, or not one that can be given away; the message is the end of a sentence."""


def key_name(text: str) -> str:
    """Return the program's name of a key written as a character ("?") or a name ("ctrl+e"). Raises `KeymapError`."""
    text = text.strip()
    if len(text) == 1:
        if not text.isprintable() or text.isspace():
            raise KeymapError(f"{text!r} is no key")
        return character_name(text)
    if text in _TAKEN:
        raise KeymapError(f"{text} can't be given away: it {_TAKEN[text]}")
    if text in _SAME_BYTE:
        raise KeymapError(f"a terminal can't tell {text} from {_SAME_BYTE[text]}")
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
            else "a key is P, f5, ctrl+e, pageup, question_mark …"
        )
        raise KeymapError(f"there is no key {text}; {hint}")
    return text


def character_name(character: str) -> str:
    """Return the name of the key of one printable character: letters and digits are their own."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _TERMS.get(name, name)


_PUNCTUATION = {character_name(character) for character in string.punctuation}


def usable_keys(texts: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the keys of `[keys]` by id, and what is wrong with those that aren't keys."""
    keymap: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for id, text in texts.items():
        try:
            names = tuple(dict.fromkeys(key_name(key) for key in _split(text)))
            if not names:
                raise KeymapError("no key is named; leave the line out to have the program's own")
        except KeymapError as problem:
            problems.append(Problem(f"keys.{id}", f'got "{text}": {problem}'))
        else:
            keymap[id] = names
    return keymap, problems


def checked_keymap(
    texts: Mapping[str, str], actions: Iterable[KeyAction]
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the keys of `[keys]` that can be used among `actions`, by id, and what is wrong with the others."""
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
    """Return an id whose own key something else on the same screen has, that key, and what has it."""
    for id in reversed(list(keymap)):
        for other, action in known.items():
            if other == id or not _are_together(known[id].part, action.part):
                continue
            by_default = set(known[id].keys) & set(action.keys)  # these share a key because each has its moment
            for key in keymap[id]:
                if key in keymap.get(other, action.keys) and key not in by_default:
                    return id, key, other
    return None


def _are_together(one: str, other: str) -> bool:
    return one == other or "app" in (one, other) or any(one in parts and other in parts for parts in _TOGETHER)


def _split(text: str) -> list[str]:
    """Return the keys of a list with commas; a comma alone is a key."""
    return [","] if text.strip() == "," else [key for key in text.split(",") if key.strip()]
