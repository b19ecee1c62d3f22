"""The socket that the servers listen on."""

from __future__ import annotations

import socket

import pytest

from tui.web.listen import ServerError, listen


def test_an_answer_in_two_parts_waits_for_nothing():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_refused_in_one_line():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ServerError, match=f"^port {port} is in use: choose another with --port, or use --port 0$"):
            listen("127.0.0.1", port)
