"""Decodes JSON that this program may not have written."""

from __future__ import annotations

from typing import TypeVar

import msgspec

_Content = TypeVar("_Content")


def decode_json(content: bytes | str, kind: type[_Content]) -> _Content:
    """Return `content` as a `kind`. Raises `msgspec.DecodeError`, also for damaged text and endless nesting."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
