"""Makes the README's pictures, of the screens as they are now: `uv run python docs/make_pictures.py`."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import DataTable, Input

import tui.screens.launch
from trainer_proc.wire.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.session.devices import Device

PICTURES = Path(__file__).parent / "pictures"
RECORDING = Path(__file__).parents[1] / "tests" / "recordings" / "g1-steered"
RUN = "g1_velocity/2026-11-21_20-15-07_walk"
DEVICES = [Device("cuda:0", "NVIDIA H200", 140.0, 140.0), Device("cpu", "CPU, 16 cores", 125.0, 126.0)]


async def picture_dashboard(log_root: Path) -> str:
    """Return the dashboard of a recorded run, with the knobs that were changed."""
    shutil.copytree(RECORDING, log_root / RUN)
    app = HumanoidTui(log_root, RunFolder(log_root / RUN))
    async with app.run_test(size=(140, 42)) as pilot:
        await wait_until(pilot, lambda: bool(app.screen.query("#knobs")))
        knobs = app.screen.query_one("#knobs", DataTable)
        await wait_until(
            pilot, lambda: knobs.row_count > 0 and app.screen.query_one("#console").virtual_size.height > 0
        )
        await pilot.press("c")
        knobs.move_cursor(row=2)
        return await svg_of(pilot)


async def picture_launch(log_root: Path) -> str:
    """Return the launch screen as it opens on a machine with a GPU."""
    tui.screens.launch.list_devices = lambda: DEVICES
    app = HumanoidTui(log_root)
    async with app.run_test(size=(100, 26)) as pilot:
        await wait_until(pilot, lambda: bool(app.screen.query("#num-envs")))
        await wait_until(pilot, lambda: app.screen.query_one("#num-envs", Input).value == "4096")
        return await svg_of(pilot)


async def wait_until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the program run until the condition holds."""
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.02)


async def svg_of(pilot: Pilot[None]) -> str:
    """Return the screen as SVG that changes only where the picture does."""
    await pilot.wait_for_scheduled_animations()
    await pilot.pause()
    return re.sub(r"terminal-\d+", "terminal", pilot.app.export_screenshot(simplify=True))


async def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in (("dashboard", picture_dashboard), ("launch", picture_launch)):
        with tempfile.TemporaryDirectory() as folder:
            svg = await picture(Path(folder))
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
