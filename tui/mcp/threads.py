"""Does blocking work of a tool in a thread, reports its progress to the client, and ends it if the client cancels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from threading import Event
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import msgspec
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from curricula.errors import UserError, message_of
from trainer_proc.contract.worker import Progress
from tui.session.text import plain

Report = Callable[[Progress], None]
_Result = TypeVar("_Result")
_BEAT_SECONDS = 2.0
"""Between two reports: clients give up on tools that are silent, some after a minute."""
_LONGEST = 4000
"""Characters of a refusal, which may repeat an argument."""
_MOST_THREADS = 8
"""Tools at work at the same time; further ones wait."""
_threads: list[anyio.CapacityLimiter] = []


async def in_thread(context: Context[Any, Any], work: Callable[[Report, Event], _Result]) -> _Result:
    """Return the result of `work`, which gets a function for its progress and an event that cancels it.

    Raises `ToolError` with the one line of a `UserError`.
    """
    cancelled, newest = Event(), [Progress(0, 0)]
    problem: UserError | OSError | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_report, context, newest)
        try:
            result = await anyio.to_thread.run_sync(
                work,
                lambda progress: newest.__setitem__(0, progress),
                cancelled,
                abandon_on_cancel=True,
                limiter=_limit(),
            )
        except (UserError, OSError) as error:
            problem = error
        finally:
            cancelled.set()
            group.cancel_scope.cancel()
    if problem is not None:
        raise ToolError(plain(message_of(problem, _LONGEST)))
    return result


def plain_record(value: Any) -> dict[str, Any]:
    """Return a struct or a dictionary as plain JSON has it: NaN and infinity are null, all text is UTF-8."""
    record: dict[str, Any] = msgspec.json.decode(json_text(value))
    return record


def json_text(value: Any) -> str:
    """Return `value` in JSON; the SDK ends the session at a text that is no UTF-8, such as the name of a folder."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_in_utf8(msgspec.to_builtins(value))).decode()


def _in_utf8(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_in_utf8(name): _in_utf8(part) for name, part in value.items()}
        case list() | tuple():
            return [_in_utf8(part) for part in value]
    return value


async def _report(context: Context[Any, Any], newest: list[Progress]) -> None:
    for number in count(1):
        await anyio.sleep(_BEAT_SECONDS)
        progress = newest[0]
        share = f" {progress.done / progress.total:.0%}" if progress.total else ""
        await context.report_progress(number, message=f"{progress.text}{share}".strip() or None)


def _limit() -> anyio.CapacityLimiter:
    """Return the limit of threads, which belongs to the event loop that asks first."""
    if not _threads:
        _threads.append(anyio.CapacityLimiter(_MOST_THREADS))
    return _threads[0]
