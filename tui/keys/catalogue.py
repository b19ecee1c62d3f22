"""The catalogue of key actions, from the bindings of all screens and widgets."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from textual.binding import Binding

import tui.screens
import tui.widgets
from tui.session.settings.keymap import KeyAction


def key_actions() -> list[KeyAction]:
    """Return all actions whose keys can be changed, sorted by id. Imports every screen, which takes some 0.1 s."""
    keys: dict[str, list[str]] = {}
    bindings: dict[str, Binding] = {}
    for binding in all_bindings():
        if binding.id is not None:
            known = keys.setdefault(binding.id, [])
            known += [key for key in binding.key.split(",") if key not in known]
            bindings.setdefault(binding.id, binding)
    return [
        KeyAction(id, tuple(keys[id]), binding.description, binding.tooltip) for id, binding in sorted(bindings.items())
    ]


def all_bindings() -> Iterator[Binding]:
    """Yield the bindings of all screens and widgets."""
    for module in _modules():
        for _, kind in inspect.getmembers(importlib.import_module(module), inspect.isclass):
            if kind.__module__ == module:
                yield from Binding.make_bindings(vars(kind).get("BINDINGS", []))


def _modules() -> Iterator[str]:
    yield "tui.app"
    for package in (tui.screens, tui.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield module.name
