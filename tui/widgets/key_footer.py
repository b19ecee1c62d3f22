"""The footer of a screen."""

from __future__ import annotations

from collections.abc import Iterator

from textual.screen import Screen
from textual.widgets import Footer


class KeyFooter(Footer):
    """Textual's footer, rebuilt only when its keys change, not at every focus change."""

    _shown: tuple[object, ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show the enabled keys."""
        shown = tuple(self._keys(screen))
        if shown != self._shown:
            self._shown = shown if screen.app.app_focus and self.is_attached and screen is self.screen else ()
            super().bindings_changed(screen)

    def _keys(self, screen: Screen[object]) -> Iterator[tuple[object, ...]]:
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.show or binding.key == self.app.COMMAND_PALETTE_BINDING:
                yield binding, self.app.get_key_display(binding), enabled, tooltip
