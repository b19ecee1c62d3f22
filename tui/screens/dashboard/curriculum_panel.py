"""The run's curricula, one of them selected, and the success by terrain and task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import mode_knob
from tui.screens.dashboard.knob_table import KnobTable
from tui.session.curricula.view import CurriculumText, panel_text
from tui.session.state import RunState
from tui.widgets.diff_text import DiffText, set_titles
from tui.widgets.key_table import key

_CURSOR = "▸ "
_NO_CURSOR = " " * len(_CURSOR)
_BARS = re.compile("[█▉▊▋▌▍▎▏░]+")


class _Entry(DiffText):
    """One curriculum."""

    @dataclass
    class Clicked(Message):
        """The user clicked a curriculum."""

        entry: _Entry

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Clicked(self))

    def show(self, text: CurriculumText, is_chosen: bool) -> None:
        head = (_CURSOR if is_chosen else _NO_CURSOR) + text.head
        lines = [
            _with_bars(head).stylize("bold" if is_chosen else ""),
            *(_with_bars(_NO_CURSOR + line) for line in text.body),
        ]
        self.update(Content("\n").join(lines))


class CurriculumPanel(VerticalScroll):
    """Shows level and next decision of each curriculum; arrows and clicks select one, Enter edits its mode."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("up", "cursor(-1)", "previous curriculum", "Select the curriculum above", id="curricula.above"),
        key("down", "cursor(1)", "next curriculum", "Select the curriculum below", id="curricula.below"),
        key("enter", "edit_mode", "mode",
            "Set the mode of the selected curriculum: auto, manual or hold", id="curricula.mode"),
    ]  # fmt: skip
    DEFAULT_CSS = """
    CurriculumPanel { padding: 0 1; scrollbar-gutter: stable; scrollbar-size: 0 1; }
    CurriculumPanel > Static { height: auto; }
    CurriculumPanel > #below-curricula { margin-top: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._state = RunState()
        self._curricula: Sequence[Curriculum] = ()
        self._wanted: Mapping[str, int] = {}
        self._cursor = 0
        self._entries: list[_Entry] = []
        self._above, self._below = (DiffText(id=id) for id in ("above-curricula", "below-curricula"))

    def compose(self) -> ComposeResult:
        yield self._above
        yield self._below

    @property
    def selected(self) -> Curriculum | None:
        """The curriculum under the cursor."""
        return self._curricula[self._cursor] if self._curricula else None

    def show(
        self, state: RunState, curricula: Sequence[Curriculum], wanted: Mapping[str, int], *, has_ended: bool = False
    ) -> None:
        """Update the text; `wanted` are levels that keys have reached but not sent."""
        self._state, self._curricula, self._wanted = state, curricula, wanted
        keys = "+ - level, a auto, Enter mode, t knobs" if curricula and not has_ended else "t knobs"
        set_titles(self, "curricula" if curricula else "terrain and tasks", keys)
        if missing := [_Entry() for _ in curricula[len(self._entries) :]]:  # curricula of a run never go
            self._entries += missing
            self.mount_all(missing, before=self._below)
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def action_cursor(self, by: int) -> None:
        """Select a neighbour; scroll where there is none."""
        if 0 <= self._cursor + by < len(self._entries):
            self._choose(self._cursor + by)
        elif by > 0:
            self.scroll_down(animate=False)
        else:
            self.scroll_up(animate=False)

    def action_edit_mode(self) -> None:
        """Edit the mode of the selected curriculum."""
        if self.selected is not None and self._state.knobs:  # available after the environment is built
            self.post_message(KnobTable.EditRequested(self._state.knobs[mode_knob(self.selected.name)]))

    @on(_Entry.Clicked)
    def _take_click(self, message: _Entry.Clicked) -> None:
        self._choose(self._entries.index(message.entry))

    def _choose(self, index: int) -> None:
        self._cursor = index
        self._draw()
        self._entries[index].scroll_visible(animate=False)

    def _draw(self) -> None:
        if not self.size:  # hidden; `on_resize` comes before it is seen
            return
        width = self.scrollable_content_region.width - len(_CURSOR)
        text = panel_text(self._state, self._curricula, width, self._wanted)
        self._above.update("\n".join(text.success))
        self._below.update(_with_bars("\n".join(text.bars)))
        for index, (entry, shown) in enumerate(zip(self._entries, text.curricula, strict=False)):
            entry.show(shown, index == self._cursor)


def _with_bars(text: str) -> Content:
    """Return text with its bars in the primary colour."""
    content = Content(text)
    for bar in _BARS.finditer(text):
        content = content.stylize("$primary", *bar.span())
    return content
