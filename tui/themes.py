"""Textual themes: dark and light, one of each safe for colour-blind users, and one without colours for `NO_COLOR`."""

from __future__ import annotations

from textual.theme import Theme

from tui.charts.palette import PALETTES, Palette
from tui.charts.ramps import ramps_of, text_on

NO_COLOUR = "no-colour"
"""The theme under `NO_COLOR`: only the terminal's own foreground and background."""

SIXTEEN_DARK, SIXTEEN_LIGHT = "16-colours-dark", "16-colours-light"
"""The themes on terminals with 16 colours; they name the terminal's colours, so the user's palette is respected."""


def _theme(theme: str, palette: Palette) -> Theme:
    """Return the theme of a palette; `$text-success`, `$text-warning` and the like keep its exact colours."""
    written = ("primary", "accent", "success", "warning", "error")
    variables = {f"text-{role}": str(getattr(palette, role)) for role in written}
    variables |= {f"series-{number}": colour for number, colour in enumerate(palette.series, start=1)}
    variables |= {f"chart-mark-{author}": colour for author, colour in palette.marks.items()}
    variables |= {"chart-reference": palette.reference, "chart-band": palette.band}
    for name, colour in ramps_of(palette.dark).named().items():
        variables |= {name: colour, f"{name}-text": text_on(colour)}
    variables |= {"block-cursor-foreground": palette.background, "block-cursor-background": palette.primary}
    variables |= {"footer-key-foreground": palette.primary, "border": palette.primary}
    return Theme(
        theme,
        primary=palette.primary,
        secondary=palette.primary,
        accent=palette.accent,
        success=palette.success,
        warning=palette.warning,
        error=palette.error,
        background=palette.background,
        surface=palette.surface,
        panel=palette.panel,
        foreground=palette.foreground,
        dark=palette.dark,
        variables=variables,
    )


THEMES = {name: _theme(name, palette) for name, palette in PALETTES.items()}
"""Themes that the user can choose, by name."""


def no_colour_theme() -> Theme:
    """Return the theme that uses only the terminal's own two colours; `app.tcss` sets other text styles instead."""
    return _theme_of_the_terminal(NO_COLOUR, dict.fromkeys(THEMES["dark"].variables, _OWN), dark=True)


def sixteen_colours_theme(dark: bool) -> Theme:
    """Return a theme for terminals with 16 colours; the nearest ones to a palette's would be grey on grey."""
    bright = "bright_" if dark else ""
    named = {name: f"ansi_{bright}{name}" for name in ("blue", "yellow", "green", "magenta", "cyan", "red")}
    if not dark:
        named["yellow"] = "ansi_bright_black"  # yellow on white is unreadable
    series = [named[name] for name in ("blue", "yellow", "green", "magenta", "cyan", "red")]
    series += ["ansi_blue" if dark else "ansi_bright_blue", _OWN]
    variables = {f"series-{number}": colour for number, colour in enumerate(series, start=1)}
    variables |= {f"chart-mark-{author}": named.get(colour, _OWN) for author, colour in _MARKS.items()}
    variables |= {"chart-reference": _OWN, "chart-band": _OWN}
    variables |= _sixteen_shades()
    variables |= {f"text-{name}": named[colour] for name, colour in _SIXTEEN.items()}
    variables |= {"block-cursor-background": "ansi_blue", "block-cursor-foreground": "ansi_bright_white"}
    variables |= {"block-cursor-text-style": "bold"}
    variables |= {"border": named["blue"], "footer-key-foreground": named["blue"], "scrollbar": named["blue"]}
    theme = _theme_of_the_terminal(SIXTEEN_DARK if dark else SIXTEEN_LIGHT, variables, dark)
    theme.primary, theme.accent, theme.success = named["blue"], named["magenta"], named["green"]
    theme.warning, theme.error = named["yellow"], named["red"]
    return theme


def _sixteen_shades() -> dict[str, str]:
    """Return the backgrounds of heat maps: three for values, one for a difference in each direction."""
    named = ramps_of(dark=True).named()
    heat = ("blue",) * 3 + ("cyan",) * 3 + ("yellow",) * 3
    colours = dict(zip(named, heat, strict=False))
    colours |= {name: "yellow" if name.startswith("worse") else "blue" for name in named if name not in colours}
    shades = {name: f"ansi_{colour}" for name, colour in colours.items()}
    texts = {"blue": "ansi_bright_white", "cyan": "ansi_black", "yellow": "ansi_black"}
    return shades | {f"{name}-text": texts[colour] for name, colour in colours.items()}


_OWN = "ansi_default"
_MARKS = {
    "user": "yellow",
    "agent": "blue",
    "curriculum": "green",
    "schedule": "magenta",
    "recording": "cyan",
    "guard": "red",
    "launch": "",
}
_SIXTEEN = {"primary": "blue", "accent": "magenta", "success": "green", "warning": "yellow", "error": "red"}


def _theme_of_the_terminal(name: str, variables: dict[str, str], dark: bool) -> Theme:
    own = {"ansi-background": _OWN, "ansi-foreground": _OWN}  # required by Textual for ANSI themes
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
