"""Recorded runs on disk, changed as a test needs them, and a trainer that plays one on a real wire."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.widgets._footer import FooterKey

from tests.tui.idle_loop import wait_for_idle
from tests.waiting import PATIENCE_SECONDS
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import (
    Body,
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    RunStarted,
)
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.log_view import LogViewer

RECORDINGS = Path(__file__).parents[2] / "recordings"
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
SMALL = SIZES["80x24"]


def frames_of(recording: str) -> list[Frame]:
    return JournalReader(RECORDINGS / recording / "journal.msgpack").read_new()


def bodies_of(recording: str, until_iteration: int | None = None) -> list[Body]:
    """All bodies of a recording, or those up to the end of an iteration."""
    bodies = [frame.body for frame in frames_of(recording)]
    if until_iteration is None:
        return bodies
    ends = [i for i, body in enumerate(bodies) if isinstance(body, IterationFinished)]
    return bodies[: ends[until_iteration] + 1]


def before_the_first_iteration(recording: str, count: int) -> list[Body]:
    """The first `count` bodies of a recording, none of them of an iteration."""
    bodies = bodies_of(recording)[:count]
    assert not any(isinstance(body, IterationFinished) for body in bodies)
    return bodies


def make_run(log_root: Path, recording: str, bodies: list[Body] | None = None, name: str = "") -> RunFolder:
    """Copy a recording to where the program looks for runs, with `bodies` in place of its own if given."""
    source = RunFolder(RECORDINGS / recording)
    started = frames_of(recording)[0].body
    assert isinstance(started, RunStarted)
    path = log_root / source.read_spec().experiment / (name or started.run)
    shutil.copytree(source.path, path)
    folder = RunFolder(path)
    if bodies is not None:
        folder.journal.unlink()
        journal = JournalWriter(folder.journal)
        for number, body in enumerate(bodies):
            journal.append(encode(Frame(number, 0.0, body)))
        journal.close()
    return folder


class FakeTrainer:
    """Plays recorded bodies over a wire process of its own, and receives what a dashboard asks for."""

    def __init__(self, folder: RunFolder) -> None:
        """Begin to train in `folder`, which has no frames yet."""
        self.folder = folder
        self._link = TrainerLink(folder)
        self._received: list[object] = []
        self._is_closed = False

    def play(self, bodies: list[Body]) -> None:
        """Emit all that a trainer says itself; interventions get their numbers from the wire again."""
        for body in bodies:
            if isinstance(body, InterventionApplied):
                self._link.emit(replace(body, number=0))
            elif not isinstance(body, InterventionQueued):
                self._link.emit(body)

    def emit(self, body: Body) -> None:
        self._link.emit(body)

    def has_received(self, kind: type) -> bool:
        return self.received(kind) is not None

    def count_received(self, kind: type) -> int:
        self._received += self._link.receive()
        return sum(isinstance(order, kind) for order in self._received)

    def received(self, kind: type):
        """The newest order of this kind, or None."""
        self._received += self._link.receive()
        return next((order for order in reversed(self._received) if isinstance(order, kind)), None)

    def close(self) -> None:
        """Go without a word, as a killed trainer does."""
        if not self._is_closed:
            self._is_closed = True
            self._link.close()


def type_at_once(app: App[None], *keys: str) -> None:
    """Press keys as they come in over a slow connection: all in one piece."""
    for key in keys:
        character = {"backspace": "\x7f", "enter": "\r", "tab": "\t", "slash": "/", "plus": "+", "minus": "-"}.get(
            key, key
        )
        app._driver.send_message(events.Key(key, character))


def told(app: App[None]) -> list[str]:
    """What the program has told the person in passing, without the signs of how much it matters."""
    return [notification.message.removeprefix("✘ ").removeprefix("! ") for notification in app._notifications]


async def until(condition, what: str = "") -> None:
    """Let the program run until `condition()` holds; fail after a deadline."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what or condition}"
        await asyncio.sleep(0.01)


def knob_row(app: App[None], name: str) -> dict[str, str]:
    """What the table of knobs says of one, by column."""
    table = app.screen.query_one(KnobTable)
    columns = [str(key.value) for key in table.columns]
    return dict(zip(columns, map(str, table.get_row(name)), strict=True))


async def dashboard_is_filled(app: App[None]) -> None:
    """Wait until a run with knobs is shown, takes keys and has its layout."""
    await until(lambda: app.screen.query(KnobTable) and app.screen.query_one(KnobTable).row_count, "its knobs")
    await until(lambda: app.screen.query_one(LogViewer).lines, "its console")
    await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")
    await wait_for_idle()
