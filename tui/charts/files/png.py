"""Render SVG as PNG."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from curricula.errors import UserError
from tui.charts.files.svg_elements import FONT

ZOOM = 2.0
"""PNG pixels per SVG pixel."""

_TIMEOUT_SECONDS = 5.0


class FontError(UserError):
    """No font is installed; the message is one line that says what to do."""


def png_of(svg: str) -> bytes:
    """Return an SVG as PNG. Raises `FontError` if no font is installed."""
    family = _family()
    if family is None:
        raise FontError("no font found for the text of a PNG: install one (fonts-dejavu), or export SVG")
    return _rendered(svg, family)


@lru_cache(1)
def _family() -> str | None:
    """Return a font family that renders letters: the one of the pictures, or else the system's default."""
    return next((family for family in (FONT, _system_family()) if family and _renders_letters(family)), None)


def _renders_letters(family: str) -> bool:
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" font-family="{}">{}</svg>'
    letter = '<text x="2" y="16" font-size="16">H</text>'
    return _rendered(picture.format(family, letter), family) != _rendered(picture.format(family, ""), family)


def _system_family() -> str:
    """Return fontconfig's sans-serif family; empty without fontconfig."""
    command = shutil.which("fc-match")
    if command is None:
        return ""
    try:
        done = subprocess.run(
            [command, "-f", "%{family[0]}", "sans-serif"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _rendered(svg: str, family: str) -> bytes:
    import resvg_py

    return resvg_py.svg_to_bytes(svg_string=svg.replace(f'font-family="{FONT}"', f'font-family="{family}"'), zoom=ZOOM)
