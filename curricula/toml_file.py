"""Read TOML files, which may be missing, half written or from anybody.

What is wrong with a file is one line: the file, the line or the key in it, and what is expected there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from curricula.errors import UserError, message_of
from curricula.regular_files import read_file
from curricula.schema import SchemaError, convert
from curricula.toml_text import TomlError, parse_toml

Content = TypeVar("Content")


class TomlFileError(UserError):
    """The file exists and can't be read; the message is one line."""


def read_toml(path: Path, most: int) -> dict[str, Any]:
    """Return the content of a file of at most `most` bytes. Raises `TomlFileError` or `FileNotFoundError`."""
    try:
        return parse_toml(read_file(path, most))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise TomlFileError(f"{path} can't be read: {error.strerror or message_of(error)}") from error
    except TomlError as error:
        raise TomlFileError(f"{path} can't be read: {error}") from error


def read_toml_as(path: Path, kind: type[Content], most: int) -> Content:
    """Return the content of a file as `kind`, most often a struct; otherwise as `read_toml`."""
    content = read_toml(path, most)
    try:
        return convert(content, kind)
    except SchemaError as error:
        raise TomlFileError(f"{path} can't be read: {error}") from error


def read_or_none(path: Path, kind: type[Content], most: int) -> Content | None:
    """Return the content of a file of at most `most` bytes; None if it can't be read, or is not of this kind."""
    try:
        return read_toml_as(path, kind, most)
    except (OSError, TomlFileError):
        return None
