"""A terminal that is only sent what changed shows the same as one that is sent everything."""

import pyte
import pytest
from textual.app import App

from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, until
from tui.app import HumanoidTui
from tui.screens.live_screen import SpanUpdate
from tui.terminal_text import shortened


@pytest.fixture
def terminal(monkeypatch, size):
    """What a person would see, and how much of it came as spans; every picture goes through here."""
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    screen.spans = 0
    display = App._display

    def noted(app, of_screen, update):
        if update is not None and not app._batch_count and of_screen is app.screen:
            stream.feed(shortened(update.render_segments(app.console)))
            screen.spans += isinstance(update, SpanUpdate)
        return display(app, of_screen, update)

    monkeypatch.setattr(App, "_display", noted)
    return screen


def cells(screen):
    return [[screen.buffer[line][column] for column in range(screen.columns)] for line in range(screen.lines)]


def all_of(app, size):
    """The cells of a terminal that is sent the whole screen at once."""
    screen = pyte.Screen(*size)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    pyte.Stream(screen).feed(update.render_segments(app.console))
    return screen


async def test_what_changes_is_all_that_changes(trainer, terminal, size):
    bodies = bodies_of("g1-walk")
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=size) as pilot:
        begun = len(bodies_of("g1-walk", until_iteration=5))
        trainer.play(bodies[:begun])
        await dashboard_is_filled(app)
        for start in range(begun, len(bodies), 25):
            trainer.play(bodies[start : start + 25])
            await pilot.pause(0.12)
        for key in ("down", "h", "escape", "2", "1", "z", "down"):  # dialogs, pages, messages over all
            await pilot.press(key)
            await pilot.pause(0.05)
        app.notify("something")
        await pilot.pause(0.2)
        await until(lambda: cells(terminal) == cells(all_of(app, size)), "the same picture")
        assert terminal.spans > 3
