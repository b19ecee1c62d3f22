"""A text field that keeps the order of typed keys."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input


class Field(Input):
    """An `Input` that handles keys in the order in which they were typed.

    Textual handles a bound key (backspace, arrows, Enter) only after it has bubbled up through the screen. Letters that
    arrive before that, over a slow connection for example, would overtake it:
    https://github.com/Textualize/textual/issues/6605
    """

    def open(self) -> None:
        """Show the field and focus it at once: `focus()` would run after letters that are on their way."""
        self.display = True
        self.screen.set_focus(self)

    async def on_key(self, event: events.Key) -> None:
        """Handle bound keys at once."""
        action = _ACTIONS.get(event.key)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.run_action(action)


_ACTIONS = {
    key: binding.action for binding in Input.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")
}
