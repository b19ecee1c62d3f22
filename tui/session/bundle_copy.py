"""Copies of bundles: a folder with the files of an exported policy, placed as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from curricula.errors import UsageError, UserError
from trainer_proc.contract.bundle.card import BUNDLE_FILES, CARD
from trainer_proc.contract.bundle.formats import FORMATS


def files_of(bundle: Path) -> list[Path]:
    """Return the files of a bundle, relative to it, without hidden ones and links. Raises `OSError`."""
    found = []
    for parent, folders, names in os.walk(bundle):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return [path.relative_to(bundle) for path in found if not path.is_symlink()]


def check_target(target: Path) -> None:
    """Raise `UsageError` unless `target` is no file, and empty or a bundle if it exists. Raises `OSError`."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"expected a folder, got the file {target}")
    if target.is_dir() and any(target.iterdir()) and not os.path.lexists(target / CARD):
        raise UsageError(
            f"expected a new folder, or one with an exported policy, got {target}", hint="name another one"
        )


def copy_bundle(bundle: Path, target: Path) -> None:
    """Copy a bundle to the folder `target`, and replace an earlier one. Raises `UserError` or `OSError`."""
    with new_bundle(target) as folder:
        for name in files_of(bundle):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle / name, folder / name)


@contextmanager
def new_bundle(target: Path) -> Iterator[Path]:
    """Yield a new folder for the files of a bundle, which are then placed in `target`.

    An earlier bundle there is replaced; other files stay. Raises `UserError` or `OSError`.
    """
    check_target(target)
    is_new = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".unfinished.", dir=target))
    try:
        yield folder
        if not os.path.lexists(folder / CARD):
            raise UserError(f"expected an exported policy, got none with {CARD}")
        _place(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # it has got its files
                os.removedirs(target)


def _place(folder: Path, target: Path) -> None:
    """Move all files of `folder` to `target`; the card, which makes a bundle of them, goes first and comes last."""
    (target / CARD).unlink(missing_ok=True)
    for path in (target / name for name in (*BUNDLE_FILES, *FORMATS)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in sorted(files_of(folder), key=lambda name: name == Path(CARD)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).replace(target / name)
