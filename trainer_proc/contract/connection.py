"""The connection file: how a dashboard finds a run's trainer, and whether it is still alive.

It lies in the run's folder, which may come from anybody. So only addresses in a private folder of this user's count.
Those of another machine count only with the user's own keys beside the file (`contract.wire_keys`).
"""

from __future__ import annotations

import os
import re
import socket
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import tomli_w

from curricula.toml_file import read_or_none
from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.run_folder import RunFolder, write_atomically
from trainer_proc.contract.trainer_lock import is_training
from trainer_proc.contract.wire_keys import WireKeys, read_keys

_LARGEST = 64 * 1024
"""Bytes of a connection file."""
_SCHEME = "ipc://"
_PREFIX = "humanoid-tui-"
LONGEST_FOLDER = 80
"""Bytes; a Unix socket's path may have 107, the rest is for the file's name."""
_LONGEST_ADDRESS = len(_SCHEME) + 107
_TCP = r"tcp://[A-Za-z0-9.-]{1,253}:\d{1,5}"
LIFE_SECONDS = 10.0
_SILENCE_SECONDS = 120.0
"""Time after which a trainer on another machine has died; clients of NFS keep times of files for up to 60 s."""
_OF_FOLDER = ".run"
"""Ending of the link beside the publishing socket that names the run's folder: a copy of the folder is another run."""


