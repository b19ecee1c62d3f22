"""Check the name of a file that a command is to write."""

from __future__ import annotations

from pathlib import Path

import click

from curricula.errors import UserError


def check_new_file(path: Path, replaces: bool, *suffixes: str) -> None:
    """Raise `UserError` if the file exists, unless the command replaces it, or if its suffix is none of `suffixes`."""
    if suffixes and path.suffix not in suffixes:
        raise click.UsageError(f"expected a file name that ends in {' or '.join(suffixes)}, got {path}")
    if path.exists() and not replaces:
        raise UserError(f"{path} exists", hint="choose another name, or add --force to replace it")
