"""The frame clock: draws at a limited rate, urgent ones first, less on a slow terminal."""

import math
import time

import pytest
from textual.app import App
from textual.widgets import Static

from tests.tui.screens.recorded import until
from tui.terminal.frame_clock import FrameClock, draw_soon
from tui.terminal.frame_pacing import FrameRates
from tui.widgets.status_line import StatusLine, link_text


class Clocked(App[None]):
    def __init__(self):
        super().__init__()
        self.frame_clock = FrameClock(self, 10)

    def compose(self):
        yield Static()
        yield StatusLine()


@pytest.fixture
async def shown_clock():
    """An app with its clock."""
    async with Clocked().run_test() as pilot:
        yield pilot.app, pilot.app.frame_clock


@pytest.fixture
def clock(shown_clock):
    return shown_clock[1]


@pytest.fixture
def room(monkeypatch):
    """A terminal in place of the test's, with as much room as the list says last."""
    room = [math.inf]

    class Terminal:
        written = 0

        def room(self):
            return room[-1]

    monkeypatch.setattr(FrameClock, "_terminal", property(lambda clock: Terminal()))
    return room


@pytest.fixture
def drawn():
    return []


def drawing(drawn, name, cost=0):
    def draw():
        drawn.append(name)
        return cost

    return draw


async def test_what_asks_often_is_drawn_once_a_frame(clock, drawn):
    a, key = drawing(drawn, "a"), drawing(drawn, "key")
    clock.pacer.frames_per_second = 0.001
    for _ in range(50):
        clock.draw_soon(a)
    await until(lambda: drawn == ["a"])
    for _ in range(50):
        clock.draw_soon(a)
    clock.draw_soon(key, urgent=True)
    await until(lambda: "key" in drawn)
    assert drawn == ["a", "key"]  # the next frame is not due
    clock.pacer.frames_per_second = 1e6
    for _ in range(50):
        clock.draw_soon(a)
    await until(lambda: drawn == ["a", "key", "a"])


async def test_what_is_asked_for_while_drawing_is_part_of_the_frame(clock, drawn):
    def draw():
        drawn.append("run")
        for name in "abc":
            clock.draw_soon(charts[name])

    charts = {name: drawing(drawn, name) for name in "abc"}
    clock.draw_soon(draw)
    await until(lambda: len(drawn) == 4)
    assert drawn == ["run", "a", "b", "c"]


async def test_what_the_user_has_done_waits_for_no_frame_and_comes_first(clock, drawn):
    a, b = drawing(drawn, "a"), drawing(drawn, "b")
    clock.pacer.frames_per_second = 0.01
    clock.draw_soon(a)
    await until(lambda: drawn == ["a"])
    clock.draw_soon(a)
    clock.draw_soon(b, urgent=True)
    clock.draw_soon(a, urgent=True)
    await until(lambda: len(drawn) == 3)
    assert drawn == ["a", "b", "a"]


async def test_nothing_runs_while_nothing_is_asked_for(clock, drawn):
    clock.draw_soon(drawing(drawn, "a"))
    await until(lambda: drawn)
    assert clock.is_idle


async def test_a_terminal_that_is_behind_is_waited_for(clock, drawn, room):
    room.append(0)
    clock.draw_soon(drawing(drawn, "a"))
    await until(lambda: clock.pacer.is_throttled(time.monotonic()))
    assert drawn == []
    room.append(1)
    await until(lambda: drawn == ["a"])


async def test_a_frame_goes_on_where_the_room_ended(clock, drawn, room):
    room.append(250)
    charts = [drawing(drawn, name, cost=100) for name in "abcde"]
    for chart in charts:
        clock.draw_soon(chart)
    await until(lambda: drawn)
    assert drawn == ["a", "b", "c"]  # the third is over the edge, but nothing is drawn in part
    for chart in charts:
        clock.draw_soon(chart)  # newer data: those that were drawn come again, behind the others
    await until(lambda: len(drawn) >= 8)
    assert drawn == [*"abcde", *"abc"]


async def test_the_status_line_shows_its_text_and_a_slow_link_while_there_is_one(shown_clock, drawn, room):
    app, clock = shown_clock
    line = app.query_one(StatusLine)
    line.show("130k steps/s")
    draw = drawing(drawn, "a")

    def is_shown(text):
        clock.draw_soon(draw)
        return str(line.render()) == text and line.size.width == len(text)

    await until(lambda: is_shown("130k steps/s"))
    room.append(0)
    await until(lambda: is_shown("130k steps/s  slow link, 0 fps, 0 KB/s"))
    room.append(math.inf)
    await until(lambda: is_shown("130k steps/s"))


def test_only_a_slow_link_is_worth_a_note():
    assert link_text(FrameRates(4.3, 29_900, True)) == "slow link, 4 fps, 30 KB/s"
    assert link_text(FrameRates(10.0, 21_400, False)) == ""


async def test_an_app_without_a_clock_draws_at_its_leisure(drawn):
    class Plain(App[None]):
        def compose(self):
            yield Static()

    async with Plain().run_test() as pilot:
        draw_soon(pilot.app.query_one(Static), drawing(drawn, "a"))
        await until(lambda: drawn == ["a"])
