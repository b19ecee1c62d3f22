"""Run a Textual program and measure the delay of its event loop.

    python -m benchmarks.dashboard_loop FILE humanoid-tui ARGUMENTS...
    python -m benchmarks.dashboard_loop FILE RIVAL ARGUMENTS...     (a name in benchmarks.dashboard_rivals)

The first SIGUSR1 starts a timer of 20 ms in the event loop, the next one stops it and writes the delay of each call to
FILE, in milliseconds, one per line. Otherwise nothing is measured.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

from textual.app import App

_EVERY_SECONDS = 0.02


class LoopMeter:
    """Measures the delay of callbacks in the running event loop."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._task: asyncio.Task[None] | None = None
        self._delays: list[float] = []
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._toggle)

    def _toggle(self) -> None:
        if self._task is None:
            self._delays = []
            self._task = asyncio.get_running_loop().create_task(self._measure())
        else:
            self._task.cancel()
            self._task = None
            unfinished = self._file.with_suffix(".unfinished")
            unfinished.write_text("\n".join(f"{1000 * delay:.3f}" for delay in self._delays))
            unfinished.rename(self._file)

    async def _measure(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_EVERY_SECONDS)
            self._delays.append(max(0.0, time.perf_counter() - began - _EVERY_SECONDS))


def main() -> None:
    """Run the program named by the arguments."""
    file, program, *arguments = sys.argv[1:]
    run_async = App.run_async

    async def run_with_meter(app: App[Any], **options: Any) -> Any:
        meter = LoopMeter(Path(file))
        try:
            return await run_async(app, **options)
        finally:
            del meter

    App.run_async = run_with_meter  # type: ignore[method-assign]
    sys.argv = [program, *arguments]
    if program == "humanoid-tui":
        from tui.cli import main as humanoid_tui

        humanoid_tui()
    else:
        from benchmarks.dashboard_rivals import run_rival

        run_rival(program, *map(int, arguments))


if __name__ == "__main__":
    main()
