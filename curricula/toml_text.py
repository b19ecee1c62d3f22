"""Read TOML that may come from anybody."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import Any

from curricula.errors import UserError, message_of

_NO_CHARACTERS = re.compile(r"\\u0000|\\U00000000")
_PLACE = re.compile(r"(?P<what>.*) \(at (line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")
_LONGEST_MESSAGE = 300


class TomlError(UserError):
    """The text is no TOML; the message is one line, with the line of the text and what is expected there."""


def parse_toml(text: str | bytes) -> dict[str, Any]:
    """Return the content of a TOML text. Raises `TomlError`.

    So it does for what `tomllib` raises other errors for (numbers of thousands of digits, tables in thousands of
    tables), and for the character U+0000, which no path may have.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
        if found := _NO_CHARACTERS.search(decoded):
            raise TomlError(f"line {_line_at(decoded, found.start())}: expected text without the character U+0000")
        return tomllib.loads(decoded)
    except RecursionError as error:
        raise TomlError("expected few tables or arrays in one another, got too many") from error
    except UnicodeDecodeError as error:
        line = _line_at(error.object, error.start)
        raise TomlError(
            f"line {line}: expected text in UTF-8, got the byte {error.object[error.start]:#04x}"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise TomlError(_syntax_error(error, decoded)) from error
    except ValueError as error:  # Python refuses to convert longer ones
        raise TomlError(
            f"expected numbers of at most {sys.get_int_max_str_digits()} digits, got a longer one"
        ) from error


def _line_at(text: str | bytes, index: int) -> int:
    before = text[:index]
    return 1 + (before.count(b"\n") if isinstance(before, bytes) else before.count("\n"))


def _syntax_error(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return `tomllib`'s message, such as "Expected '=' after a key (at line 1, column 3)", with the place in front."""
    message = message_of(error)
    found = _PLACE.fullmatch(message)
    what = message if found is None else found["what"]
    what = what[:1].lower() + what[1:]
    if not what.startswith("expected"):
        what = f"expected TOML: {what}"
    if found is not None:
        at_end = f"line {max(1, len(text.splitlines()))}, at its end"
        place = at_end if found["line"] is None else f"line {found['line']}, column {found['column']}"
        what = f"{place}: {what}"
    return what[:_LONGEST_MESSAGE]
