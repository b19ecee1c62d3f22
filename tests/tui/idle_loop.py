"""An event loop that knows when a program in it has done all that it can do now.

Textual's pilot concludes that from the CPU time of the process, which goes wrong on a busy machine.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

from tests.waiting import PATIENCE_SECONDS

_FRAME_SECONDS = 0.04
"""More than until the next repaint: a timer due within this time belongs to what is done now."""
_MOST_NAPS = 20
"""Something that moves all the time is never done."""


class _WatchfulSelector(selectors.DefaultSelector):
    """Tells who waits for it that the loop is about to sleep longer than a frame."""

    def __init__(self) -> None:
        super().__init__()
        self._awaited: asyncio.Future[None] | None = None
        self._naps = 0

    async def idle(self) -> None:
        if self._awaited is None:
            self._awaited, self._naps = asyncio.get_running_loop().create_future(), 0
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.shield(self._awaited)
        except TimeoutError:
            raise AssertionError(
                f"expected a program that waits for an event, got one that is busy after {PATIENCE_SECONDS:g} s: "
                "look for messages or callbacks that cause each other"
            ) from None

    def select(self, timeout: float | None = None) -> Any:
        if self._awaited is None or timeout == 0:
            return super().select(timeout)
        is_nap = timeout is not None and timeout <= _FRAME_SECONDS
        if is_nap and self._naps < _MOST_NAPS:
            self._naps += 1
            return super().select(timeout)
        if not (ready := super().select(0)):
            self._awaited.set_result(None)
            self._awaited = None
        return ready


class IdleLoop(asyncio.SelectorEventLoop):
    """Lets tests wait until nothing is left to do before the next event from outside."""

    def __init__(self) -> None:
        self._watchful = _WatchfulSelector()
        super().__init__(self._watchful)

    async def idle(self) -> None:
        """Wait until all messages are handled and all requested repaints are done; fail after `PATIENCE_SECONDS`."""
        await self._watchful.idle()


async def wait_for_idle(*_: object) -> bool:
    """Wait like `textual.pilot.wait_for_idle` and `Pilot._wait_for_screen`, in a test's `IdleLoop`."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    await loop.idle()
    return True
