"""One selection that somebody watches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from trainer_proc.contract.robot import RobotMessage, RobotNotice, RobotState, Selection
from trainer_proc.robot_stream.batch import Batch
from trainer_proc.robot_stream.choice import Choice, Chooser, NotSelectable
from trainer_proc.robot_stream.pace import Pace
from trainer_proc.simulators.robot_reader import RobotReader, Taken

_STATE_SECONDS = 0.04
"""Simulated time from one sent state to the next, about; in the steps between, only ends of episodes are noted."""
STATES_AT_ONCE = 4
"""States that are copied, unpacked and sent together, except the first one of a viewer."""
_LONGEST_WAIT = 0.3
"""Seconds after which fewer are copied, if the training steps slowly."""
_MOST_BATCHES = 2
"""Batches on their way to the host; the device is behind if there are more."""
_STEPS_TO_RETRY = 50
"""Steps after which a choice is tried again that no environment fitted."""


class Watch:
    """Packs the selected environment's state after a step, and sends it when it has arrived on the host."""

    def __init__(
        self,
        selection: Selection,
        reader: RobotReader,
        chooser: Chooser,
        send: Callable[[RobotMessage], None],
    ) -> None:
        self.selection = selection
        self._reader, self._chooser, self._send = reader, chooser, send
        self._stride = max(round(_STATE_SECONDS / reader.scene.step_seconds), 1)
        self._pace = Pace(self._stride * reader.scene.step_seconds)
        self._ground = reader.ground_sampler()
        self._batch: Batch | None = None
        self._copied: deque[Batch] = deque()
        self._is_first = True
        self._environment: int | None = None
        self._choice: Choice | None = None
        self._is_choice_due = True
        self._turn = self._next_choice = 0
        self._notice = ""
        self._last: RobotState | None = None
        self._next_step = 0
        """Step from which on the next state is packed."""
        self._seen_step = -1
        self._iteration, self._weights = -1, b""

    def describe(self) -> None:
        """Send the scene, then the last line about the selection if there is one; the present state comes again."""
        self._next_step, self._seen_step, self._is_first = 0, -1, True
        self._ground.repeat()
        self._send(self._reader.scene)
        if self._notice:
            self._send(RobotNotice(self._notice))

    def step(self, iteration: int, step: int) -> None:
        """Send the state after a `step` of all environments; takes microseconds and synchronizes nothing.

        Calling it again after the same step sends only what was on its way, or is asked for since.
        """
        self._send_arrived()
        self._choose(step)
        if self._environment is not None and step != self._seen_step and len(self._copied) < _MOST_BATCHES:
            self._seen_step = step
            self._take(self._environment, iteration, step)
        self._copy_if_due()

    def _take(self, environment: int, iteration: int, step: int) -> None:
        """Pack the state after a step, or note only whether an episode has ended."""
        if self._batch is None:
            self._batch = Batch(self._reader, STATES_AT_ONCE, self._stride - 1)
        batch = self._batch
        if step < self._next_step:
            batch.note_endings(environment)
        elif self._pace.is_due():
            self._next_step = step + self._stride
            if iteration != self._iteration:  # reading them costs as much as packing
                self._reader.begin_iteration()
                self._iteration, self._weights = iteration, self._reader.weights()
            batch.add(Taken(environment, iteration, step, self._weights))

    def _copy_if_due(self) -> None:
        batch = self._batch
        if batch is None or not batch.count:
            return
        if self._is_first or batch.is_full or time.monotonic() >= batch.since + _LONGEST_WAIT:
            batch.copy()
            self._copied.append(batch)
            self._batch, self._is_first = None, False

    def _choose(self, step: int) -> None:
        """Begin a choice that is due, and take one that is made."""
        try:
            if self._is_choice_due and step >= self._next_choice:
                self._choice = self._chooser.choose(self.selection, self._turn)
                self._is_choice_due = False
                self._turn += 1
            if self._choice is not None and self._choice.is_made:
                choice, self._choice = self._choice, None
                self._environment = choice.environment()
                if self._batch is not None:
                    self._batch.forget_endings()
                self._notify(self._chooser.explanation(self.selection, self._environment))
        except NotSelectable as problem:
            self._environment, self._is_choice_due, self._next_choice = None, True, step + _STEPS_TO_RETRY
            self._notify(str(problem))

    def _notify(self, text: str) -> None:
        if text and text != self._notice:
            self._send(RobotNotice(text))
        self._notice = text

    def _send_arrived(self) -> None:
        """Send states that have arrived."""
        while self._copied and self._copied[0].is_copied:
            for state in self._copied.popleft().states(self._ground):
                self._send(state)
                if self._choice is None and self.selection.kind != "env":
                    self._is_choice_due |= self._has_new_episode(state)
                self._last = state

    def _has_new_episode(self, state: RobotState) -> bool:
        """Return whether an episode has ended since the last state, perhaps in a step whose state was left out."""
        last = self._last
        if last is None or last.environment != state.environment:
            return bool(state.ended)
        steps = state.step - last.step
        return state.time < last.time + (steps - 0.5) * self._reader.scene.step_seconds
