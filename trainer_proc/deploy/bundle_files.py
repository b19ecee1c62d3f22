"""Reads files of a bundle whose hashes its `policy.json` has."""

from __future__ import annotations

import hashlib
from pathlib import Path

from curricula.regular_files import read_file
from trainer_proc.contract.bundle.card import LARGEST_FILE
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused


def read_bundle_file(file: Path, sha256: str | None = None, most: int = LARGEST_FILE) -> bytes:
    """Return the content of a file, of at most `most` bytes, with that hash. None accepts any, an empty text none.

    Raises `BundleRefused`.
    """
    try:
        content = read_file(file, most)
    except FileNotFoundError:
        remedy = f"{EXPORT_AGAIN}, or give the folder of a bundle"
        raise refused(file.name, f"a file in {file.parent}", "none", remedy) from None
    except OSError as error:
        raise refused(file.name, "a readable file", one_line(error), EXPORT_AGAIN) from error
    if sha256 is not None and (actual := hashlib.sha256(content).hexdigest()) != sha256:
        raise refused(file.name, f"SHA-256 {sha256[:12]}…", f"{actual[:12]}…: it was changed", EXPORT_AGAIN)
    return content


def require_plain_name(name: str) -> None:
    """Raise `BundleRefused` for a name that leads out of the bundle's folder, or that no file can have."""
    if Path(name).name != name or "\0" in name:
        raise refused("files", "names of files in the bundle's folder", repr(name), EXPORT_AGAIN)
