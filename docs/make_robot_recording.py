"""Make the animations of G1s that walk and flip: `uv run python docs/make_robot_recording.py`. Needs Chromium."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from make_pictures import PICTURES, RECORDINGS, isolate, wait_until
from make_recording import CHROMIUM, Film
from playwright.async_api import Page, async_playwright

from tui.app import HumanoidTui
from tui.navigation import ShowRollouts
from tui.widgets.robot import robot_pane
from tui.widgets.robot.robot_pane import RobotPane

SIZE = (104, 32)
FRAME_MS = 80
COLOURS = 96


@dataclass(frozen=True)
class Scene:
    """A part of a recorded rollout."""

    name: str
    """Of the animation."""
    rollout: str
    begins: float
    """s."""
    slower: int
    """Steps of slow motion."""


SCENES = (
    Scene("robot", "g1-walk", begins=1.0, slower=0),
    Scene("backflip", "g1-backflip", begins=0.1, slower=1),
)


@dataclass
class Clock:
    """The time that the view sees: a picture takes longer than a frame."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


async def main() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = await browser.new_page(viewport={"width": 1300, "height": 800})
        for scene in SCENES:
            with tempfile.TemporaryDirectory() as folder:
                await take(scene, Path(folder), page)
        await browser.close()


async def take(scene: Scene, folder: Path, page: Page) -> None:
    """Write the animation of a scene."""
    clock = robot_pane.time = Clock()
    isolate(folder)
    app = HumanoidTui(folder, ShowRollouts([RECORDINGS / "rollouts" / f"{scene.rollout}.rollout"]))
    async with app.run_test(size=SIZE) as pilot:
        film = Film(pilot, page)
        await wait_until(pilot, lambda: bool(app.screen.query(RobotPane)))
        await wait_until(pilot, lambda: len(app.screen.query_one(RobotPane).playback.history) > 0)
        playback = app.screen.query_one(RobotPane).playback
        await pilot.pause(0.5)  # the view has looked at the clock once
        playback.go_to(scene.begins)
        playback.change_speed(-scene.slower)
        while playback.behind > FRAME_MS / 1000:
            shown = playback.position
            clock.now += FRAME_MS / 1000
            await wait_until(pilot, lambda shown=shown: playback.position > shown)
            await pilot.pause(0.3)
            await film.take(FRAME_MS)
        film.write(PICTURES / f"{scene.name}.gif", FRAME_MS, COLOURS)


if __name__ == "__main__":
    asyncio.run(main())
