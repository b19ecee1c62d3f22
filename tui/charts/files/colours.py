"""The colours of a picture: those of a theme of the program."""

from __future__ import annotations

from dataclasses import dataclass

from tui.themes import SERIES_COUNT, THEMES

DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 3", "9 3 2 3 2 3")
"""What tells curves apart without colour, beside the shapes on them."""


@dataclass(frozen=True)
class Colours:
    """All as `#rrggbb`."""

    background: str
    text: str
    quiet: str
    grid: str
    mark: str
    reference: str
    band: str
    error: str
    series: tuple[str, ...]


def colours_of(theme: str) -> Colours:
    """Return the colours of one of the program's themes; of the light one if there is none of this name."""
    chosen = THEMES.get(theme, THEMES["light"])
    variables = chosen.variables
    return Colours(
        background=str(chosen.background),
        text=str(chosen.foreground),
        quiet=variables["chart-reference"],
        grid=str(chosen.panel),
        mark=variables["chart-mark"],
        reference=variables["chart-reference"],
        band=variables["chart-band"],
        error=str(chosen.error),
        series=tuple(variables[f"series-{number}"] for number in range(1, SERIES_COUNT + 1)),
    )
