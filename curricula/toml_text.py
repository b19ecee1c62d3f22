"""Read TOML that may come from anybody."""

from __future__ import annotations

import tomllib
from typing import Any

from curricula.errors import UserError, message_of

_NO_CHARACTERS = ("\\u0000", "\\U00000000")
_LONGEST_MESSAGE = 300


class TomlError(UserError):
    """The text is no TOML; the message is one line."""


def parse_toml(text: str | bytes) -> dict[str, Any]:
    """Return the content of a TOML text. Raises `TomlError`.

    So it does for what `tomllib` raises other errors for (numbers of thousands of digits, tables in thousands of
    tables), and for the character U+0000, which no path may have.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
        if any(escape in decoded for escape in _NO_CHARACTERS):
            raise TomlError("expected text without the character U+0000")
        return tomllib.loads(decoded)
    except RecursionError as error:
        raise TomlError("it has too many tables or arrays in one another") from error
    except ValueError as error:  # a `TOMLDecodeError`, no UTF-8, or a number that is too long
        raise TomlError(message_of(error, _LONGEST_MESSAGE)) from error
