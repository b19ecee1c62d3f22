"""A text that changes while a layout of it is waiting gets the room of the new text."""

import pytest
from textual import on
from textual.app import App
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tests.tui.screens.recorded import until
from tui.terminal.layout_requests import count_every_layout_request
from tui.widgets.diff_text import DiffText


class Shown(Message):
    """The text is to be shown between two layouts."""

    def __init__(self, lines):
        super().__init__()
        self.lines = lines


class BusyText(DiffText):
    """Is laid out with the text before, asks for a layout, and gets its new text before that one."""

    DEFAULT_CSS = "BusyText { height: auto; }"

    @on(Shown)
    async def show(self, message):
        above = self.screen.query_one("#above", Static)
        self.refresh(layout=True)
        above.update("one\ntwo")
        await until(lambda: above.size.height == 2, "the layout")
        self.update("\n".join(map(str, range(message.lines))))


class Texts(App):
    def __init__(self):
        super().__init__()
        count_every_layout_request()

    def compose(self):
        with VerticalScroll():
            yield Static("one", id="above")
            yield BusyText()

    def on_mount(self):
        self.query_one(BusyText).update("\n".join("12345"))


@pytest.mark.parametrize("lines", [2, 60])
async def test_a_text_that_changes_between_two_layouts_gets_its_own_room(lines):
    app = Texts()
    async with app.run_test(size=(40, 20)):
        text, box = app.query_one(BusyText), app.query_one(VerticalScroll)
        assert text.size.height == 5
        text.post_message(Shown(lines))
        await until(lambda: text.size.height == lines, "the room of the new text")
        assert box.max_scroll_y == max(lines + 2 - 20, 0)
