"""A live screen is styled and laid out once when it opens, not again for the size that it has."""

from __future__ import annotations

from textual import events
from textual.app import App
from textual.widgets import Static

from tui.terminal.partial_repaint import PartialRepaintScreen


class Told(Static):
    """Remembers for which terminal it was mounted."""

    classes_above = frozenset()

    def on_mount(self):
        self.classes_above = frozenset(self.screen.classes)


class Live(PartialRepaintScreen):
    def compose(self):
        yield Told("text")


class Sized(App[None]):
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 (as App declares it)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (35, "-tall")]  # noqa: RUF012

    def on_mount(self):
        self.push_screen(Live())


async def test_widgets_are_mounted_with_the_classes_of_the_terminal_s_size():
    app = Sized()
    async with app.run_test(size=(120, 40)) as pilot:
        assert {"-wide", "-tall"} <= app.screen.query_one(Told).classes_above
        await pilot.resize_terminal(80, 24)
        assert {"-narrow", "-short"} <= app.screen.classes
        assert app.screen.classes.isdisjoint({"-wide", "-tall"})


async def test_a_screen_is_laid_out_again_for_another_size_only():
    app, layouts = Sized(), []
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        screen.screen_layout_refresh_signal.subscribe(screen, layouts.append)
        screen.post_message(events.Resize(app.size, app.size))
        await pilot.pause()
        assert layouts == []
        await pilot.resize_terminal(80, 24)
        assert layouts
        assert screen.query_one(Told).region.width == 80
