"""Ray's Jobs server: submit, list and stop jobs by its REST API. Ray itself is not needed here."""

from __future__ import annotations

import http.client
import os
import re
from pathlib import Path
from typing import Any

import msgspec

from curricula.errors import message_of
from trainer_proc.contract.json_content import decode_json
from tui.session.engines.job import EngineError, EngineSilent, JobState

_SECONDS, _SUBMIT_SECONDS = 20.0, 120.0
"""Time for a request, and for one that makes the server start what runs jobs."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of an answer; a job takes about 1 KB in the list."""
_COMMAND = "Running entrypoint for job"
"""Line of a job's output in which Ray repeats the command."""
_LONGEST = 300
"""Characters of a reason."""
_ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): (.+)$", re.MULTILINE)
"""Last line of a traceback, which the server answers with."""
_WAITING = JobState("waiting", "not started yet")
_NO_NODE = "No available agent"
"""Answer of a server whose nodes are still starting."""
_NOT_IN_TIME = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"
"""Type of the failure of a job that has had no resources within 15 minutes."""
_NODE_DIED = "its node has died"
"""In the message of a job that ended with its node. One that took too much memory also ends, and is no loss."""


class _Listed(msgspec.Struct, frozen=True):
    """What is used of a job in the server's list. A program that connects by itself has no `submission_id`."""

    status: str
    submission_id: str | None = None
    message: str | None = None
    error_type: str | None = None


class RayJobs:
    """The Jobs server at `address`, such as `http://127.0.0.1:8265`."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def check(self) -> None:
        """Raise `EngineError` unless a Jobs server answers."""
        self._ask("GET", "/api/version")

    def submit(self, job: dict[str, Any]) -> None:
        """Submit a job, with the fields of Ray's `JobSubmitRequest`.

        Raises `Unconfirmed` if the server may have taken it, else `EngineError`.
        """
        try:
            self._ask("POST", "/api/jobs/", job, seconds=_SUBMIT_SECONDS)
        except _Unreachable as error:
            raise Unconfirmed(f"it is unknown whether the job was taken: {error}") from error

    def states(self) -> dict[str, JobState]:
        """Return the states of all jobs that the cluster remembers, by id. Raises `EngineError`."""
        answer = self._ask("GET", "/api/jobs/")
        try:
            listed = decode_json(answer, list[_Listed])
        except msgspec.DecodeError as error:
            raise EngineError(f"{self._name} answers with no list of jobs: {message_of(error, _LONGEST)}") from error
        return {job.submission_id: _state(job) for job in listed if job.submission_id}

    def stop(self, id: str) -> None:
        """End a job; one that waits ends when it has its resources, without training. Raises `EngineError`."""
        self._ask("POST", f"/api/jobs/{id}/stop")

    @property
    def _name(self) -> str:
        return f"Ray at {self.address}"

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None, seconds: float = _SECONDS) -> bytes:
        import urllib.error  # slow to import: loads TLS and e-mail
        import urllib.request

        class NoRedirects(urllib.request.HTTPRedirectHandler):
            """The token is for the server that the user has named."""

            def redirect_request(self, *arguments: Any, **named: Any) -> None:
                return None

        data = None if content is None else msgspec.json.encode(content)
        headers = {"Content-Type": "application/json"} | _authorization()
        try:
            request = urllib.request.Request(self.address + path, data, headers, method=method)
            with urllib.request.build_opener(NoRedirects).open(request, timeout=seconds) as answer:
                text: bytes = answer.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error.code, error.read(_LARGEST).decode(errors="replace")) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _Unreachable(
                f"{self._name} can't be reached: {_cause(error)}",
                hint="start a cluster with ray start --head, or set [engines.ray] address",
            ) from error
        if len(text) > _LARGEST:
            raise EngineError(f"{self._name}: expected an answer of at most {_LARGEST:,} bytes, got more")
        return text

    def _refusal(self, code: int, text: str) -> EngineError:
        if code in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
            hint = "set RAY_AUTH_TOKEN, or write it to ~/.ray/auth_token"
            return EngineError(f"{self._name} refuses the token", hint=hint)
        if _NO_NODE in text:
            return EngineSilent(f"{self._name} has no node that is ready: retry later")
        errors = _ERROR.findall(text)
        reason = message_of(Exception(errors[-1] if errors else text), _LONGEST)
        return EngineError(f"{self._name} refuses: {reason or f'status {code}'}")


class Unconfirmed(EngineError):
    """The server was asked to take a job, and has not answered."""


class _Unreachable(EngineSilent):
    pass


def _state(job: _Listed) -> JobState:
    match job.status:
        case "PENDING":
            return _WAITING
        case "SUCCEEDED":
            return JobState("finished")
        case "STOPPED":
            return JobState("cancelled", "stopped in Ray")
        case "FAILED":
            return JobState("lost" if _is_lost(job) else "failed", _failure(job))
        case _:
            return JobState("running")


def _is_lost(job: _Listed) -> bool:
    """Return whether a job has failed for a reason that is not its training's."""
    return job.error_type == _NOT_IN_TIME or _NODE_DIED in (job.message or "")


def _failure(job: _Listed) -> str:
    """Return why a job has failed: the first sentence, and the last line of its output."""
    lines = [line.strip() for line in (job.message or "").splitlines() if line.strip()]
    if not lines:
        return "failed without a message"
    first = lines[0].split(", last available logs")[0].split(". ")[0]
    said = [line for line in lines[1:] if _COMMAND not in line]
    return message_of(Exception(": ".join([first, *said[-1:]])), _LONGEST)


def _authorization() -> dict[str, str]:
    """Return the header with the cluster's token, from where Ray's own programs take it; none without a token."""
    token = os.environ.get("RAY_AUTH_TOKEN", "").strip()
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if not token:
        try:
            token = file.read_text().strip()
        except (OSError, ValueError):
            return {}
    return {"Authorization": f"Bearer {token}"} if token.isprintable() and token else {}


def _cause(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return message_of(cause if isinstance(cause, Exception) else Exception(cause)) or type(error).__name__
