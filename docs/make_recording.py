"""Make the animation of the README: a recorded run replayed over a real wire, with keys of the user.

    uv run python docs/make_recording.py

Needs Chromium, which renders the SVG of the screens with the installed fonts. Where the recorded user changed a knob,
the same keys are pressed on the screen, and the recorded reply of the trainer follows.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from make_pictures import PICTURES, RECORDINGS, filled_knobs, isolate, svg_of
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Page, async_playwright
from textual.pilot import Pilot

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Body, InterventionApplied, InterventionQueued, IterationFinished
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink
from tui.app import HumanoidTui

RECORDING, NAME = "g1-levels", "2026-11-21_23-04-28_walk"
SIZE = (140, 38)
FRAME_MS, KEY_MS, LAST_MS = 120, 350, 3000
ITERATIONS_A_FRAME = 12
COLOURS = 48
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"


class Player:
    """Replays the recorded trainer."""

    def __init__(self, folder: RunFolder) -> None:
        self._link = TrainerLink(folder)
        self._bodies: Iterator[Body] = (
            frame.body for frame in JournalReader(RECORDINGS / RECORDING / "journal.msgpack").read_new()
        )

    def play(self, until: Callable[[Body], bool]) -> Body | None:
        """Emit the trainer's messages up to one for which `until` holds, and return that one without emitting it."""
        for body in self._bodies:
            if until(body):
                return body
            if isinstance(body, InterventionApplied):
                self._link.emit(replace(body, number=0))
            elif not isinstance(body, InterventionQueued | GuardFired):
                self._link.emit(body)
        return None

    def answer(self, applied: InterventionApplied) -> None:
        """Report the user's change as applied, with the recorded values."""
        orders = [order for order in self._link.receive() if isinstance(order, InterventionQueued)]
        self._link.emit(replace(applied, number=orders[-1].number))

    def emit(self, body: Body) -> None:
        self._link.emit(body)

    def close(self) -> None:
        self._link.close()


class Film:
    """Collects pictures of the screen and the time that each is shown."""

    def __init__(self, pilot: Pilot[None], page: Page) -> None:
        self._pilot, self._page = pilot, page
        self._pictures: list[Image.Image] = []
        self._milliseconds: list[int] = []

    async def take(self, milliseconds: int = FRAME_MS) -> None:
        """Add the current screen."""
        await self._page.set_content(f"<body style='margin:0'>{await svg_of(self._pilot)}</body>")
        picture = await self._page.locator("svg").first.screenshot()
        self._pictures.append(Image.open(io.BytesIO(picture)).convert("RGB"))
        self._milliseconds.append(milliseconds)

    async def press(self, *keys: str) -> None:
        """Press keys and add a picture after each."""
        for key in keys:
            await self._pilot.press(key)
            await self.take(KEY_MS)

    def write(self, path: Path, last_ms: int = LAST_MS, colours: int = COLOURS) -> None:
        """Write all pictures as a looping animation; the last one is shown for `last_ms` milliseconds."""
        palette = self._pictures[-1].quantize(colours)
        frames = [picture.quantize(colours, palette=palette, dither=Image.Dither.NONE) for picture in self._pictures]
        self._milliseconds[-1] = last_ms
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=self._milliseconds, loop=0)


async def act(pilot: Pilot[None], film: Film, player: Player) -> None:
    """Train, change the recorded knobs, and show their impact."""
    await train(pilot, film, player, until=is_queued(3))
    await film.press("/", *"mass", "enter", "enter", *"0.8:1.2", "enter")
    await answer(film, player)
    await film.press("escape")
    await train(pilot, film, player, until=is_queued(4))
    await film.press("t", "+", "+")
    await pilot.pause(0.6)
    await answer(film, player)
    await train(pilot, film, player, until=is_queued(5))
    await film.press("b", "left")
    await film.press("escape", "2", "z", "1", "0")


def is_queued(number: int) -> Callable[[Body], bool]:
    """Return whether a body is the user's change with this number."""
    return lambda body: isinstance(body, InterventionQueued) and body.number == number


async def answer(film: Film, player: Player) -> None:
    """Take a picture of the pending change, then let the trainer apply it."""
    await film.take(KEY_MS)
    applied = player.play(lambda body: isinstance(body, InterventionApplied))
    assert isinstance(applied, InterventionApplied)
    player.answer(applied)
    await asyncio.sleep(0.6)
    await film.take(KEY_MS * 2)


async def train(pilot: Pilot[None], film: Film, player: Player, until: Callable[[Body], bool]) -> None:
    """Replay up to a body, with a picture every few iterations."""
    ended = False
    while not ended:
        count = 0

        def is_enough(body: Body) -> bool:
            nonlocal count, ended
            ended = until(body)
            count += isinstance(body, IterationFinished)
            return ended or count > ITERATIONS_A_FRAME

        body = player.play(is_enough)
        if body is None:
            return
        if not ended:
            player.emit(body)
        await asyncio.sleep(0.35)
        await pilot.pause()
        await film.take()


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        isolate(Path(folder))
        path = Path(folder) / "g1_walk" / NAME
        shutil.copytree(RECORDINGS / RECORDING, path)
        (path / "journal.msgpack").unlink()
        player = Player(RunFolder(path))
        player.play(lambda body: isinstance(body, IterationFinished))
        app = HumanoidTui(Path(folder), RunFolder(path))
        async with app.run_test(size=SIZE) as pilot, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            )
            page = await browser.new_page(viewport={"width": 1300, "height": 800})
            film = Film(pilot, page)
            await filled_knobs(pilot)
            await act(pilot, film, player)
            film.write(PICTURES / "steering.gif")
            await browser.close()
        player.close()


if __name__ == "__main__":
    asyncio.run(main())
