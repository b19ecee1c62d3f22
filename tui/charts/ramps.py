"""Colours of heat maps: one ramp for values, and two for differences, worse and better.

The ramp of values is viridis, whose lightness rises evenly, also for colour-blind users: S. van der Walt, N. Smith,
"A Better Default Colormap for Matplotlib", SciPy 2015. Differences are orange and blue, which no common form of
colour blindness confuses.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAT_COUNT = 9
"""Colours of the ramp of values."""
DIFFERENCE_COUNT = 4
"""Colours of differences in each direction."""


@dataclass(frozen=True)
class Ramps:
    """Colours as `#rrggbb`: `heat` from the worse or lower end, `worse` and `better` from small differences on."""

    heat: tuple[str, ...]
    worse: tuple[str, ...]
    better: tuple[str, ...]

    def named(self) -> dict[str, str]:
        """Return all colours by name: `heat-1` to `better-4`."""
        ramps = {"heat": self.heat, "worse": self.worse, "better": self.better}
        return {f"{name}-{n}": colour for name, ramp in ramps.items() for n, colour in enumerate(ramp, start=1)}


_VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
_DARK = Ramps(
    heat=_VIRIDIS,
    worse=("#46331f", "#75501f", "#b07424", "#f0a03c"),
    better=("#20344f", "#295380", "#3f82c4", "#6fb1ff"),
)
_LIGHT = Ramps(
    heat=_VIRIDIS,
    worse=("#fbe3c5", "#f5bd7a", "#e08a2c", "#b35806"),
    better=("#d5e4f5", "#a3c4e8", "#5b94d0", "#1f5fb0"),
)


def ramps_of(dark: bool) -> Ramps:
    """Return the ramps for a dark or a light background."""
    return _DARK if dark else _LIGHT


def text_on(colour: str) -> str:
    """Return black or white, whichever contrasts more with a background (WCAG 2); at least 4.5."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    luminance = sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"
