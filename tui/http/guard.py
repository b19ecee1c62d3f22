"""What a request needs before anything else looks at it: host, origin, token, pace and size.

Other sites in a browser are kept out by the `Host` and the `Origin`, other users of the machine by the token.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trainer_proc.contract.requests import LARGEST_REQUEST
from tui.http.messages import Problem
from tui.session.text import plain
from tui.web.access import host_problem, origin_problem

LARGEST_BODY = LARGEST_REQUEST
"""Bytes of a request's body."""
_BODY_SECONDS = 10.0
"""Time in which a body arrives."""
_BURST, _PER_SECOND = 400.0, 100.0
"""Requests at once, and a second in the long run."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PUBLIC = frozenset({"/docs", "/openapi.json"})
"""Paths that need no token: they show nothing of any run."""


class Guard:
    """Answers requests that may not pass; an ASGI middleware."""

    def __init__(
        self, app: ASGIApp, token: str, is_remote_allowed: bool = False, pace: Callable[[], Pace] | None = None
    ) -> None:
        """`pace` makes the limits of clients with the token, and of all others."""
        self._app = app
        self._credentials = f"Bearer {token}".encode()
        self._is_remote_allowed = is_remote_allowed
        make_pace = pace or (lambda: Pace(_BURST, _PER_SECOND))
        self._paces = {True: make_pace(), False: make_pace()}  # nobody without the token slows down others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                own = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *(one for one in own if one[0] not in given)]
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        body = b""
        if refusal is None:
            body, refusal = await _read_body(receive, Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _replayed(body, receive), send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host_problem(host, self._is_remote_allowed):
            return problem_response(403, "expected a Host of this machine, such as 127.0.0.1")
        if origin is not None and origin_problem(origin, host):
            return problem_response(403, "expected a request without an Origin, or from the page that is served here")
        knows_token = self._knows_token(headers)
        if not self._paces[knows_token].allows():
            return problem_response(429, "too many requests: retry later", retry_seconds=1)
        if scope["path"] not in PUBLIC and not knows_token:
            return problem_response(401, "expected the header Authorization: Bearer TOKEN with the server's token")
        return None

    def _knows_token(self, headers: Headers) -> bool:
        given = headers.get("authorization", "").encode("latin-1", "replace")
        return hmac.compare_digest(given, self._credentials)


class Pace:
    """Limits how often something happens: `burst` times at once, `per_second` in the long run."""

    def __init__(self, burst: float, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is a clock in seconds."""
        self._burst, self._per_second, self._now = burst, per_second, now
        self._left, self._at = burst, now()

    def allows(self) -> bool:
        """Count one more, if there is room for it."""
        now = self._now()
        self._left = min(self._left + (now - self._at) * self._per_second, self._burst)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def problem_response(
    status: int, error: str, *, expected: tuple[str, ...] = (), retry_seconds: int | None = None
) -> Response:
    """Return a `Problem`, one line; 401 and 429 have the headers that belong to them."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if retry_seconds is not None:
        headers["Retry-After"] = str(retry_seconds)
    content = msgspec.json.encode(Problem(plain(" ".join(error.split())), expected))
    return Response(content, status, headers, media_type="application/json")


async def _read_body(receive: Receive, headers: Headers) -> tuple[bytes, Response | None]:
    """Return the body, or the refusal of one that is too large or too slow."""
    too_large = f"expected a body of at most {LARGEST_BODY} bytes, got more"
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > LARGEST_BODY:
        return b"", problem_response(413, too_large)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"", problem_response(400, "expected the whole body")
                body += message.get("body", b"")
                if len(body) > LARGEST_BODY:
                    return b"", problem_response(413, too_large)
                if not message.get("more_body", False):
                    return bytes(body), None
    except TimeoutError:
        return b"", problem_response(408, f"expected the whole body within {_BODY_SECONDS:g} s")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields the body that was read, then what follows."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
