"""State of the code that a run was started with: commit, uncommitted changes, versions. Part of the run's folder."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.regular_files import read_file
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.run_folder import RunFolder, write_atomically

LARGEST_DIFF = 1024 * 1024
"""Bytes of a diff that are kept."""
_LARGEST = 64 * 1024
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class CodeError(UserError):
    """The record of the code can't be read."""


class CodeState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Content of `code.toml`."""

    repository: str = ""
    """Top folder of the repository; empty without one."""
    commit: str = ""
    """Full hash of the commit that was checked out."""
    branch: str = ""
    """Its branch; empty for none."""
    changed: int = 0
    """Tracked files that differ from the commit; `code.diff` has the differences."""
    untracked: int = 0
    """Files and folders that git neither tracks nor ignores. What they hold is not recorded: it may be secret."""
    diff_sha256: str = ""
    """SHA-256 of `code.diff`, in hexadecimal; empty for no differences."""
    is_cut: bool = False
    """Whether the differences were longer than `LARGEST_DIFF`."""
    problem: str = ""
    """Why there is no commit, or no difference."""
    versions: dict[str, str] = {}
    """Versions of Python and of packages."""

    @property
    def short_commit(self) -> str:
        """Return the begin of the hash, with `-dirty` if tracked files differed; empty without a commit."""
        return self.commit[:12] + "-dirty" * bool(self.commit and self.changed)


def code_file(folder: RunFolder) -> Path:
    """`code.toml`."""
    return folder.path / "code.toml"


def code_diff(folder: RunFolder) -> Path:
    """`code.diff`: differences of tracked files to the commit, absent for none."""
    return folder.path / "code.diff"


def write_code(folder: RunFolder, state: CodeState, diff: bytes) -> None:
    """Write both files, `code.toml` last. Raises `OSError`."""
    if diff:
        write_atomically(code_diff(folder), diff)
    write_atomically(code_file(folder), tomli_w.dumps(msgspec.to_builtins(state)).encode())


def read_code(folder: RunFolder) -> CodeState | None:
    """Return the recorded state; None for a run of an older version. Raises `CodeError`."""
    try:
        state = read_toml_as(code_file(folder), CodeState, _LARGEST)
    except FileNotFoundError:
        return None
    except TomlFileError as error:
        raise CodeError(str(error)) from error
    if state.commit and not _COMMIT.fullmatch(state.commit):  # it becomes an argument of git
        raise CodeError(f"{code_file(folder)} can't be read: expected the full hash of a commit")
    return state


def read_diff(folder: RunFolder) -> str:
    """Return the recorded differences, empty for none. Raises `CodeError`."""
    try:
        return read_file(code_diff(folder), LARGEST_DIFF).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CodeError(f"{code_diff(folder)} can't be read: {error.strerror or error}") from error
