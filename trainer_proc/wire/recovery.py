"""What a wire process takes over from earlier ones, from the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Body, InterventionApplied, InterventionQueued, RunStarted
from trainer_proc.contract.stand_ins import Damaged, StoredIterations, UnknownBody
from trainer_proc.wire.request_validator import RequestValidator

_MOST_TIMES = 100_000
"""Newest frames among which repeated ones are looked for."""


@dataclass(frozen=True)
class Recovered:
    """State of a journal's end."""

    validator: RequestValidator
    times: Collection[float] = frozenset()
    """Times of recorded messages, which tell them apart: the training process sends some again."""
    waiting: tuple[InterventionQueued, ...] = ()
    """Accepted changes that the training process may not have received."""


def recover(journal: Path, of_this_training: bool) -> Recovered:
    """Return what the journal holds; of an earlier training process, only the numbers of its changes count.

    Raises `JournalUnreadable` or `OSError`.
    """
    newest, pid = 0, -1
    validator = RequestValidator()
    times: deque[float] = deque(maxlen=_MOST_TIMES)
    for frames in JournalReader(journal).read_pieces():
        for frame in frames:
            body = frame.body
            if isinstance(body, InterventionQueued | InterventionApplied):
                newest = max(newest, body.number)
            if not of_this_training:
                continue
            if isinstance(body, RunStarted) and body.pid != pid:
                validator, pid = RequestValidator(), body.pid
            times.append(frame.time)
            _recall(validator, body)
    validator.ledger.next_number = newest + 1
    return Recovered(validator, frozenset(times), tuple(validator.ledger.history.waiting))


def _recall(validator: RequestValidator, body: Body) -> None:
    if isinstance(body, InterventionQueued):
        validator.ledger.recall(body)
    elif not isinstance(body, UnknownBody | Damaged | StoredIterations):
        validator.observe(body)
