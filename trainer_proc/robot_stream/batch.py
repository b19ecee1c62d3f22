"""States of one environment that are copied to the host together."""

from __future__ import annotations

import time

import torch

from trainer_proc.contract.robot import RobotState
from trainer_proc.robot_stream.host_copy import HostCopy
from trainer_proc.simulators.ground import GroundSampler
from trainer_proc.simulators.robot_reader import RobotReader, Taken


class Batch:
    """Rows on the device: endings of the steps before a state whose own states are left out, then the state."""

    def __init__(self, reader: RobotReader, most: int, most_earlier: int) -> None:
        """Take up to `most` states, with up to `most_earlier` steps before each."""
        self._reader, self._most, self._most_earlier = reader, most, most_earlier
        first = most_earlier * reader.endings_size
        with torch.inference_mode(False):  # it is written in that mode and, while the training is paused, outside
            self._rows = torch.zeros((most, first + reader.state_size), dtype=torch.uint8, device=reader.device)
        earlier, states = self._rows[:, :first], self._rows[:, first:]
        self._states = states.unbind()
        self._endings = earlier.view(most, most_earlier, reader.endings_size).unbind()
        self._taken: list[Taken] = []
        self._earlier = 0
        self._copy: HostCopy | None = None
        self.since = time.monotonic()
        """Seconds of the monotonic clock when it began."""

    @property
    def count(self) -> int:
        """Number of states."""
        return len(self._taken)

    @property
    def is_full(self) -> bool:
        """Whether another state would not fit."""
        return len(self._taken) == self._most

    def note_endings(self, environment: int) -> None:
        """Note whether an episode has ended in this step, for the next state. Synchronizes nothing."""
        if self._earlier < self._most_earlier:
            self._reader.pack_endings(environment, self._endings[len(self._taken)][self._earlier])
            self._earlier += 1

    def forget_endings(self) -> None:
        """Forget what has been noted for the next state: it is another environment's."""
        if self._earlier:
            self._endings[len(self._taken)].zero_()
            self._earlier = 0

    def add(self, taken: Taken) -> None:
        """Pack the state that is `taken`. Synchronizes nothing."""
        self._reader.pack(taken.environment, self._states[len(self._taken)])
        self._taken.append(taken)
        self._earlier = 0

    def copy(self) -> None:
        """Begin to copy the states to the host."""
        self._copy = HostCopy(self._rows)

    @property
    def is_copied(self) -> bool:
        """Whether the states have arrived. Synchronizes nothing."""
        return self._copy is not None and self._copy.is_done

    def states(self, ground: GroundSampler) -> list[RobotState]:
        """Return the states, with the `ground` where it is new; call it when `is_copied`."""
        assert self._copy is not None
        return self._reader.unpack(self._copy.values()[: len(self._taken)], self._taken, ground)
