"""A web server that gets alerts, and answers as a test wants: with a status, slowly, or never."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil

from trainer_proc.contract.alerts import SENDER


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


class WebhookServer:
    """`answers` are the status codes of the next requests, the last one of all later ones; `hang` never answers."""

    def __init__(self, *answers: int, hang: bool = False, trickle: bool = False) -> None:
        self.received: list[Received] = []
        self._closing = threading.Event()
        outer, left = self, list(answers or (200,))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append(Received(self.path, dict(self.headers), body))
                if hang:
                    outer._closing.wait()
                    return
                if trickle:
                    self._trickle()
                    return
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def _trickle(self):
                """Send a byte now and then: no single read waits long."""
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                    while not outer._closing.wait(0.05):
                        self.wfile.write(b"x")
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{path}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def senders(config_home: str) -> list[psutil.Process]:
    """Return the processes that send alerts with the settings of this test."""
    found = []
    for process in psutil.process_iter():
        try:
            if SENDER in process.cmdline() and process.environ().get("XDG_CONFIG_HOME") == config_home:
                found.append(process)
        except psutil.Error:
            continue
    return found
