"""Messages between the training process and its wire process."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.requests import Export, Pause, Reload, Resume, Save, Stop


class Emitted(msgspec.Struct, frozen=True, tag=True):
    """A body that has yet to be numbered, journaled and published."""

    time: float
    """Unix time in seconds at which it was emitted."""
    body: TrainerBody
    """The body; an intervention of the trainer's own has number 0."""


class Closing(msgspec.Struct, frozen=True, tag=True):
    """Last message of the training process."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The wire process listens."""

    generation: int = 0
    """Its number, from 0."""


class Recorded(msgspec.Struct, frozen=True, tag=True):
    """The wire process has written the first `count` messages that it has received to the journal."""

    generation: int
    """Number of the wire process, from 0."""
    count: int
    """Messages since its start."""


Order = Ready | Recorded | Pause | Resume | Reload | Stop | Save | Export
"""What the wire process forwards to the training process, beside interventions."""
