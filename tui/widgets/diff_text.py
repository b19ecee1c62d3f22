"""Texts that are set with every frame and rarely differ: only the difference is painted."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region
from textual.visual import VisualType
from textual.widget import Widget
from textual.widgets import Static

_titles: WeakKeyDictionary[Widget, tuple[str, str]] = WeakKeyDictionary()


class DiffText(Static):
    """A text without markup. A changed number of lines triggers a layout; else only the difference is painted."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._text = Content("")

    @property
    def content(self) -> VisualType:
        """What is shown."""
        return self._text

    @content.setter
    def content(self, content: VisualType) -> None:
        self.update(content)

    def render(self) -> Content:
        return self._text

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show another text, a string or `Content`; `layout` allows a new layout."""
        old, self._text = self._text, content if isinstance(content, Content) else Content(str(content))
        before, after = old.split("\n", allow_blank=True), self._text.split("\n", allow_blank=True)
        is_wrapped = any(line.cell_length > self.size.width for line in (*before, *after))
        if len(before) != len(after) or not old or not self._text:
            self.refresh(layout=layout)
        elif is_wrapped:
            if old.plain != self._text.plain:
                self.refresh(layout=layout and self.styles.is_auto_height)
        elif regions := [
            Region(start, row, end - start, 1)
            for row, lines in enumerate(zip(before, after, strict=True))
            for start, end in _difference(*lines)
        ]:
            self.refresh(*regions)


def _difference(old: Content, new: Content) -> list[tuple[int, int]]:
    """Return the cells, first and behind the last, in which two lines differ; none if they don't."""
    if old.spans or new.spans:
        is_same = (old.plain, old.spans) == (new.plain, new.spans)
        return [] if is_same else [(0, max(old.cell_length, new.cell_length))]
    if old.plain == new.plain:
        return []
    start = cell_len(_common_start(old.plain, new.plain))
    end = max(old.cell_length, new.cell_length)
    if old.cell_length == new.cell_length:
        end -= cell_len(_common_start(old.plain[::-1], new.plain[::-1]))
    return [(start, max(end, start + 1))]


def _common_start(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return one[: next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))]


def set_titles(widget: Widget, title: str, subtitle: str = "") -> None:
    """Set the titles of a border if they differ: Textual would repaint the whole widget."""
    if _titles.get(widget) != (title, subtitle):
        _titles[widget] = (title, subtitle)
        widget.border_title, widget.border_subtitle = Content(title), Content(subtitle)
