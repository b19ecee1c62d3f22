"""The input field of this program."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input


class Field(Input):
    """An `Input` that keeps the order of typing.

    Textual runs a bound key (backspace, arrows, Enter) only after it has bubbled up through the screen, and so behind
    letters that came after it, where keys arrive faster than that, over a slow connection for example:
    https://github.com/Textualize/textual/issues/6605
    """

    async def on_key(self, event: events.Key) -> None:
        """Do at once what Textual would do later."""
        action = _ACTIONS.get(event.key)
        if action is not None:
            event.stop()
            event.prevent_default()
            await self.run_action(action)


_ACTIONS = {
    key: binding.action for binding in Input.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")
}
