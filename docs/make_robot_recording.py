"""Make the animation of a walking G1: `uv run python docs/make_robot_recording.py`. Needs Chromium."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from make_pictures import PICTURES, RECORDINGS, isolate, wait_until
from make_recording import CHROMIUM, Film
from playwright.async_api import async_playwright

from tui.app import HumanoidTui
from tui.navigation import ShowRollouts
from tui.widgets.robot import robot_pane
from tui.widgets.robot.robot_pane import RobotPane

ROLLOUT = RECORDINGS / "rollouts" / "g1-walk.rollout"
SIZE = (104, 32)
FRAME_MS = 80
COLOURS = 96
STANDING_SECONDS = 1


@dataclass
class Clock:
    """The time that the view sees: a picture takes longer than a frame."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


async def main() -> None:
    clock = robot_pane.time = Clock()
    with tempfile.TemporaryDirectory() as folder:
        isolate(Path(folder))
        app = HumanoidTui(Path(folder), ShowRollouts([ROLLOUT]))
        async with app.run_test(size=SIZE) as pilot, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            page = await browser.new_page(viewport={"width": 1300, "height": 800})
            film = Film(pilot, page)
            await wait_until(pilot, lambda: bool(app.screen.query(RobotPane)))
            await wait_until(pilot, lambda: len(app.screen.query_one(RobotPane).playback.history) > 0)
            playback = app.screen.query_one(RobotPane).playback
            playback.go_to(STANDING_SECONDS)
            while playback.behind > FRAME_MS / 1000:
                shown = playback.position
                clock.now += FRAME_MS / 1000
                await wait_until(pilot, lambda shown=shown: playback.position > shown)
                await pilot.pause(0.3)
                await film.take(FRAME_MS)
            film.write(PICTURES / "robot.gif", FRAME_MS, COLOURS)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
