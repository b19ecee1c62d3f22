"""The server: routes behind the guard, run by uvicorn."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from curricula.errors import UserError
from curricula.schema import convert
from trainer_proc.contract.errors import JournalUnreadable, one_line
from trainer_proc.contract.json_content import decode_json
from tui.http.door import Door
from tui.http.guard import Guard, problem_response
from tui.http.openapi import document, page
from tui.http.refusals import Malformed, NoJson, NotFound, Refusal, expected_of, status_of
from tui.http.route import Call, Route
from tui.http.routes import ROUTES

_MOST_CONNECTIONS = 256
_STOP_TIMEOUT_SECONDS = 3
"""How long open responses may take to end."""


def make_app(log_root: Path, token: str, most_live: int, *, is_remote_allowed: bool = False) -> ASGIApp:
    """Return the application of a log folder; evaluations end with it, trainings continue."""
    door = Door(log_root, most_live)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        door.policies.close()

    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.method] = route
    routes = [
        StarletteRoute(_typed(path), _endpoint(door, methods), methods=list(methods))
        for path, methods in by_path.items()
    ]
    app = Starlette(
        routes=[
            *routes,
            StarletteRoute("/openapi.json", _document),
            StarletteRoute("/docs", _docs),
        ],
        exception_handlers={
            UserError: _user_error,
            JournalUnreadable: _user_error,
            OSError: _os_error,
            HTTPException: _http_error,
            Exception: _failure,
        },
        lifespan=lifespan,
    )
    return Guard(app, token, is_remote_allowed)


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until Ctrl+C, SIGTERM or SIGHUP."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_STOP_TIMEOUT_SECONDS,
    )
    _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends without raising the signal again, which would be an exit with an error."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _NumberConvertor(IntegerConvertor):
    """A number in a path; Python refuses to read one of thousands of digits."""

    regex = "[0-9]{1,18}"


register_url_convertor("number", _NumberConvertor())


def _typed(path: str) -> str:
    return path.replace("{number}", "{number:number}")


def _endpoint(door: Door, methods: Mapping[str, Route]) -> Any:
    async def endpoint(request: Request) -> Response:
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        assert route is not None  # Starlette refuses other methods
        content = await request.body()
        call = Call(
            door=door,
            request=request,
            body=None if route.body is None else _decoded(request, content, route.body),
            query=None if route.query is None else _query(request, route.query),
            content=content,
        )
        if route.stream is not None:
            return await route.stream(call)
        assert route.answer is not None
        result = await run_in_threadpool(route.answer, call)
        return Response(_encoded(result), route.status, media_type="application/json")

    return endpoint


def _decoded(request: Request, content: bytes, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Return the body as a `kind`. Raises `SchemaError`, `Malformed` or `NoJson`."""
    declared = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content and declared != "application/json":
        raise NoJson(f"expected Content-Type application/json, got {declared[:100]}")
    try:
        value = decode_json(content or b"{}", dict[str, Any])
    except msgspec.ValidationError as error:
        raise Malformed(f"expected a JSON object as body: {error}") from error
    except msgspec.DecodeError as error:
        raise Malformed(f"expected JSON as body: {error}") from error
    return convert(value, kind)


def _query(request: Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Return the query as a `kind`. Raises `SchemaError`."""
    lists = {field.name for field in msgspec.structs.fields(kind) if isinstance(field.default, tuple)}
    given = request.query_params
    table = {name: tuple(given.getlist(name)) if name in lists else _number(given[name]) for name in given}
    return convert(table, kind)


def _number(text: str) -> str | int | bool:
    """Return a parameter as JSON has it."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else text


def _encoded(result: Any) -> bytes:
    try:
        return msgspec.json.encode(result)
    except UnicodeEncodeError:  # a file's name with bytes that are no UTF-8
        import json

        return json.dumps(msgspec.to_builtins(result)).encode()


def _document(request: Request) -> Response:
    return Response(msgspec.json.encode(document(f"http://{request.headers['host']}")), media_type="application/json")


def _docs(request: Request) -> Response:
    return HTMLResponse(page())


def _user_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, UserError)
    response = problem_response(status_of(error), str(error), expected=expected_of(error))
    if isinstance(error, Refusal):
        response.headers.update(error.headers)
    return response


def _os_error(request: Request, error: Exception) -> Response:
    return problem_response(503, f"a file can't be read or written: {one_line(error)}")


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    missing = error.status_code == NotFound.status
    text = "no such path: see /docs" if missing else error.detail
    response = problem_response(error.status_code, text)
    response.headers.update(error.headers or {})
    return response


def _failure(request: Request, error: Exception) -> Response:
    logging.getLogger(__name__).error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(500, "the request failed inside the server; see humanoid-tui doctor for the log")
