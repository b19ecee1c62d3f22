"""Writes formats into a bundle: all that were asked for, or none."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from curricula.errors import UsageError, UserError, suggestion
from trainer_proc.contract.bundle.card import CARD, ONNX
from trainer_proc.contract.bundle.formats import FORMATS, FormatsWritten
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.bundle import read_card, require
from trainer_proc.deploy.bundle_files import read_bundle_file, require_plain_name
from trainer_proc.deploy.errors import BundleRefused, refused
from trainer_proc.deploy.model_file import check_model
from trainer_proc.deploy.network_file import load_network
from trainer_proc.formats.beyondmimic import beyondmimic
from trainer_proc.formats.files import Format, FormatFiles, Source
from trainer_proc.formats.gaitkeeper import gaitkeeper
from trainer_proc.formats.holosoma import holosoma
from trainer_proc.formats.unitree import unitree

MAKERS: dict[str, Format] = {
    "unitree": unitree,
    "holosoma": holosoma,
    "beyondmimic": beyondmimic,
    "gaitkeeper": gaitkeeper,
}
BY_DEFAULT = ("gaitkeeper",)
"""Formats of every export whose policy they fit."""
_UNFINISHED = ".unfinished"


def write_formats(bundle: Path, names: Sequence[str]) -> FormatsWritten:
    """Write `names` of `FORMATS` into folders of the bundle; folders of earlier exports are replaced.

    Raises `BundleRefused` for a policy that a program can't run, `UsageError` for an unknown name, or `PackageMissing`.
    """
    if unknown := [name for name in names if name not in FORMATS]:
        raise UsageError(f"no such format: {unknown[0]}{suggestion(unknown[0], FORMATS, or_all=True)}")
    onnx, _ = (require(package, "writing formats") for package in ("onnx", "yaml"))
    card = read_card(bundle / CARD)
    robot_model = _content(bundle, card.robot_model, card.robot_model_sha256) if card.robot_model else None
    source = Source(card, _content(bundle, ONNX, card.onnx_sha256), robot_model)
    load_network(onnx, source.network)
    if robot_model is not None:
        check_model(card.robot_model, robot_model)
    made = {name: _made(name, source) for name in dict.fromkeys(names)}
    try:
        with _unfinished(bundle) as scratch:
            for name, format_files in made.items():
                _write(scratch / name, format_files.files)
            _put_in_place(list(made), scratch, bundle)
    except OSError as error:
        raise refused(str(bundle), "a folder that can be written", one_line(error), "choose another folder") from error
    notes = [note for format_files in made.values() for note in format_files.notes]
    return FormatsWritten(folders=tuple(str(bundle / name) for name in made), notes=tuple(notes))


def write_default_formats(bundle: Path) -> list[str]:
    """Write each of `BY_DEFAULT` that fits the policy; return why the others are missing, one line each."""
    problems = []
    for name in BY_DEFAULT:
        try:
            write_formats(bundle, (name,))
        except UserError as error:
            problems.append(f"format {name}: {str(error).removeprefix(f'format {name}: ')}")
    return problems


def _made(name: str, source: Source) -> FormatFiles:
    try:
        return MAKERS[name](source)
    except BundleRefused as error:
        raise BundleRefused(f"format {name}: {error}") from error


def _content(bundle: Path, name: str, sha256: str) -> bytes:
    require_plain_name(name)
    return read_bundle_file(bundle / name, sha256)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with open(folder / name, "wb") as file:
            file.write(content)
            os.fsync(file.fileno())


def _put_in_place(names: Sequence[str], scratch: Path, bundle: Path) -> None:
    """Move the folders to the bundle; folders of earlier exports are restored if that fails."""
    previous = scratch / "previous"
    previous.mkdir()
    placed: list[str] = []
    try:
        for name in names:
            if (bundle / name).exists():
                (bundle / name).replace(previous / name)
            placed.append(name)
            (scratch / name).replace(bundle / name)
    except BaseException:
        for name in placed:
            shutil.rmtree(bundle / name, ignore_errors=True)
            if (previous / name).exists():
                (previous / name).replace(bundle / name)
        raise


@contextlib.contextmanager
def _unfinished(bundle: Path) -> Iterator[Path]:
    """Yield a hidden folder in the bundle and delete it afterwards."""
    scratch = bundle / f"{_UNFINISHED}.formats.{os.getpid()}"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
