"""A viser server that answers only at an address with a secret, and only to pages that it has served.

viser has no such option: its one call of `websockets` is wrapped.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import viser
import websockets.asyncio.server

from trainer_proc.contract.worker import WorkerError

HOST = "127.0.0.1"
_LOOPBACK = ("localhost", HOST, "::1")
_SERVE = "websockets.asyncio.server.serve"


class _LocalServer(viser.ViserServer):
    def request_share_url(self, verbose: bool = True) -> None:
        """Open no tunnel to the internet, which any page could ask for otherwise."""


class GuardedServer:
    """Serves at `address` until `stop`."""

    def __init__(self, port: int) -> None:
        """Listen on loopback; port 0 takes a free one. Raise `WorkerError` for a port that is in use."""
        self._secret = secrets.token_urlsafe(24)
        self.watchers = 0
        """Number of browsers that are connected."""
        with self._guarded():
            self.viser = _LocalServer(host=HOST, port=port, verbose=False, label="humanoid-tui")
        if port not in (0, self.viser.get_port()):  # viser takes the next free one, which nobody has forwarded
            self.stop()
            raise WorkerError(f"port {port} can't be used: choose another --port, or leave it out")
        self.viser.gui.configure_theme(show_share_button=False)
        self.address = f"http://{HOST}:{self.viser.get_port()}/{self._secret}/"

    def stop(self) -> None:
        self.viser.stop()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        serve = websockets.asyncio.server.serve

        def guarded(handle: Any, *args: Any, process_request: Any, **kwargs: Any) -> Any:
            async def counted(connection: Any) -> None:
                self.watchers += 1
                try:
                    await handle(connection)
                finally:
                    self.watchers -= 1

            def checked(connection: Any, request: Any) -> Any:
                path = without_secret(request.path, self._secret)
                if path is None or not is_own_page(request.headers):
                    return connection.respond(HTTPStatus.FORBIDDEN, "open the address that humanoid-tui prints\n")
                request.path = path
                return process_request(connection, request)

            return serve(counted, *args, process_request=checked, **kwargs)

        with patch(_SERVE, guarded):
            yield


def without_secret(path: str, secret: str) -> str | None:
    """Return the path behind the secret, None for one without it."""
    first, _, rest = path.removeprefix("/").partition("/")
    if not secrets.compare_digest(first.partition("?")[0].encode(), secret.encode()):
        return None
    return f"/{rest}"


def is_own_page(headers: Any) -> bool:
    """Return whether a request is for this machine, and a WebSocket's from the page that is served here.

    Otherwise another site could point its name here, or open a connection in the user's browser.
    """
    host = headers.get("Host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name not in _LOOPBACK:
        return False
    is_socket = headers.get("Upgrade", "").lower() == "websocket"
    return not is_socket or bool(headers.get("Origin") == f"http://{host}")
