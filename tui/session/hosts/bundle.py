"""A bundle is sent by the program on a host, and written here as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from curricula.regular_files import open_file
from trainer_proc.contract.bundle.card import LARGEST_FILE
from tui.session.bundle_copy import files_of, new_bundle
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.protocol import BundlePiece, Found, Message, MessageWriter
from tui.session.hosts.received_file import write_piece
from tui.session.hosts.stream import HostStream

_PIECE = 512 * 1024
_MOST_FILES, _MOST_FOLDERS = 1000, 4
"""Files of a bundle, and folders in each other."""


def send_bundle(bundle: Path, output: MessageWriter) -> None:
    """Send the files of a bundle, then `Found`. Raises `OSError`."""
    for name in files_of(bundle):
        with open_file(bundle / name) as file:
            data, offset = file.read(_PIECE), 0
            while data or not offset:
                output.send(BundlePiece(str(name), offset, data))
                offset += len(data)
                if not (data := file.read(_PIECE)):
                    break
    output.send(Found(str(bundle)))


def fetch_bundle(host: Host, name: str, target: Path) -> None:
    """Copy what `name`, a run or a bundle on `host`, has exported to the folder `target`.

    Replaces an earlier bundle there. Raises `UserError` or `OSError`; then nothing has changed.
    """
    with new_bundle(target) as folder:
        _receive(host, name, folder)


def _receive(host: Host, name: str, folder: Path) -> None:
    is_complete, files = False, set[str]()

    def take(message: Message) -> None:
        nonlocal is_complete
        if isinstance(message, BundlePiece):
            files.add(message.file)
            if len(files) > _MOST_FILES:
                raise HostError(f"{host.name}: expected at most {_MOST_FILES} files of a bundle")
            path = folder / _relative(host, message.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_piece(host, path, message.offset, message.data, LARGEST_FILE)
        elif isinstance(message, Found):
            is_complete = True

    stream = HostStream(host, ["host-bundle", name])
    try:
        stream.messages(take)
    except HostError:
        if not is_complete:
            raise
    finally:
        stream.wait()


def _relative(host: Host, name: str) -> PurePosixPath:
    """Return the path of a file in a bundle. Raises `HostError` for one that may lie elsewhere."""
    path = PurePosixPath(name)
    is_inside = not path.is_absolute() and 0 < len(path.parts) <= _MOST_FOLDERS
    if not is_inside or any(part.startswith(".") or "\0" in part or os.sep != "/" for part in path.parts):
        raise HostError(f"{host.name}: expected a file of a bundle, got {name!r}")
    return path
