"""The network of a bundle: one observation in, one action out, with its recurrent state and time step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_proc.deploy.bundle import Bundle, zero_inputs


class Policy:
    """Runs `policy.onnx` on one CPU thread. It is the policy of one robot: its state is carried from step to step."""

    def __init__(self, bundle: Bundle) -> None:
        card = bundle.card
        self._session = bundle.session
        self._inputs: dict[str, Any] = zero_inputs(bundle.session)
        self._states, self._task_inputs = card.recurrent_inputs, card.task_inputs
        names = [node.name for node in bundle.session.get_outputs()]
        self._outputs = names[: 1 + len(self._states)]

    def reset(self) -> None:
        """Begin an episode: zero states, time step 0."""
        self._inputs = zero_inputs(self._session)

    def act(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the action [num_actions], before `clip_actions`, for an observation [1, observation_size]."""
        inputs = self._inputs
        inputs["obs"] = observation
        action, *states = self._session.run(self._outputs, inputs)
        for name, state in zip(self._states, states, strict=True):
            inputs[name] = state
        for name in self._task_inputs:
            inputs[name] += 1
        result: NDArray[np.float32] = action[0]
        return result
