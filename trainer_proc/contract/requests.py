"""What dashboards and scripts ask of a trainer, and what they are answered, at once.

A change of knobs carries the `revision` that its sender has seen: it is refused if one of its knobs has changed since.
None asks without having looked.
"""

from __future__ import annotations

import msgspec

from trainer_proc.contract.knob import Value, When
from trainer_proc.contract.messages import Origin, Ramp


class Tune(msgspec.Struct, frozen=True, tag=True):
    """Change knobs, all of them or none."""

    values: dict[str, Value]
    note: str = ""
    origin: Origin = "person"
    revision: int | None = None
    when: When = "on reset"
    ramp: Ramp | None = None


class Undo(msgspec.Struct, frozen=True, tag=True):
    """Set back what an intervention changed; None is the newest that is not undone."""

    intervention: int | None = None
    note: str = ""
    revision: int | None = None


class Redo(msgspec.Struct, frozen=True, tag=True):
    """Do again what an undone intervention changed; None is the one undone last."""

    intervention: int | None = None
    note: str = ""
    revision: int | None = None


class Unpin(msgspec.Struct, frozen=True, tag=True):
    """Give pinned knobs back to what else writes them."""

    knobs: tuple[str, ...]
    note: str = ""
    revision: int | None = None


class StopRamp(msgspec.Struct, frozen=True, tag=True):
    """Leave ramping knobs where they are."""

    knobs: tuple[str, ...]
    note: str = ""
    revision: int | None = None


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Hold the training at the next iteration boundary."""


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on from a pause."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary, then end."""


class Save(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary."""


class Export(msgspec.Struct, frozen=True, tag=True):
    """Export the current policy at the next iteration boundary."""


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Ask whether the trainer listens; always accepted."""


Command = Tune | Undo | Redo | Unpin | StopRamp | Pause | Resume | Stop | Save | Export | Ping


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A command with the number that its reply carries."""

    id: int
    command: Command


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The request is valid and will be carried out. `intervention` numbers what a change became.

    `message` is one line for the person, such as a pause that the change brings; empty as a rule.
    """

    request_id: int
    intervention: int | None = None
    message: str = ""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing was changed; `reason` is one line that says what to do."""

    request_id: int
    reason: str


Reply = Accepted | Refused
