"""SVG elements: lines, texts and signs; coordinates are in pixels, with at most one decimal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from tui.session.interventions.marks import MarkKind
from tui.session.text import plain

FONT = "DejaVu Sans, Liberation Sans, Noto Sans, Helvetica, Arial, sans-serif"
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 3", "9 3 2 3 2 3")
"""Dash patterns that distinguish curves without colour, beside the shapes on them."""

SMALL, NORMAL, LARGE = 11, 12, 15
"""Font sizes in pixels."""

_SHAPES = (
    "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0",
    "M-3,-3h6v6h-6z",
    "M0,-4l4,7h-8z",
    "M0,-5L1.2,-1.7L4.8,-1.5L2,0.6L2.9,4L0,2.1L-2.9,4L-2,0.6L-4.8,-1.5L-1.2,-1.7z",
)
"""Paths of `CURVE_GLYPHS`: circle, square, triangle and star; the other four are hollow."""
_INNER = "M-1.2,0a1.2,1.2 0 1,0 2.4,0a1.2,1.2 0 1,0 -2.4,0"
"""Inside the hollow circle, which would otherwise look like the sign of a mark."""
_MARKS: dict[MarkKind, str] = {
    "user": "M-4,-4h8l-4,8z",
    "agent": "M-4,-4h8l-4,8z",
    "curriculum": "M0,-4.5l4.5,4.5l-4.5,4.5l-4.5,-4.5z",
    "schedule": "M0,-4.5l4.5,4.5l-4.5,4.5l-4.5,-4.5z",
    "recording": "M-3,-4l7,4l-7,4z",
    "ramp": "M-4,4h8v-8z",
    "guard": "M-3,-4l7,8M4,-4l-7,8",
    "launch": "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0",
}
"""Signs of marks as paths, so that no font needs them."""
_HOLLOW = ("agent", "guard", "launch", "schedule", "recording")


def text(
    x: float, y: float, words: str, colour: str, *, size: int = NORMAL, anchor: str = "start", bold: bool = False
) -> str:
    """Return one line of text; `anchor` is start, middle or end."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(plain(words))}</text>"
    )


def text_width(words: str, size: int = NORMAL) -> float:
    """Estimate the width of a text in pixels, without a font."""
    return 0.58 * size * len(words)


def line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def path(
    x: NDArray[np.float64], y: NDArray[np.float64], colour: str, *, width: float, dash: str = "", opacity: float = 1
) -> str:
    """Return lines through points, interrupted where `y` is not finite; an isolated point is a dot."""
    commands: list[str] = []
    finite = np.isfinite(y)
    starts = np.flatnonzero(finite & ~np.concatenate(([False], finite[:-1])))
    ends = np.flatnonzero(finite & ~np.concatenate((finite[1:], [False]))) + 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        pairs = [f"{a:.1f},{b:.1f}" for a, b in zip(x[start:end].tolist(), y[start:end].tolist(), strict=True)]
        commands.append(f"M{pairs[0]}" + ("h0" if len(pairs) == 1 else "L" + " ".join(pairs[1:])))
    if not commands:
        return ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return (
        f'<path d="{"".join(commands)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashes}{faint}/>'
    )


def polygon(
    x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64], colour: str, edge: str
) -> str:
    """Return the area between two lines over the same places, all of shape (k,) and finite."""
    there = zip(x.tolist(), top.tolist(), strict=True)
    back = zip(x[::-1].tolist(), bottom[::-1].tolist(), strict=True)
    corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in (*there, *back))
    return f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.75" stroke="{edge}" stroke-width="0.8"/>'


def sector(x: float, y: float, radii: tuple[float, float], angles: tuple[float, float], colour: str, edge: str) -> str:
    """Return the part of a ring around (x, y) between two angles, in radians from the top, counter-clockwise."""
    (inner, outer), (first, last) = radii, angles
    corners = ((outer, first), (outer, last), (inner, last), (inner, first))
    points = [f"{x - radius * math.sin(angle):.1f},{y - radius * math.cos(angle):.1f}" for radius, angle in corners]
    large = int(last - first > math.pi)
    arcs = f"M{points[0]}A{outer:g},{outer:g} 0 {large},0 {points[1]}L{points[2]}"
    arcs += f"A{inner:g},{inner:g} 0 {large},1 {points[3]}Z"
    return f'<path d="{arcs}" fill="{colour}" stroke="{edge}" stroke-width="1"/>'


def shape(number: int, x: float, y: float, colour: str, background: str) -> str:
    """Return the shape that distinguishes curve `number` (from 0) without colour."""
    hollow, which = divmod(number % (2 * len(_SHAPES)), len(_SHAPES))
    outline = _SHAPES[which] + _INNER * bool(hollow and not which)
    fill, edge, width = (background, colour, 1.2) if hollow else (colour, background, 0.8)
    return f'<path d="{outline}" {_at(x, y)} fill="{fill}" stroke="{edge}" stroke-width="{width}"/>'


def mark_sign(kind: MarkKind, x: float, y: float, colour: str, title: str = "") -> str:
    """Return the sign of a kind of mark; viewers show `title` as a tooltip."""
    fill = "none" if kind in _HOLLOW else colour
    tooltip = f"<title>{escape(plain(title))}</title>" if title else ""
    return f'<path d="{_MARKS[kind]}" {_at(x, y)} fill="{fill}" stroke="{colour}" stroke-width="1.3">{tooltip}</path>'


def cross(x: float, y: float, colour: str) -> str:
    """Return the sign of a value that is not finite."""
    return f'<path d="M-3,-3l6,6M3,-3l-6,6" {_at(x, y)} stroke="{colour}" stroke-width="1.5"/>'


def document(parts: Iterable[str], *, width: float, height: float, background: str, title: str) -> str:
    """Return a whole SVG file."""
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}">\n<title>{escape(plain(title))}</title>\n'
        f'<rect width="100%" height="100%" fill="{background}"/>\n{body}\n</svg>\n'
    )


def _at(x: float, y: float) -> str:
    return f'transform="translate({x:.1f},{y:.1f})"'
