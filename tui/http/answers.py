"""Answers of routes that need more than one call of the core."""

from __future__ import annotations

import msgspec
from starlette.responses import Response, StreamingResponse

from trainer_proc.contract.requests import Refused, Stop
from tui.http import log, metrics
from tui.http.messages import Job, LogQuery, StreamQuery
from tui.http.refusals import Invalid, Refusal
from tui.http.route import Call
from tui.session.runs.run_list import ENDED
from tui.session.stopping import end_restart
from tui.session.trainer_request import TrainerUnreachable, ask

_LARGEST_ID = 2**53


def start(call: Call) -> Job:
    """Start a training."""
    job_id = call.door.jobs.start(call.body, call.content, call.request.headers.get("idempotency-key"))
    return call.door.jobs.describe(job_id, call.address)


def stop(call: Call) -> Job:
    """Ask for a stop; of a run that stops or has ended, nothing is asked."""
    folder = call.door.jobs.find(call.job_id)

    def looked() -> tuple[Job, bool]:
        job = call.door.jobs.describe(call.job_id, call.address)
        return job, job.status in (*ENDED, "stopping")

    job, is_over = looked()
    if end_restart(folder) or is_over:
        return looked()[0]
    try:
        reply = ask(folder, Stop())
    except TrainerUnreachable:
        job, is_over = looked()  # it may have ended since
        if is_over:
            return job
        if call.door.jobs.is_starting(folder):
            raise Refusal("the trainer is starting: retry in some seconds") from None
        raise
    if isinstance(reply, Refused):
        raise Refusal(reply.reason)
    return msgspec.structs.replace(job, status="stopping", estimated_completion_hours=None)


async def read_log(call: Call) -> Response:
    """Send the log, a range of it, or follow it."""
    folder = await call.door.in_thread(call.door.jobs.find, call.job_id)
    query: LogQuery = call.query
    media = "text/plain; charset=utf-8"
    if query.follow and call.request.method != "HEAD":
        return call.door.stream(log.followed(folder, query.start), media)
    size = await call.door.in_thread(log.log_size, folder.console)
    headers = {"Accept-Ranges": "bytes"}
    header = call.request.headers.get("range")
    chosen = log.chosen_range(header, size)
    part = range(size) if chosen is None else chosen
    if chosen is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    status = 200 if chosen is None else 206
    return StreamingResponse(log.pieces(folder.console, part), status, headers, media)


async def follow_metrics(call: Call) -> Response:
    """Send an event for each iteration."""
    folder = await call.door.in_thread(call.door.jobs.find, call.job_id)
    query: StreamQuery = call.query
    since = query.since
    if (last := call.request.headers.get("last-event-id")) is not None:
        if not (last.isascii() and last.isdigit() and len(last) <= len(str(_LARGEST_ID)) and int(last) < _LARGEST_ID):
            raise Invalid(f"expected the number of an iteration as Last-Event-ID, got {last[:40]}")
        since = int(last) + 1
    if call.request.method == "HEAD":  # which would wait for the end of the run
        return Response(media_type="text/event-stream")
    return call.door.stream(metrics.events(folder, since), "text/event-stream")
