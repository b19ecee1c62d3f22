"""Bars of the reward terms: each term's weighted reward per second, to the right if it rewards, else to the left."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene
from tui.session.bars import bar
from tui.session.robot.lines import Line, Piece
from tui.session.robot.values import values_of
from tui.session.text import plain, shortened_names

_LONGEST_NAME, _VALUE, _WEIGHT = 20, 7, 7
_SHORTEST_BAR = 4
_WITH_WEIGHTS = 44
"""Cells from which on weights are shown: names and bars are more important."""
_ZERO = 5e-4
"""Values below this are shown as 0."""
_NICE = (1.0, 2.0, 5.0, 10.0)


def reward_lines(scene: Scene, recent: Sequence[RobotState], width: int, height: int) -> list[Line]:
    """Return a title and a line a term; where there are more terms than room, those that were largest lately."""
    values = values_of(recent[-1].rewards, len(scene.rewards)) if recent else None
    if values is None or height < 2:
        return []
    sizes = _recent_sizes(scene, recent)
    shown = _chosen(sizes, height - 1)
    weights = values_of(recent[-1].weights, len(scene.rewards)) if width >= _WITH_WEIGHTS else None
    scale = nice_above(float(sizes.max(initial=0.0)))
    rest = width - _VALUE - 1 - (_WEIGHT if weights is not None else 0)
    room = max(min(max(len(scene.rewards[term]) for term in shown), _LONGEST_NAME, rest - 2 * _SHORTEST_BAR - 1), 4)
    names = shortened_names([plain(scene.rewards[term]) for term in shown], room)
    half = max((rest - room - 1) // 2, 0)
    hidden = len(scene.rewards) - len(shown)
    title = "reward/s" + (f" (+{hidden} more)" if hidden else "")
    head = title.ljust(room + _VALUE) if weights is None else title.ljust(room + _VALUE) + "weight".rjust(_WEIGHT)
    lines: list[Line] = [((head, "label"), (f" ±{scale:g}".rjust(2 * half + 2) if half else "", "label"))]
    for term, name in zip(shown, names, strict=True):
        value = float(values[term])
        weight = "" if weights is None else f"{float(weights[term]):{_WEIGHT}.3g}"
        lines.append(
            (
                (f"{name:<{room}}", "plain"),
                _value(value),
                (weight, "label"),
                (" ", "plain"),
                *signed_bar(value / scale, half),
            )
        )
    return lines


def _value(value: float) -> Piece:
    if abs(value) < _ZERO:
        return "0".rjust(_VALUE), "label"
    return f"{value:+{_VALUE}.3f}"[: _VALUE + 1], "loss" if value < 0 else "gain"


def signed_bar(share: float, half: int) -> Line:
    """Return a bar of 2 · `half` + 1 cells with its zero in the middle; `share` is clipped to -1 to 1."""
    if half < 1:
        return ()
    if not math.isfinite(share):
        return ((" " * half, "plain"), ("?", "loss"), (" " * half, "plain"))
    length = round(min(abs(share), 1.0) * half * 2)
    left = ("▐" * (length % 2) + "█" * (length // 2)).rjust(half) if share < 0 else " " * half
    right = bar(min(share, 1.0), half).ljust(half) if share > 0 else " " * half
    return ((left, "loss"), ("│", "label"), (right, "gain"))


def nice_above(size: float) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that is at least `size`; 1 without a size."""
    if not (math.isfinite(size) and size > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return next(power * step for step in _NICE if power * step >= size * (1 - 1e-9))


def _recent_sizes(scene: Scene, recent: Sequence[RobotState]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the largest size of each term in these states."""
    sizes = np.zeros(len(scene.rewards))
    for state in recent:
        values = values_of(state.rewards, len(scene.rewards))
        if values is not None:
            sizes = np.fmax(sizes, np.where(np.isfinite(values), np.abs(values), 0))
    return sizes


def _chosen(sizes: np.ndarray[tuple[int], np.dtype[np.float64]], count: int) -> list[int]:
    """Return the `count` largest terms in the order of the scene."""
    return sorted(np.argsort(-sizes, kind="stable")[:count].tolist())
