"""A choice between a few words, on one line."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.session.text import plain
from tui.widgets.key_table import key


class InlineSelect(Static, can_focus=True):
    """Shows all words, the chosen one in brackets; arrows, the space bar and clicks choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("left", "step(-1)", "previous choice", "Select the previous choice", id="choice.previous"),
        key("right,space", "step(1)", "next choice", "Select the next choice", id="choice.next"),
    ]
    DEFAULT_CSS = """
    InlineSelect { height: auto; }
    InlineSelect:focus { text-style: bold; background: $boost; }
    """

    class Changed(Message):
        """Another word was chosen."""

    def __init__(self, words: tuple[str, ...], chosen: str, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._words = words
        self._value = chosen

    @property
    def value(self) -> str:
        """The chosen word."""
        return self._value

    @value.setter
    def value(self, word: str) -> None:
        self._value = word
        self._draw()
        self.post_message(self.Changed())

    def offer(self, words: tuple[str, ...], chosen: str) -> None:
        """Replace the words."""
        self._words = words
        self._value = chosen
        self._draw()

    def on_mount(self) -> None:
        """Show the words."""
        self._draw()

    def action_step(self, by: int) -> None:
        """Choose a neighbour; the last word is followed by the first."""
        if not self._words:
            return
        place = self._words.index(self._value) if self._value in self._words else -by
        self.value = self._words[(place + by) % len(self._words)]

    def on_click(self, event: events.Click) -> None:
        """Choose the word that was clicked."""
        end = 0
        for word in self._words:
            end += len(plain(word)) + 3
            if event.y == 0 and event.x < end:
                self.value = word
                return

    def _draw(self) -> None:
        """Give each word the same place, chosen or not."""
        shown = (f"[{plain(word)}]" if word == self._value else f" {plain(word)} " for word in self._words)
        self.update(Content(" ".join(shown)))
