"""Waiting for a condition instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE_SECONDS = 180
"""The longest wait for anything but a training, on a machine however busy; costs nothing where it isn't needed."""
TRAINING_SECONDS = 600
"""The longest wait for what a training does in an iteration or a few."""
_PAUSE_SECONDS = 0.02


def wait_for(condition: Callable[[], Value], what: str, seconds: float = PATIENCE_SECONDS) -> Value:
    """Return the condition's first true value; fail the test if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(_PAUSE_SECONDS)
    return value
