"""A server of textual-serve that only the user who started it can reach."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from tui.web.access import host_problem, origin_problem
from tui.web.listen import listen, shown_host

_FOLDER = Path(__file__).parent
_STOP_TIMEOUT_SECONDS = 5.0
"""How long a program may take to stop."""
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer(Server):
    """Serves the program at an address that contains a secret; a page loads nothing from other hosts."""

    def __init__(self, arguments: Sequence[str], host: str, port: int, is_remote_allowed: bool = False) -> None:
        """Serve `humanoid-tui` with `arguments`; port 0 chooses a free one. Raises `ServerError`."""
        super().__init__(shlex.join([sys.executable, "-P", "-m", "tui", *arguments]), title="humanoid-tui")
        self._socket = listen(host, port)
        self._is_remote_allowed = is_remote_allowed
        self._secret = secrets.token_urlsafe(24)
        self._open: set[web.WebSocketResponse] = set()
        self.address = f"http://{shown_host(host)}:{self._socket.getsockname()[1]}/{self._secret}/"

    def run(self) -> None:
        """Serve until Ctrl+C, SIGTERM or SIGHUP; open programs are stopped then, trainings continue."""
        web.run_app(
            self._make_app(), sock=self._socket, print=None, access_log=None, shutdown_timeout=_STOP_TIMEOUT_SECONDS
        )

    async def _make_app(self) -> web.Application:
        program = web.Application()
        aiohttp_jinja2.setup(program, loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True)
        program.add_routes(
            [
                web.get("/", self._serve_page),
                web.get("/page.js", self._serve_script),
                web.get("/ws", self.handle_websocket),
                web.static("/static", self.statics_path),
            ]
        )
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/download/{key}", self.handle_download)  # the path textual.js uses; a key is a secret too
        app.add_subapp(f"/{self._secret}/", program)
        app.on_shutdown.append(self._stop_programs)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _end)  # aiohttp handles SIGINT and SIGTERM
        return app

    async def _serve_page(self, request: web.Request) -> web.StreamResponse:
        size = min(max(to_int(request.query.get("fontsize", ""), 16), 6), 60)
        content = {"websocket_url": f"ws://{request.host}/{self._secret}/ws", "font_size": size}
        return aiohttp_jinja2.render_template("page.html", request, content)

    async def _serve_script(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_FOLDER / "page.js")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a program for one tab while it is open."""
        tab = web.WebSocketResponse(heartbeat=15)
        await tab.prepare(request)
        program = _TabProgram(
            self.command,
            write_bytes=tab.send_bytes,
            write_str=tab.send_str,
            close=tab.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        width, height = (to_int(request.query.get(name, ""), usual) for name, usual in (("width", 80), ("height", 24)))
        self._open.add(tab)
        try:
            await program.start(width, height)
            await self._process_messages(tab, program)
        finally:
            self._open.discard(tab)
            await program.stop()
        return tab

    async def _stop_programs(self, app: web.Application) -> None:
        for tab in list(self._open):
            await tab.close(code=WSCloseCode.GOING_AWAY)

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        problem = host_problem(request.host, self._is_remote_allowed)
        if not problem and request.headers.get("Upgrade", "").lower() == "websocket":
            problem = origin_problem(request.headers.get("Origin"), request.host)
        if problem:
            raise web.HTTPForbidden(text=problem)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_headers(request.host))
        return response


class _TabProgram(AppService):
    """The program of one tab."""

    async def run(self) -> None:
        """Send its output to the tab, and close the tab when the program ends for any reason."""
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """Stop it and wait; kill it after 5 s."""
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_SECONDS):
                await super().stop()
                if self._process is not None:
                    await self._process.wait()
        except TimeoutError:
            if self._process is not None:
                self._process.kill()


def _end() -> None:
    raise web.GracefulExit


def _headers(host: str) -> dict[str, str]:
    """Return headers that keep the address secret and block resources of other hosts."""
    sources = (
        *("default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "font-src 'self'"),
        *("img-src 'self' data: blob:", f"connect-src 'self' ws://{host}", "frame-ancestors 'none'", "base-uri 'none'"),
    )
    return {
        "Content-Security-Policy": "; ".join(sources),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
