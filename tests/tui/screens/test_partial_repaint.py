"""Partial repaints give the same screen as full ones."""

import pyte
import pytest
from textual.app import App
from textual.notifications import Notification
from textual.widgets._footer import FooterKey
from textual.widgets._toast import Toast

from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, until
from tests.tui.seen_cells import seen_cells
from trainer_proc.contract.messages import IterationFinished
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
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


def all_of(app, size):
    """The cells of a terminal that is sent the whole screen at once."""
    screen = pyte.Screen(*size)
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    pyte.Stream(screen).feed(update.render_segments(app.console))
    return screen


async def run_is_shown(app, iteration):
    """Wait until the dashboard has drawn an iteration of its run, in front or behind a dialog."""
    screen = next(one for one in app.screen_stack if isinstance(one, DashboardScreen))
    await until(lambda: screen.state.iteration == iteration and app.frame_clock.is_idle, f"iteration {iteration}")


async def all_is_painted(app, pilot, painted):
    """Wait until there is nothing left to draw, and then to paint."""
    await until(lambda: app.frame_clock.is_idle, "the last frame")
    count = -1
    while count != len(painted):
        count = len(painted)
        await pilot.pause()


def newest_iteration(bodies):
    return next(body.iteration for body in reversed(bodies) if isinstance(body, IterationFinished))


async def test_what_changes_is_all_that_changes(trainer, terminal, size, monkeypatch):
    monkeypatch.setattr(Notification, "time_left", 0.1)
    bodies = bodies_of("g1-walk")
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=size, notifications=True) as pilot:
        begun = len(bodies_of("g1-walk", until_iteration=5))
        trainer.play(bodies[:begun])
        await dashboard_is_filled(app)
        for start in range(begun, len(bodies), 25):
            trainer.play(bodies[start : start + 25])
            await run_is_shown(app, newest_iteration(bodies[: start + 25]))
        for key in ("down", "h", "escape", "2", "1", "z", "down"):  # dialogs, pages, messages over all
            await pilot.press(key)
            await pilot.pause()
        await until(lambda: not app.screen.query(Toast), "room for a message")
        monkeypatch.setattr(Notification, "time_left", 600.0)
        app.notify("something")
        await until(lambda: any("something" in line for line in terminal.display), "the message")
        await until(lambda: seen_cells(terminal) == seen_cells(all_of(app, size)), "the same picture")
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
        await all_is_painted(app, pilot, painted)
        whole = len(compact_sgr(app.screen._compositor.render_update(full=True).render_segments(app.console)))
        painted.clear()
        before = app.focused
        await pilot.press("tab")
        await until(lambda: app.focused is not before and painted, "the focus")
        await all_is_painted(app, pilot, painted)
        assert sum(painted) < whole / 2
        painted.clear()
        app.refresh()
        await until(lambda: sum(painted) > whole / 2, "all, as it was asked for")


async def behind_a_dialog(trainer, painted, seconds, monkeypatch, check):
    """Let a run go on behind a dialog, where changes are painted after some seconds; `check` what is painted then."""
    monkeypatch.setattr("tui.terminal.partial_repaint._BEHIND_SECONDS", seconds)
    bodies = bodies_of("g1-walk")
    begun = len(bodies_of("g1-walk", until_iteration=20))
    trainer.play(bodies[:begun])
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(200, 60)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("x")
        await until(lambda: app.screen.is_modal, "the dialog")
        await all_is_painted(app, pilot, painted)
        painted.clear()
        for body in bodies[begun : begun + 100]:
            trainer.play([body])
        await run_is_shown(app, newest_iteration(bodies[: begun + 100]))
        await check(app, pilot)


async def test_what_is_behind_a_dialog_waits(trainer, painted, monkeypatch):
    async def check(app, pilot):
        await pilot.pause()
        assert painted == []
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal and painted, "the dashboard")

    await behind_a_dialog(trainer, painted, 1000.0, monkeypatch, check)


async def test_what_is_behind_a_dialog_is_painted_in_the_end(trainer, painted, monkeypatch):
    async def check(app, pilot):
        await until(lambda: painted, "what has changed")
        assert app.screen.is_modal

    await behind_a_dialog(trainer, painted, 0.01, monkeypatch, check)


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
        await until(lambda: app.frame_clock.is_idle, "the last frame")
        await pilot.pause()
        made.clear()
        changes = []
        app.screen.bindings_updated_signal.subscribe(app.screen, changes.append)
        app.screen.refresh_bindings()
        await until(lambda: changes, "that the bindings were looked at")
        await pilot.pause()
        assert not made
        app.set_keymap({"dashboard.export": "f5"})
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
