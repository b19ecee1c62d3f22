"""Folders of runs on hosts, as this machine keeps them."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import platformdirs

from trainer_proc.contract.code_state import code_diff, code_file
from trainer_proc.contract.run_folder import RunFolder

_LONGEST = 200
"""Bytes of a name."""


def mirrors_folder() -> Path:
    """Return the folder of all mirrors, in the user's cache; it need not exist."""
    return platformdirs.user_cache_path("humanoid-tui") / "hosts"


def mirror_folder(host: str, path: str) -> RunFolder:
    """Return the mirror of the run at `path` on `host`; its name is that of the run."""
    there = PurePosixPath(path)
    key = hashlib.sha256(path.encode(errors="replace")).hexdigest()[:16]
    parts = (_name(quote(host, safe="@")), key, _name(there.parent.name), _name(there.name))
    return RunFolder(mirrors_folder().joinpath(*parts))


def mirrored_files(folder: RunFolder) -> tuple[Path, ...]:
    """Return the files of a run that a mirror has too."""
    return (
        *(folder.spec_file, folder.labels, code_diff(folder), code_file(folder)),
        *(folder.journal, folder.console),
    )


def _name(name: str) -> str:
    """Return a name that a folder can have: a host may send any."""
    name = name.replace("\0", "").encode(errors="replace").decode()
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    return "_" if name in ("", ".", "..") else name
