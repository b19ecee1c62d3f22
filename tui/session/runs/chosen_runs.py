"""Runs chosen for comparison: stored for each log folder in the user's state folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import msgspec
import platformdirs
import tomli_w

from curricula.errors import UserError
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder, write_atomically

_LARGEST = 1024 * 1024
"""Bytes of the file."""
_LONGEST_NAME = 200
"""Bytes of a file name; 255 is the limit, with the ending and a suffix while it is written."""


class ChoiceError(UserError):
    """The choice can't be read or stored."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of the file: paths of `chosen` runs and of those `hidden` on the charts."""

    chosen: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def choice_file(log_root: Path) -> Path:
    """Return the file of the choice for `log_root`; it need not exist."""
    name = quote(str(log_root.resolve()), safe="")
    return platformdirs.user_state_path("humanoid-tui") / "compared" / f"{name[-_LONGEST_NAME:]}.toml"


def read_choice(log_root: Path) -> tuple[list[RunFolder], set[Path]]:
    """Return the chosen runs that still exist, in order of choice, and the paths of hidden ones.

    Raises `ChoiceError`.
    """
    path = choice_file(log_root)
    try:
        choice = read_toml_as(path, Choice, _LARGEST)
    except FileNotFoundError:
        return [], set()
    except TomlFileError as error:
        raise ChoiceError(f"the stored choice of runs is ignored: {error}") from error
    chosen = [RunFolder(Path(run)) for run in choice.chosen if (Path(run) / RUN_FILE).is_file()]
    return chosen, {Path(run) for run in choice.hidden}


def write_choice(log_root: Path, chosen: Iterable[RunFolder], hidden: Iterable[Path] = ()) -> None:
    """Store the choice atomically. Raises `ChoiceError`."""
    path = choice_file(log_root)
    choice = Choice(tuple(str(folder.path) for folder in chosen), tuple(sorted(map(str, hidden))))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tomli_w.dumps(msgspec.to_builtins(choice)).encode())
    except OSError as error:
        raise ChoiceError(f"the choice of runs can't be stored in {path}: {error.strerror or error}") from error
