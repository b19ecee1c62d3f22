"""Read small TOML files of runs, which may be missing, half written or from anybody."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from curricula.toml_text import TomlError, parse_toml
from trainer_proc.contract.run_files import read_file

Content = TypeVar("Content", bound=msgspec.Struct)


def read_or_none(path: Path, kind: type[Content], most: int) -> Content | None:
    """Return the content of a file of at most `most` bytes; None if it can't be read, or is not of this kind."""
    try:
        return msgspec.convert(parse_toml(read_file(path, most)), kind)
    except (OSError, TomlError, msgspec.ValidationError):
        return None
