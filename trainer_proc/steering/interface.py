"""What steering needs from the outside: a link to the wire process and actions on the runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import zmq

from trainer_proc.contract.messages import InterventionQueued, TrainerBody
from trainer_proc.contract.orders import Order


class TrainingStopped(BaseException):
    """Unwinds the training after a stop. Not an `Exception`, so that no library's handler swallows it."""


class Link(Protocol):
    """Source of orders and sink of frames."""

    @property
    def robot(self) -> zmq.Socket[bytes] | None:
        """The socket for those who watch the robot; None where nobody can."""

    def emit(self, body: TrainerBody) -> None:
        """Publish `body` without blocking."""

    def receive(self, timeout_seconds: float = 0.0) -> list[Order | InterventionQueued]:
        """Return the orders that have arrived, waiting up to `timeout_seconds` for the first."""


@dataclass(frozen=True)
class Actions:
    """What can be done to the runner at an iteration boundary, beside changing knobs."""

    save: Callable[[int], None]
    """Save a checkpoint of the iteration just finished."""
    export: Callable[[int], None]
    """Export the policy of the iteration just finished."""
    reload: Callable[[int, Callable[[bool], bool]], str | None]
    """Load the checkpoint of an iteration into the live policy; return its name, None if a rank has none.

    The second argument is `Ranks.all`, which tells whether all ranks can load it.
    """
    newest_good: Callable[[int | None], str]
    """Return the newest readable and finite checkpoint of an iteration below the argument; empty if there is none."""
    reload_file: Callable[[str, Callable[[bool], bool]], str | None]
    """As `reload`, for a checkpoint that `newest_good` has returned."""
    is_finite: Callable[[], bool]
    """Return whether the policy can continue; synchronizes with the device."""
    reset_non_finite: Callable[[], None]
    """Reset all environments if an observation is not finite."""
    start_periodic: Callable[[int], None] = lambda iteration: None
    """Start the periodic work that is due on the policy of the iteration just finished: evaluations, rollouts."""
    show_robot: Callable[[], None] = lambda: None
    """Serve new viewers of the robot; called now and then while the training is paused."""
