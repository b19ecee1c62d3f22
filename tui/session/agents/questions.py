"""Requests of agents that wait for the user's answer: small files in the user's own state folder.

The process that asks waits, and the dashboard or `humanoid-tui agents` answers. The first answer counts, also if it is
that the time is over. A request whose process has ended is none any more. None of this touches a training or the
folder of a run, which may be a stranger's.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Literal

import msgspec
import platformdirs

from curricula.errors import UserError
from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.run_folder import RunFolder, write_atomically

Answer = Literal["accepted", "refused", "expired"]
"""`expired`: nobody has answered in time."""
MOST_OPEN = 4
"""Requests about a run that may wait at the same time: more than these a user can't judge."""
_LARGEST = 16 * 1024
_POLL_SECONDS = 0.1
_QUESTION, _ANSWER = ".json", ".answer"


class QuestionError(UserError):
    """There is no such request, or it can't be asked or answered; the message is one line."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wants to do with a run."""

    id: str
    """Eight hexadecimal digits."""
    agent: str
    run: str
    """Absolute path of the run's folder."""
    what: str
    """One line: the change."""
    why: str
    """One line: the agent's reason."""
    made: float
    """Unix time in seconds."""
    seconds: float
    """Time for an answer."""
    pid: int
    identity: str
    """`process_identity` of the process that waits."""

    @property
    def seconds_left(self) -> float:
        """Time that is left for an answer, in seconds, at least 0."""
        return min(max(self.made + self.seconds - time.time(), 0.0), self.seconds)


def ask_user(*, agent: str, run: RunFolder, what: str, why: str, seconds: float) -> Question:
    """Put a request to the user. Raises `QuestionError` if too many wait, or the state folder can't be written."""
    if len(open_questions(run)) >= MOST_OPEN:
        raise QuestionError(f"{MOST_OPEN} requests about {run.name} wait for the user already; wait for their answers")
    pid = os.getpid()
    question = Question(
        id=secrets.token_hex(4),
        agent=agent,
        run=str(run.path),
        what=what,
        why=why,
        made=time.time(),
        seconds=seconds,
        pid=pid,
        identity=process_identity(pid),
    )
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_orphans()
        write_atomically(_file(question.id, _QUESTION), msgspec.json.encode(question), mode=0o600)
    except OSError as error:
        raise QuestionError(f"the user can't be asked: {error}") from error
    return question


def await_answer(question: Question, cancelled: Event) -> Answer:
    """Return the user's answer, and remove the request; `expired` after its time or when `cancelled` is set."""
    deadline = time.monotonic() + question.seconds
    try:
        while (answer := _answer_of(question.id)) is None:
            if time.monotonic() > deadline or cancelled.wait(_POLL_SECONDS):
                with suppress(OSError, QuestionError):  # the user may have answered just now
                    _put_answer(question.id, "expired")
                return _answer_of(question.id) or "expired"
        return answer
    finally:
        for ending in (_QUESTION, _ANSWER):
            with suppress(OSError):
                _file(question.id, ending).unlink()


def open_questions(run: RunFolder | None = None) -> list[Question]:
    """Return the requests that wait for an answer, about one run or all, oldest first."""
    found = (question for question in _questions() if run is None or question.run == str(run.path))
    return sorted(filter(_is_open, found), key=lambda question: question.made)


def answer(id: str, accepted: bool) -> None:
    """Answer a request. Raises `QuestionError` if it doesn't wait any more."""
    if not any(question.id == id for question in open_questions()):
        raise QuestionError(
            f"no request {id} waits for an answer: it was answered, its time is over, or its agent left"
        )
    try:
        _put_answer(id, "accepted" if accepted else "refused")
    except OSError as error:
        raise QuestionError(f"request {id} can't be answered: {error}") from error


def _put_answer(id: str, answer: Answer) -> None:
    """Write an answer, whole, unless there is one. Raises `QuestionError` or `OSError`."""
    written = _file(f".{id}.{secrets.token_hex(4)}", _ANSWER)
    write_atomically(written, answer.encode(), mode=0o600)
    try:
        os.link(written, _file(id, _ANSWER))
    except FileExistsError:
        raise QuestionError(f"request {id} is answered already") from None
    finally:
        written.unlink()


def _answer_of(id: str) -> Answer | None:
    try:
        text = read_file(_file(id, _ANSWER), _LARGEST).decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        return "refused"
    answers: dict[str, Answer] = {"accepted": "accepted", "expired": "expired"}
    return answers.get(text, "refused")  # what can't be read is no yes


def _questions() -> Iterator[Question]:
    for path in _folder().glob(f"*{_QUESTION}"):
        try:
            question = decode_json(read_file(path, _LARGEST), Question)
        except (OSError, ValueError, msgspec.DecodeError):
            continue
        if path.name == f"{question.id}{_QUESTION}":
            yield question


def _is_open(question: Question) -> bool:
    return question.seconds_left > 0 and _is_asked(question) and not _file(question.id, _ANSWER).exists()


def _is_asked(question: Question) -> bool:
    """Whether the process that waits still lives."""
    return bool(question.identity) and process_identity(question.pid) == question.identity


def _remove_orphans() -> None:
    for question in list(_questions()):
        if not _is_asked(question):
            for ending in (_QUESTION, _ANSWER):
                _file(question.id, ending).unlink(missing_ok=True)


def _folder() -> Path:
    return platformdirs.user_state_path("humanoid-tui") / "agents"


def _file(id: str, ending: str) -> Path:
    return _folder() / f"{id}{ending}"
