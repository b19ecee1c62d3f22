"""The program's colours: a dark and a light theme, one of each for the colour-blind, and none at all for `NO_COLOR`.

The colours of okabe-ito are those of Okabe and Ito, "Color Universal Design" (2002), with white for their black; those
of tol are from the scheme "muted" of Paul Tol, "Colour Schemes" (SRON/EPS/TN/09-002), with black as the eighth.
"""

from __future__ import annotations

from textual.theme import Theme

NO_COLOUR = "no-colour"
"""The theme under `NO_COLOR`: the terminal's own two colours, and no others."""

SIXTEEN_DARK, SIXTEEN_LIGHT = "16-colours-dark", "16-colours-light"
"""The themes on terminals with no more colours; their own, so that a person's own palette is respected."""

SERIES_COUNT = 8
"""Colours of curves: theme variables `series-1` to `series-8`."""


def _theme(
    name: str,
    series: tuple[str, ...],
    *,
    primary: str,
    accent: str,
    success: str,
    warning: str,
    error: str,
    background: str,
    surface: str,
    panel: str,
    foreground: str,
    mark: str,
    reference: str,
    band: str,
    dark: bool,
) -> Theme:
    """Return a theme; what is written in `success`, `warning` and `error` has just these colours."""
    written = {"primary": primary, "accent": accent, "success": success, "warning": warning, "error": error}
    variables = {f"text-{name}": colour for name, colour in written.items()}
    variables |= {f"series-{number}": colour for number, colour in enumerate(series, start=1)}
    variables |= {"chart-mark": mark, "chart-reference": reference, "chart-band": band}
    variables |= {"block-cursor-foreground": background, "block-cursor-background": primary}
    variables |= {"footer-key-foreground": primary, "border": primary}
    return Theme(
        name,
        primary=primary,
        secondary=primary,
        accent=accent,
        success=success,
        warning=warning,
        error=error,
        background=background,
        surface=surface,
        panel=panel,
        foreground=foreground,
        dark=dark,
        variables=variables,
    )


_DARK = _theme(
    "dark",
    ("#6fb1ff", "#f0a03c", "#3ddba0", "#dc7fb4", "#f5e663", "#c4674f", "#9468ff", "#d5eef5"),
    primary="#6fb1ff",
    accent="#f0a03c",
    success="#3ddba0",
    warning="#f0c05a",
    error="#ff7b72",
    background="#12161d",
    surface="#1a1f28",
    panel="#242b37",
    foreground="#dde3ea",
    mark="#f0c05a",
    reference="#a9b4c2",
    band="#1d2b35",
    dark=True,
)
_LIGHT = _theme(
    "light",
    ("#2173c1", "#e8420c", "#1b8a68", "#9c3684", "#75853f", "#8c1f2f", "#372be2", "#3b4350"),
    primary="#2173c1",
    accent="#a24a00",
    success="#157a5b",
    warning="#8f5a00",
    error="#b3261e",
    background="#fbfbf9",
    surface="#f1f1ee",
    panel="#e4e5e3",
    foreground="#1c2026",
    mark="#8f5a00",
    reference="#5a6270",
    band="#e3edf0",
    dark=False,
)
_OKABE_ITO = _theme(
    "okabe-ito",
    ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#ffffff"),
    primary="#56b4e9",
    accent="#cc79a7",
    success="#56b4e9",
    warning="#f0e442",
    error="#ee7a1f",
    background="#101214",
    surface="#191c1f",
    panel="#25292d",
    foreground="#e6e6e6",
    mark="#f0e442",
    reference="#b0b0b0",
    band="#1b2a33",
    dark=True,
)
_TOL = _theme(
    "tol",
    ("#332288", "#cc6677", "#117733", "#882255", "#44aa99", "#999933", "#aa4499", "#111111"),
    primary="#332288",
    accent="#882255",
    success="#0b5394",
    warning="#7a6a00",
    error="#7a1034",
    background="#fcfcfb",
    surface="#f2f2f0",
    panel="#e5e5e2",
    foreground="#1a1a1a",
    mark="#7a6a00",
    reference="#555555",
    band="#e6e9f5",
    dark=False,
)

THEMES = {theme.name: theme for theme in (_DARK, _LIGHT, _OKABE_ITO, _TOL)}
"""Those that can be chosen, by name."""


def no_colour_theme() -> Theme:
    """Return the theme in which everything has the terminal's own two colours; `app.tcss` tells parts otherwise."""
    return _theme_of_the_terminal(NO_COLOUR, dict.fromkeys(_DARK.variables, _OWN), dark=True)


def sixteen_colours_theme(dark: bool) -> Theme:
    """Return a theme for terminals with 16 colours: the nearest of those to ours would be grey on grey."""
    bright = "bright_" if dark else ""
    named = {name: f"ansi_{bright}{name}" for name in ("blue", "yellow", "green", "magenta", "cyan", "red")}
    if not dark:
        named["yellow"] = "ansi_bright_black"  # yellow on white can't be read
    series = [named[name] for name in ("blue", "yellow", "green", "magenta", "cyan", "red")]
    variables = {f"series-{number}": colour for number, colour in enumerate([*series, "ansi_blue", _OWN], start=1)}
    variables |= {"chart-mark": named["yellow"], "chart-reference": _OWN, "chart-band": _OWN}
    variables |= {f"text-{name}": named[colour] for name, colour in _SIXTEEN.items()}
    variables |= {"block-cursor-background": "ansi_blue", "block-cursor-foreground": "ansi_bright_white"}
    variables |= {"block-cursor-text-style": "bold"}
    variables |= {"border": named["blue"], "footer-key-foreground": named["blue"], "scrollbar": named["blue"]}
    theme = _theme_of_the_terminal(SIXTEEN_DARK if dark else SIXTEEN_LIGHT, variables, dark)
    theme.primary, theme.accent, theme.success = named["blue"], named["magenta"], named["green"]
    theme.warning, theme.error = named["yellow"], named["red"]
    return theme


_OWN = "ansi_default"
_SIXTEEN = {"primary": "blue", "accent": "magenta", "success": "green", "warning": "yellow", "error": "red"}


def _theme_of_the_terminal(name: str, variables: dict[str, str], dark: bool) -> Theme:
    own = {"ansi-background": _OWN, "ansi-foreground": _OWN}  # which Textual asks of such a theme
    own |= {"block-cursor-background": _OWN, "block-cursor-foreground": _OWN, "block-cursor-text-style": "bold reverse"}
    return Theme(
        name,
        ansi=True,
        dark=dark,
        primary=_OWN,
        secondary=_OWN,
        accent=_OWN,
        success=_OWN,
        warning=_OWN,
        error=_OWN,
        foreground=_OWN,
        background=_OWN,
        surface=_OWN,
        panel=_OWN,
        boost=_OWN,
        variables={**own, **variables},
    )
