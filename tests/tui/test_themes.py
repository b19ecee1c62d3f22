"""Contrast and distance of the colours of all themes, also for colour-blind users."""

from __future__ import annotations

import pytest
from textual.color import Color

from tests.tui.colour_vision import (
    DEUTERANOPIA,
    NORMAL,
    PROTANOPIA,
    TRITANOPIA,
    ciede2000,
    contrast,
    distance,
    nearest_pair,
    seen,
)
from tui.charts.files.svg_elements import DASHES
from tui.charts.palette import SERIES_COUNT, palette_of
from tui.session.interventions.marks import AUTHORS
from tui.themes import SIXTEEN_DARK, THEMES, no_colour_theme, sixteen_colours_theme

SAFE = ("okabe-ito", "tol")


def series(theme):
    return [THEMES[theme].variables[f"series-{number}"] for number in range(1, SERIES_COUNT + 1)]


def marks(theme):
    return [THEMES[theme].variables[f"chart-mark-{author}"] for author in AUTHORS]


def colours_in(theme):
    return [value for name, value in theme.variables.items() if not name.endswith("text-style")]


def test_the_distance_is_that_of_the_published_test_data():
    """Pairs 1, 7 and 17 of Sharma, Wu and Dalal (2005), table 1."""
    assert ciede2000((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((50.0, 0.0, 0.0), (50.0, -1.0, 2.0)) == pytest.approx(2.3669, abs=1e-4)
    assert ciede2000((50.0, 2.5, 0.0), (73.0, 25.0, -18.0)) == pytest.approx(27.1492, abs=1e-4)


def test_red_and_green_become_alike_to_the_colour_blind():
    assert distance("#b22222", "#228b22") > 50
    assert distance("#a0522d", "#556b2f", DEUTERANOPIA) < 0.5 * distance("#a0522d", "#556b2f")
    visions = (PROTANOPIA, DEUTERANOPIA, TRITANOPIA)
    assert all(0 <= value <= 1 for matrix in visions for value in seen("#ff00ff", matrix))


@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
@pytest.mark.parametrize("theme", SAFE)
def test_curves_are_told_apart_by_the_colour_blind(theme, vision):
    apart, one, other = nearest_pair(series(theme), vision)
    assert apart >= 10, (one, other)


@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA])
@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme not in SAFE])
def test_the_usual_curves_are_told_apart_by_most(theme, vision):
    apart, one, other = nearest_pair(series(theme), vision)
    assert apart >= 9, (one, other)


@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
@pytest.mark.parametrize("theme", THEMES)
def test_authors_of_marks_are_told_apart(theme, vision):
    apart, one, other = nearest_pair(marks(theme), vision)
    assert apart >= 10, (one, other)


def test_authors_of_marks_have_colours_where_the_terminal_has_sixteen():
    variables = sixteen_colours_theme(True).variables
    assert len({variables[f"chart-mark-{author}"] for author in AUTHORS}) == len(AUTHORS)


@pytest.mark.parametrize("theme", SAFE)
@pytest.mark.parametrize("vision", [PROTANOPIA, DEUTERANOPIA])
def test_what_is_wrong_and_what_is_right_are_told_apart_by_the_colour_blind(theme, vision):
    chosen = THEMES[theme]
    assert nearest_pair([chosen.success, chosen.warning, chosen.error], vision)[0] >= 10


@pytest.mark.parametrize("name", THEMES)
def test_everything_can_be_read(name):
    """WCAG 2: 4.5 for text, 3 for what is drawn; the paler two of Tol's eight are 2.7 on white."""
    theme = THEMES[name]
    for ground in (theme.background, theme.surface, theme.panel):
        assert contrast(theme.foreground, ground) >= 7
    for colour in (theme.primary, theme.accent, theme.success, theme.warning, theme.error):
        assert contrast(colour, theme.background) >= 4.5, colour
    for colour in (*series(name), theme.variables["chart-reference"]):
        assert contrast(colour, theme.background) >= (2.6 if name == "tol" else 3), colour
    for colour in marks(name):  # labels of marks are text
        assert contrast(colour, theme.background) >= 4.5, colour
    cursor = theme.variables["block-cursor-foreground"], theme.variables["block-cursor-background"]
    assert contrast(*cursor) >= 4.5
    assert theme.dark == (contrast(theme.background, "#000000") < 3)


def test_curves_and_marks_can_be_seen_on_a_band():
    for name, theme in THEMES.items():
        band = theme.variables["chart-band"]
        assert all(contrast(colour, band) >= 2.2 for colour in (*series(name), *marks(name)))


def test_every_theme_has_the_same_variables():
    names = set(THEMES["dark"].variables)
    assert all(set(theme.variables) == names for theme in THEMES.values())
    assert names <= set(no_colour_theme().variables)
    assert {f"series-{number}" for number in range(1, SERIES_COUNT + 1)} <= set(sixteen_colours_theme(True).variables)


@pytest.mark.parametrize("theme", [*THEMES.values(), sixteen_colours_theme(True), sixteen_colours_theme(False)])
def test_no_two_curves_have_the_same_colour(theme):
    colours = [theme.variables[f"series-{number}"] for number in range(1, SERIES_COUNT + 1)]
    assert len(set(colours)) == SERIES_COUNT


def test_without_colour_there_is_none():
    assert {Color.parse(value).ansi for value in colours_in(no_colour_theme())} == {-1}


@pytest.mark.parametrize("dark", [True, False])
def test_sixteen_colours_are_the_terminals_own(dark):
    theme = sixteen_colours_theme(dark)
    assert (theme.dark, theme.name == SIXTEEN_DARK) == (dark, dark)
    assert all(Color.parse(value).ansi is not None for value in colours_in(theme))
    assert Color.parse(theme.background).ansi == -1


def test_pictures_have_the_colours_of_the_theme_and_more_than_colours():
    for name in THEMES:
        colours = palette_of(name)
        assert colours.series == tuple(series(name))
        assert colours.background == THEMES[name].background
    assert palette_of("nord") == palette_of("light")
    assert len(set(DASHES)) == SERIES_COUNT
