"""Requests of dashboards and scripts to a trainer, and the immediate replies.

A request that changes knobs carries the `revision` that its sender has seen. It is refused if one of its knobs has
changed since; None skips this check.
"""

from __future__ import annotations

import msgspec

from trainer_proc.contract.knob import Value, When
from trainer_proc.contract.messages import Origin, Ramp

LARGEST_REQUEST = 256 * 1024
"""Bytes of an encoded request. What it becomes is far below the journal's largest frame."""
LONGEST_NOTE, LONGEST_NAME, MOST_KNOBS = 1000, 200, 2000
"""Characters of a note and of a name or word, knobs of a request."""
LONGEST_AGENT = 60
"""Characters of an agent's name."""
MOST_WAITING = 1000
"""Changes that may wait for the next iteration."""


class Tune(msgspec.Struct, frozen=True, tag=True):
    """Change knobs, all of them or none."""

    values: dict[str, Value]
    """Target values by knob."""
    note: str = ""
    """Note that is kept with the change, one line."""
    origin: Origin = "person"
    """Who requests it."""
    revision: int | None = None
    """Revision that the sender has seen."""
    when: When = "on reset"
    """When startup randomizations are resampled."""
    ramp: Ramp | None = None
    """Ramp to the targets; None changes at once."""
    agent: str = ""
    """Name of the agent that requests it; empty for the user."""


class Undo(msgspec.Struct, frozen=True, tag=True):
    """Restore the values from before an intervention."""

    intervention: int | None = None
    """Its number; None is the newest that is not undone."""
    note: str = ""
    """Note that is kept with the change."""
    revision: int | None = None
    """Revision that the sender has seen."""
    agent: str = ""
    """Name of the agent that requests it; empty for the user."""


class Redo(msgspec.Struct, frozen=True, tag=True):
    """Apply an undone intervention again."""

    intervention: int | None = None
    """Its number; None is the one undone last."""
    note: str = ""
    """Note that is kept with the change."""
    revision: int | None = None
    """Revision that the sender has seen."""
    agent: str = ""
    """Name of the agent that requests it; empty for the user."""


class Unpin(msgspec.Struct, frozen=True, tag=True):
    """Release pinned knobs to their competing writers."""

    knobs: tuple[str, ...]
    """Names of the knobs."""
    note: str = ""
    """Note that is kept with the change."""
    revision: int | None = None
    """Revision that the sender has seen."""
    agent: str = ""
    """Name of the agent that requests it; empty for the user."""


class StopRamp(msgspec.Struct, frozen=True, tag=True):
    """Stop ramps and keep the present values."""

    knobs: tuple[str, ...]
    """Names of the ramping knobs."""
    note: str = ""
    """Note that is kept with the change."""
    revision: int | None = None
    """Revision that the sender has seen."""
    agent: str = ""
    """Name of the agent that requests it; empty for the user."""


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Pause the training at the next iteration boundary."""


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Continue after a pause."""


class Reload(msgspec.Struct, frozen=True, tag=True):
    """Load the newest good checkpoint into the live policy at the next boundary, and continue after a pause.

    Knobs keep their values.
    """


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary and stop."""


class Save(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary."""


class Export(msgspec.Struct, frozen=True, tag=True):
    """Export the current policy at the next iteration boundary."""


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Check whether the trainer listens; always accepted."""


Command = Tune | Undo | Redo | Unpin | StopRamp | Pause | Resume | Reload | Stop | Save | Export | Ping


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A command with a number that its reply repeats."""

    id: int
    command: Command


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The request is valid and will be carried out."""

    request_id: int
    """`id` of the request."""
    intervention: int | None = None
    """Number of the intervention that a change became."""
    message: str = ""
    """One line for the user, such as a pause that the change causes; usually empty."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The request was refused; nothing has changed."""

    request_id: int
    """`id` of the request; 0 if it could not be read."""
    reason: str
    """One line: what is wrong and what to do."""


Reply = Accepted | Refused


def size_refusal(command: Command) -> str:
    """Return in one line which limit of notes, names and counts a request exceeds; empty for none."""
    if not isinstance(command, Tune | Undo | Redo | Unpin | StopRamp):
        return ""
    if len(command.note) > LONGEST_NOTE:
        return f"expected a note of at most {LONGEST_NOTE} characters, got {len(command.note)}; shorten it"
    if len(command.agent) > LONGEST_AGENT:
        return f"expected an agent's name of at most {LONGEST_AGENT} characters, got {len(command.agent)}"
    if isinstance(command, Undo | Redo):
        return ""
    if isinstance(command, Tune):
        values = command.values | (command.ramp.targets if command.ramp is not None else {})
    else:
        values = dict.fromkeys(command.knobs, 0.0)
    if len(values) > MOST_KNOBS:
        return f"expected at most {MOST_KNOBS} knobs in a request, got {len(values)}; use several requests"
    longest = max((len(word) for word in (*values, *values.values()) if isinstance(word, str)), default=0)
    return f"expected names of at most {LONGEST_NAME} characters, got {longest}" if longest > LONGEST_NAME else ""
