"""Whether anybody still listens to a command that runs on a host: bytes on its standard input say so."""

from __future__ import annotations

import os
import select
import time

_SILENCE_SECONDS = 60.0
"""A connection without a byte for this time is dead, though the network has not reported it."""


class Listener:
    """Reads the acknowledgements on `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._heard = time.monotonic()

    def waits(self, seconds: float) -> bool:
        """Return after `seconds` whether somebody still listens; at once if nobody does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._descriptor], [], [], left)[0]:
                if not os.read(self._descriptor, 4096):
                    return False
                self._heard = time.monotonic()
        return time.monotonic() - self._heard < _SILENCE_SECONDS
