"""The bearer token: whoever knows it can start, steer and stop trainings."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from curricula.errors import UsageError, UserError
from curricula.regular_files import read_file
from trainer_proc.contract.run_folder import write_atomically

_SHORTEST, _LONGEST = 32, 512
"""Characters of a token."""


class TokenError(UsageError):
    """The token file can't be used; the message is one line."""


@contextmanager
def own_token(port: int) -> Iterator[tuple[str, Path]]:
    """Yield a new token for the server at `port`, and its file, which is removed at the end. Raises `UserError`."""
    token, path = _write(platformdirs.user_config_path("humanoid-tui") / f"serve-{port}.token")
    try:
        yield token, path
    finally:
        path.unlink(missing_ok=True)


def token_from(path: Path) -> str:
    """Return the token in a file of the user's own, which is written if there is none. Raises `UserError`.

    A file that others can read is refused.
    """
    if not path.exists():
        if not path.parent.is_dir():
            raise TokenError(f"expected a token file in a folder that exists, got {path}: make {path.parent} first")
        return _write(path)[0]
    try:
        token = read_file(path, _LONGEST + 2).decode("ascii").strip()
        status = path.stat()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"token file {path} can't be read: {error}") from error
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise TokenError(f"expected {path} to be yours alone: chmod 600 {path}")
    if not _SHORTEST <= len(token) <= _LONGEST or not token.isprintable() or " " in token:
        raise TokenError(f"expected {_SHORTEST} to {_LONGEST} characters without spaces in {path}, got {len(token)}")
    return token


def _write(path: Path) -> tuple[str, Path]:
    token = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"{token}\n".encode(), mode=0o600)
    except OSError as error:
        raise UserError(f"the token can't be written: {error}") from error
    return token, path
