"""Meanings of the colours in a picture of a robot."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

from trainer_proc.contract.robot import Scene
from tui.session.robot.lines import Meaning

LEVELS = 4
"""Shades of each part, from dark to light."""
Part: TypeAlias = Literal["body", "left", "right"]
PARTS: tuple[Part, ...] = ("body", "left", "right")
SHADES = tuple(f"{part}-{level}" for part in PARTS for level in range(1, LEVELS + 1))
ROBOT_STYLES: tuple[str, ...] = (*get_args(Meaning), "ground", *SHADES)
"""All styles, those of texts first; a grid of a robot's picture stores indices into this tuple."""
ROBOT_STYLE_NUMBERS = {name: number for number, name in enumerate(ROBOT_STYLES)}

_LEFT = re.compile(r"(^|[_/.-])(l|left|fl|rl|lf|lh|hl|bl)($|[_/.-])", re.IGNORECASE)
_RIGHT = re.compile(r"(^|[_/.-])(r|right|fr|rr|rf|rh|hr|br)($|[_/.-])", re.IGNORECASE)


def parts_of(scene: Scene) -> tuple[Part, ...]:
    """Return for each body whether it is of the left or the right side, by its name or its parent's."""
    parts: list[Part] = []
    for number, name in enumerate(scene.bodies):
        parent = scene.parents[number] if number < len(scene.parents) else -1
        inherited: Part = parts[parent] if 0 <= parent < number else "body"
        parts.append("left" if _LEFT.search(name) else "right" if _RIGHT.search(name) else inherited)
    return tuple(parts)
