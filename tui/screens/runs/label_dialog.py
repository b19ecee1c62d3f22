"""The dialog that edits the labels of a run."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Label, Static

from tui.session.runs.labels import LabelChange, LabelError, Labels, tags_in
from tui.session.text import plain
from tui.widgets.dialogs import FormDialog
from tui.widgets.field import Field
from tui.widgets.inline_select import InlineSelect
from tui.widgets.key_table import key

_YES, _NO = "yes", "no"
_LINE_END = "⏎"
"""Stands for the end of a line in the field of the note."""


class LabelDialog(FormDialog[LabelChange | None]):
    """Asks for the labels of a run; returns what the user has changed, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape", "dismiss(None)", "cancel", "Close without a change", id="label.cancel", footer=True),
        key("enter", "store", "store", "Store the labels", id="label.store", footer=True),
    ]
    AUTO_FOCUS = "#title"

    def __init__(self, name: str, labels: Labels) -> None:
        """Edit the `labels` of the run of this `name`."""
        super().__init__()
        self._run = name
        self._labels = labels
        self._before = {"title": labels.title, "tags": " ".join(labels.tags), "note": _in_one_line(labels.note)}

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = plain(f"Label {self._run}")
            box.border_subtitle = "Enter stores  Tab next  Esc cancels"
            for field, hint in (("title", self._run), ("tags", "words, such as baseline"), ("note", "")):
                with Horizontal(classes="line"):
                    yield Label(field)
                    yield Field(plain(self._before[field]), placeholder=plain(hint), id=field, compact=True)
            for field, is_on in (("star", self._labels.starred), ("archived", self._labels.archived)):
                with Horizontal(classes="line"):
                    yield Label(field)
                    yield InlineSelect((_YES, _NO), _YES if is_on else _NO, id=field)
            yield Static("", id="problem", classes="problem", markup=False)

    @on(Input.Submitted)
    def action_store(self) -> None:
        """Return what has changed, unless it is wrong."""
        change = self._change()
        try:
            change.applied_to(self._labels)
        except LabelError as error:
            self.query_one("#problem", Static).update(plain(str(error)))
            return
        self.dismiss(change or None)

    def _change(self) -> LabelChange:
        title, tags, note = (self._typed(field) for field in ("title", "tags", "note"))
        wanted = self._labels.tags if tags is None else tags_in(tags)
        is_starred, is_archived = (
            self.query_one(f"#{field}", InlineSelect).value == _YES for field in ("star", "archived")
        )
        return LabelChange(
            title=title,
            note=None if note is None else note.replace(_LINE_END, "\n"),
            add=tuple(tag for tag in wanted if tag not in self._labels.tags),
            remove=tuple(tag for tag in self._labels.tags if tag not in wanted),
            starred=None if is_starred == self._labels.starred else is_starred,
            archived=None if is_archived == self._labels.archived else is_archived,
        )

    def _typed(self, field: str) -> str | None:
        """Return the text of a field, None if the user has left it as it was."""
        text = self.query_one(f"#{field}", Input).value
        return None if text == plain(self._before[field]) else text


def _in_one_line(note: str) -> str:
    return note.replace("\n", _LINE_END)
