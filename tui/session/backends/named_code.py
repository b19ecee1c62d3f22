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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from curricula.regular_files import read_file
from presets.find import list_presets
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder, RunFolderError, RunSpec
from tui.session.backends.environment import LaunchError

_NAMED = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*[\w.-]*")
"""A function as configurations name it, or a task of gymnasium with the module that registers it."""
_NAMED_WITH_DOTS = re.compile(r"(?:class_name|func|logger)=['\"]?([A-Za-z_]\w*(?:\.\w+)*)\.[A-Za-z_]\w*(?![\w.]*:)")
"""The same as rsl-rl also takes it: `package.module.Class`."""
_LIBRARIES = frozenset(("rsl_rl", "mjlab"))
"""Packages with actors of this program's tasks; the exporter builds nothing of them but torch modules."""
_SUFFIXES = (".so", ".py", ".pyc")
"""Of what Python imports, in its order."""
_MOST_FILES = 5000
"""Files of code, and folders, in a folder of modules."""
_MOST_BYTES = 50_000_000


class _Description(msgspec.Struct):
    actor: dict[str, Any]


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
    folder: Path | None
    """The folder on the path of imports that it lies in; None for an installed one."""

    def __str__(self) -> str:
        return self.module if self.file is None else f"{self.module} ({self.file}{_others(self.file)})"

    @cached_property
    def digest(self) -> str:
        """Hash of the content of all modules in its folder, which it may import. Raises `LaunchError` or `OSError`."""
        if self.folder is None:
            return _hash(b"installed", self.module.encode())
        return _hash(b"content", self.module.encode(), *_content(self.folder))

    @property
    def place(self) -> str:
        """Hash of where the user has named it."""
        return _hash(b"place", self.module.encode(), os.fsencode(self.file or ""))


def check_code(spec: RunSpec) -> None:
    """Raise `CodeNotAllowed` if the run names code that the user has neither named nor allowed.

    Raises `LaunchError` if the code can't be read.
    """
    if not _modules(spec) or _is_of_own_preset(spec):
        return
    try:
        allowed = _read_allowed()
        codes = [code for code in named_code(spec) if code.place not in allowed]
        unknown = tuple(code for code in codes if code.digest not in allowed)
        if unknown:
            raise CodeNotAllowed(unknown)
    except OSError as error:
        raise LaunchError(f"the code that the run names can't be read: {error}") from error


def check_code_of_run(run: str) -> None:
    """Raise `CodeNotAllowed` or `LaunchError` as `check_code` does, for the run in a folder, if there is one."""
    if not run:
        return
    try:
        spec = RunFolder(Path(run)).read_spec()
    except RunFolderError:  # who works on it reports that
        return
    check_code(spec)


def check_code_of_export(folder: RunFolder) -> None:
    """Raise as `check_code` does, for the classes of the actor in `params/policy.json`, which an export imports."""
    try:
        spec = folder.read_spec()
        content = read_file(folder.policy_description, LARGEST_DESCRIPTION)
        actor = decode_json(content, _Description).actor
    except (RunFolderError, OSError, msgspec.DecodeError):  # the exporter reports that
        return
    modules = [module for module in _functions(_texts(actor)) if module.partition(".")[0] not in _LIBRARIES]
    check_code(msgspec.structs.replace(spec, task="", hydra=(), overrides={}, modules=tuple(modules)))


def allow_content(codes: Iterable[NamedCode]) -> None:
    """Remember what the user has allowed: this content, wherever it is. Raises `OSError`."""
    _remember(code.digest for code in codes)


def allow_place(spec: RunSpec) -> None:
    """Remember what the user has named, in a preset: what is there, as it changes. Raises `OSError`."""
    _remember(code.place for code in named_code(spec))


def named_code(spec: RunSpec) -> list[NamedCode]:
    """Return the code that a run names. Raises `LaunchError` or `OSError`."""
    return [_found(module, spec.module_folder) for module in _modules(spec)]


def allowed_file() -> Path:
    """Return the file with what was allowed; it need not exist."""
    return platformdirs.user_state_path("humanoid-tui") / "allowed-code"


def _modules(spec: RunSpec) -> list[str]:
    return list(dict.fromkeys((*spec.modules, *_functions((spec.task, *spec.hydra, *_texts(spec.overrides))))))


def _functions(texts: Iterable[str]) -> Iterator[str]:
    """Yield the modules of functions, classes and tasks that texts name."""
    for text in texts:
        for pattern in (_NAMED, _NAMED_WITH_DOTS):
            yield from (found[1] for found in pattern.finditer(text))


def _texts(value: Any, key: str = "") -> Iterator[str]:
    """Yield the texts in a value, each behind `KEY=`."""
    if isinstance(value, str):
        yield f"{key}={value}"
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _texts(one, str(name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, key)


def _is_of_own_preset(spec: RunSpec) -> bool:
    """Return whether a preset of the program or of the user's folder names the same code in the same place."""
    named = set(_modules(spec))
    for preset in list_presets()[0]:
        known = {*preset.modules, *_functions((*preset.hydra, *_texts(preset.overrides)))}
        if named <= known and (not spec.modules or spec.module_folder == preset.folder_of_modules()):
            return True
    return False


def _found(module: str, folder: str) -> NamedCode:
    """Return the module as the trainer finds it: in `folder`, else in the working folder, else installed."""
    for place in (*([Path(folder).absolute()] if folder else []), Path.cwd()):
        if any(path.is_file() for path in (place, *place.parents)):  # Python imports from archives too
            raise LaunchError(f"expected a folder of modules, got {place}")
        if (file := _file_of(place.joinpath(*module.split(".")))) is not None:
            return NamedCode(module, file, place)
    return NamedCode(module, None, None)


def _file_of(path: Path) -> Path | None:
    """Return the file of the module or package at `path`, whose name has no suffix; None without one."""
    for folder, name in ((path, "__init__"), (path.parent, path.name)):
        if folder.is_dir():
            files = [file for file in folder.iterdir() if file.name.partition(".")[0] == name]
            if found := [file for suffix in _SUFFIXES for file in files if file.suffix == suffix]:
                return found[0]
    return None


def _content(place: Path) -> Iterator[bytes]:
    """Yield names and content of all that can be imported from a folder, also by packages in it and through links.

    Compiled files count: Python prefers them to their sources.
    """
    files: list[Path] = []
    for count, (folder, folders, names) in enumerate(os.walk(place, followlinks=True)):
        folders[:] = [name for name in folders if name.isidentifier()]
        files += [Path(folder, name) for name in names if name.endswith(_SUFFIXES) and Path(folder, name).is_file()]
        if max(count, len(files)) > _MOST_FILES:
            raise LaunchError(
                f"expected at most {_MOST_FILES} files of code in {place}: move it to a folder of its own"
            )
    left = _MOST_BYTES
    for file in sorted(files):
        content = read_file(file, left)
        left -= len(content)
        yield from (os.fsencode(file.relative_to(place)), content)


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
        return set(allowed_file().read_text(errors="replace").split())
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
