"""What the training process and its wire process say to each other."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.requests import Export, Pause, Resume, Save, Stop


class Emitted(msgspec.Struct, frozen=True, tag=True):
    """A body on its way to its number, emitted at `time`. An intervention of the trainer's own has number 0."""

    time: float
    body: TrainerBody


class Closing(msgspec.Struct, frozen=True, tag=True):
    """The training process is done; nothing follows."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The wire process listens."""


Order = Ready | Pause | Resume | Stop | Save | Export
"""What the wire process passes on, beside interventions."""
