"""Tell whole checkpoint files from damaged ones, without torch."""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from curricula.regular_files import open_file
from trainer_proc.contract.run_folder import RunFolder, iteration_of

_ZIP = b"PK"


def damage_of(checkpoint: Path) -> str:
    """Return what is wrong with a file, in words; empty if it is whole as far as its container tells.

    `torch.save` writes a zip archive, whose directory is at its end, with a checksum for each part
    (https://docs.pytorch.org/docs/stable/notes/serialization.html). The trainer judges the content, and files of
    another format.
    """
    if checkpoint.exists() and not checkpoint.is_file():
        return "no file"
    try:
        with open_file(checkpoint) as file:
            beginning = file.read(len(_ZIP))
            if beginning != _ZIP:
                return "" if beginning else "empty"
            with ZipFile(file) as archive:
                damaged = archive.testzip()
    except (BadZipFile, EOFError):
        return "cut off"
    except (RuntimeError, ValueError, zlib.error):  # a part that zipfile can't read: torch writes no such parts
        return "damaged"
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return f"damaged in {damaged}" if damaged else ""


def damage_notice(checkpoint: Path) -> str:
    """Return in one line which newer checkpoints of its run are damaged; empty if none."""
    newer = [path for path in RunFolder(checkpoint.parent).checkpoints() if _is_newer(path, checkpoint)]
    damages = [f"{path.name} is {damage}" for path in newer if (damage := damage_of(path))]
    return f"{', '.join(damages)}: {checkpoint.name} is used" if damages else ""


def _is_newer(path: Path, other: Path) -> bool:
    iteration, of_other = iteration_of(path), iteration_of(other)
    return iteration is not None and of_other is not None and iteration > of_other
