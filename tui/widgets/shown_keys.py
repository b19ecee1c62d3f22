"""The actions of a screen with the user's keys, for the help and the command palette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual.actions import ActionError, parse
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from tui.widgets.key_hints import KeyHints


@dataclass(frozen=True)
class ShownKey:
    """An action of a part of the screen. `keys` are written as in the footer; `enabled` is whether it is possible now.

    `id` names it in a key map, "dashboard.pause"; its first word is the part.
    """

    id: str
    keys: tuple[str, ...]
    description: str
    tooltip: str
    node: DOMNode
    action: str
    enabled: bool

    @property
    def part(self) -> str:
        """The part of the screen, the first word of `id`."""
        return self.id.partition(".")[0]


def shown_keys(screen: Screen[Any]) -> list[ShownKey]:
    """Return all actions with an id on `screen`, wherever the focus is: of the screen, its widgets and the app."""
    app = screen.app
    found: dict[str, ShownKey] = {}
    for node in _nodes(screen):
        own: dict[str, list[Binding]] = {}
        for _, binding in node._bindings:
            if binding.id is not None and binding.description and binding.id not in found:
                own.setdefault(binding.id, []).append(binding)
        for id, bindings in own.items():
            first = bindings[0]
            keys = tuple(app.get_key_display(binding) for binding in _in_force(app, bindings))
            label = screen.key_label(id, first.description) if isinstance(screen, KeyHints) else first.description
            enabled = _is_enabled(node, first.action) and bool(label)
            description = label or first.description
            found[id] = ShownKey(id, keys, description, first.tooltip, node, first.action, enabled)
    return list(found.values())


def key_of(app: App[Any], id: str, usual: str) -> str:
    """Return the user's first key for an action, written as in the footer; `usual` is the default key."""
    keys = app._keymap.get(id)
    return usual if keys is None else app.get_key_display(Binding(keys.split(",")[0], ""))


def _nodes(screen: Screen[Any]) -> Iterator[DOMNode]:
    yield screen
    for widget in screen.walk_children(Widget):
        if widget.display and all(node.display for node in widget.ancestors if isinstance(node, Widget)):
            yield widget
    yield screen.app


def _in_force(app: App[object], bindings: list[Binding]) -> list[Binding]:
    """Return bindings with the keys of the user's key map."""
    keys = app._keymap.get(bindings[0].id or "")
    return bindings if keys is None else [bindings[0].with_key(key) for key in keys.split(",")]


def _is_enabled(node: DOMNode, action: str) -> bool:
    try:
        _, name, parameters = parse(action)
    except ActionError:
        return False
    return node.check_action(name, parameters) is True
