"""Tells errors of the program from those of a widget that mounts while its screen or the program goes.

Textual 8.2.8 then mounts no children and still calls `on_mount`, which looks for them or adds more. The error would end
the program with a traceback.
"""

from __future__ import annotations

from textual._context import active_message_pump
from textual.css.query import NoMatches
from textual.widget import MountError, Widget


def is_of_leaving_widget(error: Exception) -> bool:
    """Return whether `error`, raised in a message handler, is of a widget that is being removed with its children."""
    pump = active_message_pump.get(None)
    return isinstance(error, NoMatches | MountError) and isinstance(pump, Widget) and _is_leaving(pump)


def _is_leaving(widget: Widget) -> bool:
    is_removed = not widget.display and widget.styles.display != "none"
    return is_removed or not widget.is_attached  # so it is for all widgets when the program ends
