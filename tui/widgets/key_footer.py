"""The footer of a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui.widgets.key_hints import FooterKeys, KeyHints

_PADDING = 3
"""Cells of a key beside its display and its label."""
_PALETTE_BORDER = 2


@dataclass(frozen=True)
class _Hint:
    """A key as it is shown."""

    binding: Binding
    display: str
    label: str
    enabled: bool
    tooltip: str

    @property
    def width(self) -> int:
        return len(self.display) + len(self.label) + _PADDING


class KeyFooter(Footer):
    """Textual's footer with the keys that fit and that do something now; rebuilt only when they change."""

    _shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        for hint in self._hints(self.screen) if self._bindings_ready else ():
            is_palette = hint.binding.key == self.app.COMMAND_PALETTE_BINDING
            footer_key = FooterKey(
                hint.binding.key,
                hint.display,
                hint.label,
                hint.binding.action,
                disabled=not hint.enabled,
                tooltip=hint.tooltip,
                classes="-command-palette" if is_palette else "",
            )
            footer_key.set_reactive(FooterKey.compact, False)  # as made, it is compact, and would be styled twice
            yield footer_key

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show the keys as of now."""
        shown = tuple(self._hints(screen))
        if shown != self._shown:
            self._shown = shown if screen.app.app_focus and self.is_attached and screen is self.screen else ()
            super().bindings_changed(screen)

    def on_resize(self) -> None:
        """Show as many keys as fit now."""
        self.bindings_changed(self.screen)

    def _hints(self, screen: Screen[object]) -> list[_Hint]:
        active: dict[str, _Hint] = {}
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.id is not None and binding.id not in active:
                label = binding.description
                if isinstance(screen, KeyHints):
                    label = screen.key_label(binding.id, label)
                display = self.app.get_key_display(binding)
                active[binding.id] = _Hint(binding, display, label, enabled, tooltip or binding.description)
        shown = self._keys(screen, active)
        palette = [] if screen.has_class("-narrow") else self._of(active, ["app.palette"])
        last = self._of(active, shown.last)
        room = self.app.size.width - sum(hint.width for hint in (*last, *palette)) - _PALETTE_BORDER * len(palette)
        return [*_fitting(self._of(active, shown.main), room), *last, *palette]

    def _keys(self, screen: Screen[object], active: dict[str, _Hint]) -> FooterKeys:
        if isinstance(screen, KeyHints):
            return screen.footer_keys()
        shown = [id for id, hint in active.items() if hint.binding.show]
        return FooterKeys([id for id in shown if id != _HELP], [_HELP] if _HELP in shown else [])

    def _of(self, active: dict[str, _Hint], ids: Iterable[str]) -> list[_Hint]:
        return [active[id] for id in ids if id in active and active[id].label]


_HELP = "app.help"


def _fitting(hints: Sequence[_Hint], room: int) -> list[_Hint]:
    """Return the keys that fit in `room` cells, the first ones before the later ones."""
    fitting: list[_Hint] = []
    for hint in hints:
        if hint.width <= room:
            fitting.append(hint)
            room -= hint.width
    return fitting
