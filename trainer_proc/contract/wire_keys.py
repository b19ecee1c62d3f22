"""CURVE keys of a run, by which other machines reach its trainer (RFC 26, https://rfc.zeromq.org/spec/26/).

They lie in the run's folder, which the machines share. Who can read them can steer the training: so the file belongs to
its user and nobody else may read it, or it does not count.
"""

from __future__ import annotations

import os
import stat
from typing import Annotated

import msgspec
import tomli_w
import zmq

from curricula.toml_text import TomlError, parse_toml
from trainer_proc.contract.run_folder import RunFolder, write_atomically

_LARGEST = 4096
"""Bytes of the file."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{40}\Z")]
"""A key in Z85, RFC 32."""


class WireKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a run's trainer, and those of its user's programs."""

    server_public: Key
    server_secret: Key
    client_public: Key
    client_secret: Key


def make_keys(folder: RunFolder) -> None:
    """Write new keys into a run's folder: its trainer will listen on TCP. Raises `OSError`."""
    server, client = zmq.curve_keypair(), zmq.curve_keypair()
    keys = WireKeys(*(key.decode() for key in (*server, *client)))
    write_atomically(folder.wire_keys, tomli_w.dumps(msgspec.to_builtins(keys)).encode(), mode=0o600)


def read_keys(folder: RunFolder) -> WireKeys | None:
    """Return the keys of a run; None without a file that is this user's alone."""
    try:
        descriptor = os.open(folder.wire_keys, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            is_own = status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077
            if not (is_own and stat.S_ISREG(status.st_mode)):
                return None
            return msgspec.convert(parse_toml(file.read(_LARGEST)), WireKeys)
    except (OSError, TomlError, msgspec.ValidationError):
        return None


def secure_client(socket: zmq.Socket[bytes], keys: WireKeys | None) -> None:
    """Have a socket show the user's key and expect the trainer's, before it connects; nothing without keys."""
    if keys is not None:
        socket.curve_serverkey = keys.server_public.encode()
        socket.curve_publickey = keys.client_public.encode()
        socket.curve_secretkey = keys.client_secret.encode()
