"""Code that a run names: it runs here only after the user has named it, or has allowed it.

A run's folder is data, which may come from anybody. Its `run.toml` can name modules with tasks, and values of its
configuration can name functions (`package.module:function`). What the user starts from a preset is remembered by its
place. What else a run names is asked for once, and remembered by its content.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from curricula.errors import UserError
from presets.find import list_presets
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from tui.session.backends.environment import LaunchError

_NAMED = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*[\w.-]*")
"""A function as configurations name it, or a task of gymnasium with the module that registers it."""
_MOST_FILES = 2000
_MOST_BYTES = 50_000_000


class CodeNotAllowed(LaunchError):
    """A run names code that has not been allowed; the message is one line, `codes` are what it names."""

    def __init__(self, codes: tuple[NamedCode, ...]) -> None:
        named = ", ".join(map(str, codes))
        super().__init__(
            f"the run names code that has not been allowed here: {named}",
            hint="look at it, then repeat the command as humanoid-tui --allow-code …",
        )
        self.codes = codes
        self.question = f"The run names code that has not run here before: {named}. Run it?"


@dataclass(frozen=True)
class NamedCode:
    """A module that a run names."""

    module: str
    file: Path | None
    """Where it is found, unless Python finds an installed one before; None for an installed one."""
    digest: str
    """Of its content, and of the modules beside it, which it may import."""

    def __str__(self) -> str:
        return self.module if self.file is None else f"{self.module} ({self.file}{_others(self.file)})"

    @property
    def place(self) -> str:
        """Where the user has named it."""
        return _hash(b"place", self.module.encode(), os.fsencode(self.file or ""))


def check_code(spec: RunSpec) -> None:
    """Raise `CodeNotAllowed` if the run names code that the user has neither named nor allowed."""
    if not _modules(spec) or _is_of_own_preset(spec):
        return
    allowed = _read_allowed()
    if unknown := tuple(code for code in named_code(spec) if not {code.place, code.digest} & allowed):
        raise CodeNotAllowed(unknown)


def check_code_of_run(run: str) -> None:
    """Raise `CodeNotAllowed` as `check_code` does, for the run in a folder; nothing without a run there."""
    if not run:
        return
    try:
        spec = RunFolder(Path(run)).read_spec()
    except RunFolderError:  # who works on it reports that
        return
    check_code(spec)


def allow_content(codes: Iterable[NamedCode]) -> None:
    """Remember what the user has allowed: this content, wherever it is. Raises `OSError`."""
    _remember(code.digest for code in codes)


def allow_place(spec: RunSpec) -> None:
    """Remember what the user has named, in a preset: what is there, as it changes. Raises `OSError`."""
    _remember(code.place for code in named_code(spec))


def named_code(spec: RunSpec) -> list[NamedCode]:
    """Return the code that a run names."""
    return [_found(module, spec.module_folder) for module in _modules(spec)]


def allowed_file() -> Path:
    """Return the file with what was allowed; it need not exist."""
    return platformdirs.user_state_path("humanoid-tui") / "allowed-code"


def _modules(spec: RunSpec) -> list[str]:
    return list(dict.fromkeys((*spec.modules, *_functions((spec.task, *spec.hydra, *_texts(spec.overrides))))))


def _functions(texts: Iterable[str]) -> Iterator[str]:
    """Yield the modules of functions and tasks that texts name."""
    return (found[1] for text in texts for found in _NAMED.finditer(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _is_of_own_preset(spec: RunSpec) -> bool:
    """Return whether a preset of the program or of the user's folder names the same code in the same place."""
    named = set(_modules(spec))
    for preset in list_presets()[0]:
        known = {*preset.modules, *_functions((*preset.hydra, *_texts(preset.overrides)))}
        if named <= known and spec.module_folder in ("", preset.folder_of_modules()):
            return True
    return False


def _found(module: str, folder: str) -> NamedCode:
    """Return the module as the trainer finds it: in `folder`, else in the working folder, else installed."""
    parts = module.split(".")
    for place in (Path(folder) if folder else None, Path.cwd()):
        if place is None:
            continue
        for path in (place.joinpath(*parts).with_suffix(".py"), place.joinpath(*parts, "__init__.py")):
            if path.is_file():
                return NamedCode(module, path, _digest(module, path, place))
    return NamedCode(module, None, _hash(b"installed", module.encode()))


def _digest(module: str, path: Path, place: Path) -> str:
    """Return a hash of a module's package, or of the module and those beside it."""
    top = place / module.partition(".")[0]
    files = sorted(file for file in (top.rglob("*.py") if top.is_dir() else place.glob("*.py")) if file.is_file())
    if len(files) > _MOST_FILES or sum(file.stat().st_size for file in files) > _MOST_BYTES:
        raise UserError(f"expected at most {_MOST_FILES} files of code beside {path}: move it to a folder of its own")
    content = (part for file in files for part in (os.fsencode(file.relative_to(place)), file.read_bytes()))
    return _hash(b"content", module.encode(), *content)


def _hash(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8) + part)
    return found.hexdigest()


def _others(file: Path) -> str:
    """Return who else may change a file; empty for nobody."""
    status = file.stat()
    if status.st_uid not in (os.geteuid(), 0):
        return ", of another user"
    return ", which others may change" if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) else ""


def _read_allowed() -> set[str]:
    try:
        return set(allowed_file().read_text().split())
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _remember(hashes: Iterable[str]) -> None:
    new = [one for one in hashes if one not in _read_allowed()]
    if not new:
        return
    path = allowed_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write("".join(f"{one}\n" for one in new))
