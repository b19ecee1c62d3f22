"""The help: all keys of a screen with their ids, the meaning of its signs, and a search."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from tui.session.help_text import MOVING, HelpLine, HelpRow, laid_out, matching, sections, signs
from tui.session.text import plain
from tui.widgets.field import Field
from tui.widgets.key_table import key
from tui.widgets.shown_keys import shown_keys


class HelpScreen(ModalScreen[None]):
    """Lists keys and symbols of the screen below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("escape,f1", "dismiss(None)", "back", "Close the help", id="help.back", footer=True),
        key("down", "scroll(1)", "down", "Scroll down", id="help.down"),
        key("up", "scroll(-1)", "up", "Scroll up", id="help.up"),
        key("pagedown", "page(1)", "page down", "Scroll down one page", id="help.page-down"),
        key("pageup", "page(-1)", "page up", "Scroll up one page", id="help.page-up"),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical {
        width: 96%; max-width: 118; height: 94%; max-height: 62;
        border: round $border; padding: 0 1; background: $surface;
    }
    HelpScreen Input { margin-bottom: 1; }
    HelpScreen VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, below: Screen[object]) -> None:
        """List the keys of `below`, as they are now."""
        super().__init__()
        keys = [
            (shown.part, HelpRow(", ".join(shown.keys), plain(shown.tooltip or shown.description), shown.id))
            for shown in shown_keys(below)
        ]
        self._sections = [*sections(keys), MOVING, *signs()]

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "keys and symbols"
            box.border_subtitle = Content("Esc closes; ids are for [keys] in config.toml")
            yield Field(placeholder="type to search", id="search", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(id="text", markup=False)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _search(self) -> None:
        self._show()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)

    def _show(self) -> None:
        found = matching(self._sections, self.query_one(Input).value)
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        lines = [_content(line) for line in laid_out(found, width)]
        self.query_one("#text", Static).update(Content("\n").join(lines) if lines else "no matches")


def _content(line: HelpLine) -> Content:
    return Content.assemble(
        (line.title, "bold underline $text-primary"), (line.keys, "bold"), line.text, (line.id, "$foreground-muted")
    )
