"""Scroll bars of rows that come to fit exactly.

`ScrollView._size_updated` of Textual 8.2.8 skips scroll bars if the area that the layout gives equals `virtual_size`:
rows that fill their area exactly kept the bar of a longer list, unless a layout had run in between.
"""

from __future__ import annotations

from textual.scroll_view import ScrollView


def fit_scroll_bars(view: ScrollView) -> None:
    """Show or hide the scroll bars for the `virtual_size` that has just been set, at the rows that are visible."""
    view._scroll_update(view.virtual_size)  # as `OptionList` does
    if view.show_vertical_scrollbar:
        view.vertical_scrollbar.position = view.scroll_y  # a bar that was hidden has not followed
