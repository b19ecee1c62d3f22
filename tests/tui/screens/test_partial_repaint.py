"""Partial repaints give the same screen as full ones."""

import time

import pyte
import pytest
from textual.app import App
from textual.widgets._footer import FooterKey

from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, until
from tui.app import HumanoidTui
from tui.terminal.compact_sgr import compact_sgr
from tui.terminal.partial_repaint import ShownSpans, SpanUpdate
from tui.widgets.key_footer import KeyFooter


@pytest.fixture
def terminal(monkeypatch, size):
    """What a person would see, and how much of it came as spans; every picture goes through here."""
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    screen.spans = 0
    display = App._display

    def noted(app, of_screen, update):
        if update is not None and not app._batch_count and of_screen is app.screen:
            stream.feed(compact_sgr(update.render_segments(app.console)))
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


@pytest.fixture
def painted(monkeypatch):
    """How many characters the terminal was sent by each update since the list was emptied."""
    painted = []
    display = App._display

    def noted(app, of_screen, update):
        if update is not None and not app._batch_count and of_screen is app.screen:
            said = compact_sgr(update.render_segments(app.console))
            painted.append(len(said))
        return display(app, of_screen, update)

    monkeypatch.setattr(App, "_display", noted)
    return painted


async def test_that_the_focus_moves_does_not_paint_all_again(trainer, painted):
    trainer.play(bodies_of("g1-walk"))
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(200, 60)) as pilot:
        await dashboard_is_filled(app)
        await pilot.pause(0.3)
        whole = len(compact_sgr(app.screen._compositor.render_update(full=True).render_segments(app.console)))
        painted.clear()
        before = app.focused
        await pilot.press("tab")
        await until(lambda: app.focused is not before and painted, "the focus")
        await pilot.pause(0.2)
        assert sum(painted) < whole / 2
        painted.clear()
        app.refresh()
        await until(lambda: sum(painted) > whole / 2, "all, as it was asked for")


async def test_what_is_behind_a_dialog_is_painted_once_a_second(trainer, painted):
    bodies = bodies_of("g1-walk")
    begun = len(bodies_of("g1-walk", until_iteration=20))
    trainer.play(bodies[:begun])
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(200, 60)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("x")
        await until(lambda: app.screen.is_modal, "the dialog")
        await pilot.pause(0.3)
        painted.clear()
        began = time.monotonic()
        for body in bodies[begun : begun + 100]:
            trainer.play([body])
            await pilot.pause(0.02)
        await until(lambda: painted, "what has changed")
        assert len(painted) < 4 * (time.monotonic() - began)  # of ten frames a second
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal, "the dashboard")


async def test_keys_at_the_foot_are_made_anew_only_if_they_are_others(trainer, monkeypatch):
    made = []
    recompose = KeyFooter.recompose

    async def noted(footer):
        made.append(footer)
        await recompose(footer)

    monkeypatch.setattr(KeyFooter, "recompose", noted)
    trainer.play(bodies_of("g1-walk"))
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(200, 60)) as pilot:
        await dashboard_is_filled(app)
        await pilot.pause(0.3)
        made.clear()
        app.screen.refresh_bindings()
        await pilot.pause(0.2)
        assert not made
        app.set_keymap({"dashboard.pause": "f5"})
        await until(lambda: made and "f5" in [key.key for key in app.screen.query(FooterKey)], "another key")


@pytest.mark.parametrize(
    ("spans", "sent"),
    [
        ([(0, 0, 5, "hello"), (0, 0, 5, "hello")], [True, False]),
        ([(0, 0, 5, "hello"), (0, 1, 5, "hello"), (0, 0, 5, "hello")], [True, True, False]),
        ([(0, 0, 5, "hello"), (4, 0, 1, "x"), (0, 0, 5, "hello"), (4, 0, 1, "x")], [True, True, True, True]),
        ([(0, 0, 5, "hello"), (5, 0, 1, "x"), (0, 0, 5, "hello")], [True, True, False]),
        ([(0, 0, 5, "hello"), (0, 0, 5, "other"), (0, 0, 5, "hello")], [True, True, True]),
    ],
)
def test_what_is_shown_already_is_not_sent(spans, sent):
    shown = ShownSpans()
    assert [shown.put(*span) for span in spans] == sent
    shown.forget()
    assert shown.put(*spans[-1])
