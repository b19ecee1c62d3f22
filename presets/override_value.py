"""Read the value of an override as users of TOML, Hydra, Python and mjlab's tyro write it.

`10.0`, `.5`, `1e-3`, `true`, `True`, `null`, `None`, `[64, 64]`, `(0.5, 1.0)`, `64 64`, `-1:1`, `{x: [0, 1], y: 2}`,
`"a text"`; other text is a text as it stands, such as `elu`, `/data/walk.npz` or `.*_(left|right)_knee`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from curricula.errors import UsageError
from curricula.toml_text import TomlError, parse_toml

NULL = "null"
"""What stands for no value in `run.toml`: TOML has none."""

_WORDS: dict[str, Any] = {"true": True, "false": False, "none": NULL, "null": NULL, "~": NULL}
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_NUMBER = re.compile(r"[+-]?((\d[\d_]*)(\.[\d_]*)?|\.\d[\d_]*)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)
_EXAMPLES = "10, true, null, [0, 1], -1:1, {x = 1} or a text in quotes"


class OverrideValueError(UsageError, ValueError):
    """The text is no value; the message is one line with the forms that are."""


def parse_value(text: str) -> Any:
    """Return the value of `text`: a number, a text, true or false, `NULL`, a list or a table.

    Raises `OverrideValueError` for brackets or quotes that do not close, and for a range without both ends.
    """
    text = text.strip()
    if (parsed := _toml(text)) is not None:
        return parsed
    if text[:1] in _CLOSING and _Reader(text).closes_at_end():
        return _Reader(text).whole()
    if text[:1] in "\"'" and text:
        return _quoted(text)
    if text[:1] in _CLOSING and not _Reader(text).is_balanced():
        raise _refusal(text)
    if text[:1] in "])}" or _is_broken_range(text):
        raise _refusal(text)
    for separator in (",", None):  # tyro takes several words for a tuple
        parts = text.split(separator)
        if _are_numbers(parts):
            return [_scalar(part) for part in parts]
    return _scalar(text)


_MOST_DIGITS = 300


def _toml(text: str) -> Any:
    """Return the value of `text` in TOML; None if it is none, or a date."""
    try:
        parsed = parse_toml(f"value = {text}")
    except TomlError:
        return None
    value = parsed["value"]
    is_plain = len(parsed) == 1 and isinstance(value, str | bool | int | float | list | dict)
    return value if is_plain else None


def _scalar(text: str) -> Any:
    """Return a word, a number, a pair LOW:HIGH, or the text."""
    text = text.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        plain = text.replace("_", "")
        if len(plain) > _MOST_DIGITS:
            raise OverrideValueError(f"expected a number of at most {_MOST_DIGITS} digits, got {len(plain)}")
        return int(plain) if re.fullmatch(r"[+-]?\d+", plain) else float(plain)
    ends = text.split(":")
    if len(ends) == 2 and all(_NUMBER.fullmatch(end.strip()) for end in ends):
        return [_scalar(end) for end in ends]
    return text


def _are_numbers(parts: list[str]) -> bool:
    """Tell whether there are several numbers, and nothing else."""
    return len(parts) > 1 and all(_NUMBER.fullmatch(part.strip()) for part in parts)


def _is_broken_range(text: str) -> bool:
    """Tell whether `text` is made of numbers and colons, but is no LOW:HIGH."""
    ends = [end.strip() for end in text.split(":")]
    numbers = [end for end in ends if _NUMBER.fullmatch(end)]
    return len(ends) > 1 and bool(numbers) and not (len(ends) == len(numbers) == 2) and set(ends) <= {*numbers, ""}


def _quoted(text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise _refusal(text) from None
    if not isinstance(value, str):  # two texts with something between
        raise _refusal(text)
    return value


def _refusal(text: str) -> OverrideValueError:
    return OverrideValueError(f"expected a value such as {_EXAMPLES}, got {text}")


class _Reader:
    """Reads lists and tables with words in them, as Hydra and Python write them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def closes_at_end(self) -> bool:
        """Tell whether the first bracket closes with the last character."""
        return self._end_of_first() == len(self._text) - 1

    def is_balanced(self) -> bool:
        """Tell whether the first bracket closes at all."""
        return self._end_of_first() is not None

    def whole(self) -> Any:
        """Return the value of the whole text. Raises `OverrideValueError`."""
        value = self._value(",]})")
        if self._at != len(self._text):
            raise _refusal(self._text)
        return value

    def _end_of_first(self) -> int | None:
        """Return the place at which the first bracket closes; None if it does not."""
        open_brackets: list[str] = []
        quote = ""
        for at, character in enumerate(self._text):
            if quote:
                quote = "" if character == quote else quote
            elif character in "\"'" and (at == 0 or not self._text[at - 1].isalnum()):
                quote = character
            elif character in _CLOSING:
                open_brackets.append(_CLOSING[character])
            elif open_brackets and character == open_brackets[-1]:
                open_brackets.pop()
                if not open_brackets:
                    return at
        return None

    def _value(self, ends: str) -> Any:
        self._skip()
        opening = self._text[self._at : self._at + 1]
        if opening in ("[", "("):
            items, has_comma = self._items(_CLOSING[opening])
            return items[0] if opening == "(" and len(items) == 1 and not has_comma else items
        if opening == "{":
            return self._table()
        if opening in ('"', "'"):
            return self._text_in_quotes(opening)
        return self._word(ends)

    def _items(self, closing: str) -> tuple[list[Any], bool]:
        """Read up to `closing`; return the values and whether there is a comma."""
        self._at += 1
        items: list[Any] = []
        has_comma = False
        while not self._takes(closing):
            items.append(self._value(f",{closing}"))
            if self._takes(","):
                has_comma = True
            elif not self._is_next(closing):
                raise _refusal(self._text)
        return items, has_comma

    def _table(self) -> dict[str, Any]:
        self._at += 1
        table: dict[str, Any] = {}
        while not self._takes("}"):
            self._skip()
            quote = self._text[self._at : self._at + 1]
            key = self._text_in_quotes(quote) if quote in ('"', "'") else str(self._word(":=", as_text=True))
            if not key or not (self._takes(":") or self._takes("=")):
                raise _refusal(self._text)
            table[key] = self._value(",}")
            if not self._takes(",") and not self._is_next("}"):
                raise _refusal(self._text)
        return table

    def _text_in_quotes(self, quote: str) -> str:
        match = re.compile(rf"{quote}((?:\\.|[^{quote}\\])*){quote}").match(self._text, self._at)
        if match is None:
            raise _refusal(self._text)
        self._at = match.end()
        return _quoted(match[0])

    def _word(self, ends: str, as_text: bool = False) -> Any:
        """Read a word up to one of `ends`; brackets inside of it must close, as in `.*_(left|right)`."""
        start, depth = self._at, 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if depth == 0 and character in ends:
                break
            depth += (character in _CLOSING) - (character in _CLOSING.values())
            if depth < 0:
                raise _refusal(self._text)
            self._at += 1
        word = self._text[start : self._at].strip()
        if not word or depth or _is_broken_range(word) or _are_numbers(word.split()):
            raise _refusal(self._text)
        return word if as_text else _scalar(word)

    def _skip(self) -> None:
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1

    def _takes(self, character: str) -> bool:
        """Read `character` if it comes next; raise `OverrideValueError` at the end of the text."""
        self._skip()
        if self._at >= len(self._text):
            raise _refusal(self._text)
        found = self._text[self._at] == character
        self._at += found
        return found

    def _is_next(self, character: str) -> bool:
        self._skip()
        return self._text[self._at : self._at + 1] == character
