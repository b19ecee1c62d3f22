"""TCP beside the Unix sockets, for a run with keys: who does not have the user's key is refused."""

from __future__ import annotations

import socket as sockets

import zmq

from trainer_proc.contract.wire_keys import WireKeys

_DOMAIN = "humanoid-tui"


class RemoteAccess:
    """Secures sockets of a context and binds them to TCP. The thread only decides on new clients."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: WireKeys) -> None:
        from zmq.auth.thread import ThreadAuthenticator  # with asyncio and ssl, which a run without keys does not need

        self._keys = keys
        self._authenticator = ThreadAuthenticator(context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(_DOMAIN, self)

    def callback(self, domain: str, key: bytes) -> bool:
        """Return whether a client with this public key is the user's; pyzmq calls it."""
        return key.decode() == self._keys.client_public

    def secure(self, socket: zmq.Socket[bytes]) -> None:
        """Have a socket refuse all other clients, by whatever address they come; call it before the socket binds."""
        socket.zap_domain = _DOMAIN.encode()
        socket.curve_secretkey = self._keys.server_secret.encode()
        socket.curve_server = True

    def bind(self, socket: zmq.Socket[bytes]) -> str:
        """Bind a secured socket to a free TCP port of all interfaces; return its address for other machines."""
        port = socket.bind_to_random_port("tcp://*")
        return f"tcp://{sockets.gethostname()}:{port}"

    def close(self) -> None:
        """End the thread; call it before the context is terminated."""
        self._authenticator.stop()