class Remote(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a trainer listens for other machines, as `Connection`."""

    publish: str
    control: str
    robot: str
    folder: int
    """Inode of the run's folder, the same on all machines that share it: a copy of the folder is another run."""

    @property
    def is_tcp(self) -> bool:
        """Whether all addresses are those of TCP."""
        return all(re.fullmatch(_TCP, address) for address in (self.publish, self.control, self.robot))


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a trainer listens."""

    host: str
    """Name of its machine."""
    pid: int
    """Process id of its wire process."""
    publish: str
    """ZeroMQ address at which frames are published."""
    control: str
    """ZeroMQ address for requests."""
    identity: str = ""
    """That process's `process_identity`, which a later process with the same id doesn't have; empty for version 0.1."""
    process_started: float | None = None
    """Start of that process in Unix time (s), where version 0.1 started it: it may outlive an update."""
    robot: str = ""
    """ZeroMQ address at which the training process publishes `contract.robot`; empty for older trainers."""
    remote: Remote | None = None
    """The same for other machines; None for a trainer without keys."""
    keys: WireKeys | None = None
    """Keys that its sockets expect; never in the file."""

    @property
    def is_private(self) -> bool:
        """Whether all addresses are sockets in a folder that `make_sockets_folder` has made for this user."""
        addresses = (self.publish, self.control, *([self.robot] if self.robot else []))
        return all(map(_is_private, addresses))

    def is_alive(self) -> bool:
        """Return whether the process still runs on this machine."""
        if self.host != socket.gethostname():
            return False
        if self.process_started is not None:
            return _started_at(self.pid, self.process_started)
        return self.identity == (process_identity(self.pid) or None)


def _started_at(pid: int, seconds: float) -> bool:
    """Return whether a process runs that started at this Unix time."""
    import psutil  # slow to import

    try:
        process = psutil.Process(pid)
        is_same = bool(abs(process.create_time() - seconds) < 1.0)
        return is_same and process.status() != str(psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError):  # the file may name a negative number
        return False


def write_connection(
    folder: RunFolder, publish: str, control: str, robot: str = "", remote: Remote | None = None
) -> None:
    """Write the connection file for this process, readable by its owner only."""
    connection = Connection(
        host=socket.gethostname(),
        pid=os.getpid(),
        identity=process_identity(os.getpid()),
        publish=publish,
        control=control,
        robot=robot,
        remote=remote,
    )
    _note_folder(folder, publish)
    write_atomically(folder.connection, tomli_w.dumps(msgspec.to_builtins(connection)).encode(), mode=0o600)


def read_connection(folder: RunFolder) -> Connection | None:
    """Return the connection of a live trainer of this user.

    None for no file, an unreadable one, one of a dead process, one with another address than `is_private` accepts, or
    one that was copied from another run's folder. Addresses of a trainer on another machine are those for this one.
    """
    connection = _read(folder.connection)
    if connection is None:
        return None
    remote = connection.remote
    keys = None if remote is None else read_keys(folder)
    connection = msgspec.structs.replace(connection, keys=keys)
    if remote is not None and keys is None:
        return None
    if connection.host == socket.gethostname():
        is_followed = connection.is_alive() and connection.is_private and _is_of(folder, connection.publish)
        return connection if is_followed else None
    if remote is None or not (remote.is_tcp and _inode(folder) == remote.folder and _is_heard(folder)):
        return None
    return msgspec.structs.replace(
        connection, publish=remote.publish, control=remote.control, robot=remote.robot, remote=None
    )


def show_life(folder: RunFolder) -> None:
    """Show other machines that the trainer lives, every `LIFE_SECONDS`: not all file systems share locks."""
    with suppress(OSError):
        os.utime(folder.connection)


def foreign_address(folder: RunFolder) -> str:
    """Return an address of the connection file that is not followed; empty without one."""
    connection = _read(folder.connection)
    if connection is None:
        return ""
    if connection.remote is not None and read_keys(folder) is None:
        return connection.remote.control
    if connection.is_private or not connection.is_alive():
        return ""
    return next(one for one in (connection.publish, connection.control, connection.robot) if not _is_private(one))


def make_sockets_folder() -> Path:
    """Create a private folder with a path short enough for Unix sockets."""
    base = tempfile.gettempdir()
    base = base if len(base) < LONGEST_FOLDER else os.sep + "tmp"
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))


def is_live(folder: RunFolder) -> bool:
    """Return whether a training process runs, or its wire process still does.

    A training whose wire process has just died has no connection for a moment; version 0.1 has no lock.
    """
    return read_connection(folder) is not None or is_training(folder)


def remove_connection(folder: RunFolder) -> None:
    """Remove the connection file if it is this process's: a later training in the folder has its own."""
    connection = _read(folder.connection)
    if connection is None or (connection.pid, connection.identity) == (os.getpid(), process_identity(os.getpid())):
        folder.connection.unlink(missing_ok=True)


def _is_heard(folder: RunFolder) -> bool:
    """Return whether a trainer of another machine lives, by its lock or by what `show_life` leaves."""
    try:
        return is_training(folder) or time.time() - folder.connection.stat().st_mtime < _SILENCE_SECONDS
    except OSError:
        return False


def _inode(folder: RunFolder) -> int:
    try:
        return folder.path.stat().st_ino
    except OSError:
        return -1


def _is_private(address: str) -> bool:
    if not address.startswith(_SCHEME) or len(os.fsencode(address)) > _LONGEST_ADDRESS:
        return False
    path = Path(address.removeprefix(_SCHEME))
    if not (path.is_absolute() and path.parent.name.startswith(_PREFIX)):
        return False
    try:
        status = path.parent.lstat()
    except OSError:
        return False
    is_own = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
    return is_own and stat.S_ISDIR(status.st_mode)


def _note_folder(folder: RunFolder, publish: str) -> None:
    """Note beside the socket which folder its trainer has; a link needs no room on a full disk."""
    note = _note(publish)
    with suppress(OSError):
        identity = _folder_identity(folder)
        note.unlink(missing_ok=True)
        note.symlink_to(identity)


def _is_of(folder: RunFolder, publish: str) -> bool:
    """Return whether the trainer behind a private socket has this folder; older ones don't tell."""
    try:
        return str(_note(publish).readlink()) == _folder_identity(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _note(publish: str) -> Path:
    return Path(publish.removeprefix(_SCHEME) + _OF_FOLDER)


def _folder_identity(folder: RunFolder) -> str:
    """Return what stays the same when the folder moves, and differs for a copy. Raises `OSError`."""
    status = folder.path.stat()
    return f"{status.st_dev}-{status.st_ino}"


def _read(path: Path) -> Connection | None:
    return read_or_none(path, Connection, _LARGEST)
