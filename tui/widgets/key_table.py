"""One row a key: the form of the key tables of screens and panels."""

from __future__ import annotations

from collections.abc import Callable

from textual.binding import Binding


def key(
    keys: str,
    action: str | Callable[..., object],
    label: str,
    tooltip: str,
    *,
    id: str,
    arguments: tuple[object, ...] = (),
    footer: bool = False,
    priority: bool = False,
    display: str | None = None,
) -> Binding:
    """Return the binding of `keys` (several with commas) to `action`.

    `action` is an `action_…` method, called with `arguments`, or an action as Textual writes it: "move(-1)". `id` names
    the action in `[keys]` of the settings. `footer` shows it at the foot of the screen, as `display` if that is given.
    With `priority`, the key is handled before letters that were typed after it.
    """
    if callable(action):
        action = action_name(action) + f"({', '.join(map(repr, arguments))})" * bool(arguments)
    return Binding(keys, action, label, show=footer, key_display=display, priority=priority, tooltip=tooltip, id=id)


def action_name(method: Callable[..., object]) -> str:
    """Return the name under which Textual finds an `action_…` method."""
    name: str = method.__name__
    return name.removeprefix("action_")


def action_names(*methods: Callable[..., object]) -> frozenset[str]:
    """Return the names of several `action_…` methods."""
    return frozenset(map(action_name, methods))
