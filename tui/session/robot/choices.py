"""Environments that can be watched, as choices to type or pick."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_proc.contract.robot import Scene, Selection
from tui.session.text import plain

_KINDS = {
    "best": ("best reward", "highest mean reward in its running episode"),
    "worst": ("worst reward", "lowest mean reward in its running episode"),
    "tilted": ("most tilted", "likely to fall next"),
    "noise-free": ("noise-free", "acts without exploration noise"),
    "random": ("random", "changes after each episode"),
}
_DIGITS = 9
"""Of the largest number that may be an environment's."""


@dataclass(frozen=True)
class Choice:
    """A selection with its title and what it means."""

    selection: Selection
    title: str
    text: str


def title_of(selection: Selection) -> str:
    """Return the title of a selection: `env 17`, `best reward`, `type stairs`."""
    if selection.kind in ("env", "type"):
        return f"{selection.kind} {plain(selection.value)}"
    return _KINDS[selection.kind][0] if selection.kind in _KINDS else selection.kind


def choices_for(scene: Scene, typed: str, viewer: str) -> list[Choice]:
    """Return the choices that fit what was typed: a number is an environment, other text is part of a title.

    `viewer` is this viewer's own key for a random environment, see `Selection.value`.
    """
    typed = typed.strip().lower()
    if typed.isdecimal():
        number = int(typed[:_DIGITS])
        if number >= scene.num_envs or len(typed) > _DIGITS:
            return []
        return [Choice(Selection("env", str(number)), f"env {number}", f"0 to {scene.num_envs - 1}")]
    found = [
        Choice(Selection(kind, viewer if kind == "random" else ""), title, text)
        for kind, (title, text) in _KINDS.items()
    ]
    found += [
        Choice(Selection("type", name), f"type {plain(name)}", "one of this terrain or task")
        for name in scene.environment_types
    ]
    matching = [choice for choice in found if typed in choice.title.lower()]
    return sorted(matching, key=lambda choice: not choice.title.lower().startswith(typed))
