"""The listening socket of a server that the user starts."""

from __future__ import annotations

import errno
import socket

from curricula.errors import UserError

_ANYWHERE = ("0.0.0.0", "::")


class ServerError(UserError):
    """The server can't be started; the message is one line."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`; port 0 chooses a free one. Raises `ServerError`.

    Connections send at once. Else the second part of an answer waits 40 ms until the client has acknowledged the first.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServerError(f"port {port} is in use: choose another with --port, or use --port 0") from error
        raise ServerError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does it only if the socket names TCP
    return listening


def shown_host(host: str) -> str:
    """Return the host part of the server's address as a client writes it."""
    return socket.gethostname() if host in _ANYWHERE else f"[{host}]" if ":" in host else host
