"""Where the states of a robot come from."""

from __future__ import annotations

from typing import Protocol

from trainer_proc.contract.robot import RobotState, Scene, Selection


class RobotSource(Protocol):
    """One environment of a running training, or of a rollout file. No method blocks."""

    @property
    def scene(self) -> Scene | None:
        """What the states belong to; None until it is known."""

    @property
    def problem(self) -> str:
        """One line that says why there are no states; empty while they may come."""

    @property
    def has_ended(self) -> bool:
        """Whether no trainer is there now, so that no states may come."""

    @property
    def notice(self) -> str:
        """What the user must know of the selection, one line: which environment is shown instead, for one."""

    def take(self) -> list[RobotState]:
        """Return the states that have come since the last call, the oldest first; one may come twice."""

    def select(self, selection: Selection) -> None:
        """Watch another environment."""

    def close(self) -> None:
        """Stop watching: from then on, the training spends nothing on it."""
