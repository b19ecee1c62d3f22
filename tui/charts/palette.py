"""Colours of the program's themes as plain data, used by Textual themes and exported charts.

The colours of okabe-ito are those of Okabe and Ito, "Color Universal Design" (2002), with white for their black; those
of tol are from the scheme "muted" of Paul Tol, "Colour Schemes" (SRON/EPS/TN/09-002), with black as the eighth.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.session.interventions.marks import Author

SERIES_COUNT = 8
"""Colours of curves in each palette."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours of one theme, all as `#rrggbb`; `series` has `SERIES_COUNT` colours of curves."""

    series: tuple[str, ...]
    primary: str
    accent: str
    success: str
    warning: str
    error: str
    background: str
    surface: str
    panel: str
    foreground: str
    marks: dict[Author, str]
    """Colours of marks by the author of the change."""
    reference: str
    band: str
    dark: bool


PALETTES: dict[str, Palette] = {
    "dark": Palette(
        series=("#6fb1ff", "#f0a03c", "#3ddba0", "#dc7fb4", "#f5e663", "#c4674f", "#9468ff", "#d5eef5"),
        primary="#6fb1ff",
        accent="#f0a03c",
        success="#3ddba0",
        warning="#f0c05a",
        error="#ff7b72",
        background="#12161d",
        surface="#1a1f28",
        panel="#242b37",
        foreground="#dde3ea",
        marks={
            "user": "#f0c05a",
            "agent": "#accafa",
            "curriculum": "#3ddba0",
            "schedule": "#dc7fb4",
            "recording": "#4f9fff",
            "guard": "#ff5a50",
            "launch": "#d5dde6",
        },
        reference="#a9b4c2",
        band="#1d2b35",
        dark=True,
    ),
    "light": Palette(
        series=("#2173c1", "#e8420c", "#1b8a68", "#9c3684", "#75853f", "#8c1f2f", "#372be2", "#3b4350"),
        primary="#2173c1",
        accent="#a24a00",
        success="#157a5b",
        warning="#8f5a00",
        error="#b3261e",
        background="#fbfbf9",
        surface="#f1f1ee",
        panel="#e4e5e3",
        foreground="#1c2026",
        marks={
            "user": "#9a6400",
            "agent": "#3b0a61",
            "curriculum": "#157a5b",
            "schedule": "#9c3684",
            "recording": "#1f5fd0",
            "guard": "#8c1020",
            "launch": "#3b4350",
        },
        reference="#5a6270",
        band="#e3edf0",
        dark=False,
    ),
    "okabe-ito": Palette(
        series=("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#ffffff"),
        primary="#56b4e9",
        accent="#cc79a7",
        success="#56b4e9",
        warning="#f0e442",
        error="#ee7a1f",
        background="#101214",
        surface="#191c1f",
        panel="#25292d",
        foreground="#e6e6e6",
        marks={
            "user": "#f0e442",
            "agent": "#b8f8b8",
            "curriculum": "#009e73",
            "schedule": "#cc79a7",
            "recording": "#56b4e9",
            "guard": "#ee7a1f",
            "launch": "#d0d0d0",
        },
        reference="#b0b0b0",
        band="#1b2a33",
        dark=True,
    ),
    "tol": Palette(
        series=("#332288", "#cc6677", "#117733", "#882255", "#44aa99", "#999933", "#aa4499", "#111111"),
        primary="#332288",
        accent="#882255",
        success="#0b5394",
        warning="#7a6a00",
        error="#7a1034",
        background="#fcfcfb",
        surface="#f2f2f0",
        panel="#e5e5e2",
        foreground="#1a1a1a",
        marks={
            "user": "#7a6a00",
            "agent": "#1b69f6",
            "curriculum": "#0a5c2a",
            "schedule": "#c0359a",
            "recording": "#332288",
            "guard": "#5c0a26",
            "launch": "#555555",
        },
        reference="#555555",
        band="#e6e9f5",
        dark=False,
    ),
}
"""Palettes by the name of their theme."""


def palette_of(theme: str) -> Palette:
    """Return the palette of a theme; the light one if none has this name, as for the terminal's own colours."""
    return PALETTES.get(theme, PALETTES["light"])
