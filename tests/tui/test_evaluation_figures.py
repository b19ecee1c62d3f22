"""Figures of evaluations: what becomes a heat map, a polar plot or rows, as cells and as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.tui.colour_vision import DEUTERANOPIA, NORMAL, PROTANOPIA, TRITANOPIA, contrast, distance, luminance
from tests.tui.evaluations import DIRECTIONS, commands, evaluation, pushes, quick, terrain
from trainer_proc.contract.evaluation import Axis, Cell, Measure
from tui.charts.canvas import BAND, STYLES
from tui.charts.figures.paint import figures_height, paint_figures
from tui.charts.figures.rose import sector_at
from tui.charts.files.figures_svg import figures_svg
from tui.charts.palette import PALETTES
from tui.charts.ramps import ramps_of, text_on
from tui.session.evaluations.evaluation_figures import figure_table, figures_of
from tui.session.evaluations.figures import Intervals, Labels, Matrix, Rose, Scale, difference_scale

SHARES = Scale(0.0, 1.0, "%", "higher")


def text_of(figures, width=100, **options):
    grid = paint_figures(figures, width, **options)
    return ["".join(text for text, _ in grid.segments(row)).rstrip() for row in range(grid.height)]


def styles_of(figures, width=100):
    grid = paint_figures(figures, width)
    return {STYLES[number & ~BAND] for row in range(grid.height) for _, number in grid.segments(row)}


# --- which figure ---


def test_a_suite_without_axes_shows_all_measures_on_scales_by_unit():
    shares, metres = figures_of(quick())
    assert [row.label for row in shares.rows] == ["success", "score"]
    assert [row.label for row in metres.rows] == ["error/linear"]
    assert (shares.scale.unit, metres.scale.unit) == ("%", "m/s")
    assert shares.rows[0].value == pytest.approx(23 / 24)


def test_commands_become_a_heat_map_and_rows_of_what_it_does_not_show():
    matrix, rows = figures_of(commands(), "error/linear")
    assert isinstance(matrix, Matrix)
    assert isinstance(rows, Intervals)
    assert (matrix.rows.name, matrix.rows.texts) == ("forward, m/s", ("1", "0.5", "0", "-0.5"))  # upwards
    assert matrix.columns.texts == ("-1", "-0.5", "0", "0.5", "1")
    assert matrix.values[0][4] == pytest.approx(0.05 + 0.2 + 0.1 + 0.015)  # forward 1, yaw 1
    assert [row.label for row in rows.rows] == ["lateral -0.2 m/s", "lateral 0.2 m/s"]


def test_pushes_become_a_polar_plot():
    (rose,) = figures_of(pushes())
    assert isinstance(rose, Rose)
    assert rose.directions == DIRECTIONS
    assert rose.rings.texts == ("0.25", "0.5", "1", "1.5", "2")
    assert rose.values[4][0] == 0.0  # 2 m/s forward
    assert rose.values[0][4] == 1.0


def test_terrains_become_a_heat_map_in_the_order_of_the_configuration():
    (matrix,) = figures_of(terrain())
    assert matrix.rows.texts[0] == "flat"
    assert matrix.columns.texts[-1] == "9"
    assert matrix.note == "10 episodes a cell"


def test_a_measure_that_no_episode_has_is_not_drawn():
    one = Cell(at={"a": 1.0}, episodes=1, values={"success": (1.0,), "recovery_time": (None,)})
    other = Cell(at={"a": 2.0}, episodes=1, values={"success": (0.0,), "recovery_time": (None,)})
    measures = (Measure("recovery_time", "s", "lower"), Measure("success", "", "higher"))
    whole = evaluation("pushes", (Axis("a", "", (1.0, 2.0)),), measures, (one, other))
    (rows,) = figures_of(whole)
    assert [(row.label, row.value) for row in rows.rows] == [("a 1", 1.0), ("a 2", 0.0)]
    assert figures_of(replace(whole, cells=())) == ()


def test_every_cell_is_drawn_once_whatever_the_axes():
    for whole in (commands(), pushes(), terrain()):
        drawn = 0
        for figure in figures_of(whole):
            if isinstance(figure, Intervals):
                drawn += len(figure.rows)
            else:
                drawn += sum(value is not None for line in figure.values for value in line)
        assert drawn == len(whole.cells)


@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=1, max_size=4, unique=True).map(sorted),
    st.lists(st.sampled_from(["a", "nominal", "c"]), min_size=1, max_size=3, unique=True),
    st.data(),
)
def test_cells_of_any_subset_of_a_grid_are_drawn(numbers, names, data):
    places = [(number, name) for number in numbers for name in names]
    kept = data.draw(st.lists(st.sampled_from(places), min_size=1, unique=True))
    cells = [Cell(at={"n": number, "w": name}, episodes=1, values={"s": (0.5,)}) for number, name in kept]
    axes = (Axis("n", "m", tuple(numbers)), Axis("w", "", tuple(names)))
    figures = figures_of(evaluation("terrain", axes, (Measure("s"),), cells))
    text = "\n".join(text_of(figures))
    assert text.count("50") >= len(kept)


# --- as cells ---


@pytest.mark.parametrize("width", [1, 3, 10, 20, 40, 60, 80, 120, 200])
def test_pictures_have_their_width_and_height(width):
    for whole in (quick(), commands(), pushes(), terrain()):
        figures = figures_of(whole)
        grid = paint_figures(figures, width)
        assert (grid.width, grid.height) == (width, figures_height(figures, width))


def test_nothing_is_painted_without_room_or_figures():
    assert paint_figures(figures_of(quick()), 0).height == 0
    assert paint_figures((), 80).height == 0


def test_numbers_stand_in_the_cells_and_the_ramp_names_its_ends():
    lines = text_of(figures_of(commands(), "error/linear"))
    assert "0.29" in lines[4]  # forward 0.5, yaw 1
    assert lines[7].startswith("worse 0.500 m/s")
    assert "0.000 m/s better" in lines[7]


def test_without_colour_the_ramp_and_the_polar_plot_have_glyphs():
    shown = "\n".join(text_of(figures_of(pushes()), with_glyphs=True))
    assert all(glyph in shown for glyph in "░▒▓█")
    assert not any(glyph in "\n".join(text_of(figures_of(pushes()))) for glyph in "░▒▓█")


def test_narrow_cells_have_glyphs_instead_of_numbers():
    levels = Labels("level", tuple(map(str, range(50))))
    matrix = Matrix("success, %", Labels("terrain", ("rough",)), levels, (tuple(n / 49 for n in range(50)),), SHARES)
    row = text_of((matrix,), 60)[3]
    assert row.endswith("█")
    assert "100" not in row
    assert "20 more columns: widen the terminal" in text_of((matrix,), 38)[4]


def test_a_polar_plot_without_room_is_a_heat_map():
    (rose,) = figures_of(pushes())
    lines = text_of((rose,), 50)
    assert [line.split()[0] for line in lines[3:11]] == [
        *("forward", "45°", "left", "135°", "back", "225°", "right", "315°"),
    ]


def test_sectors_are_where_their_directions_point():
    (rose,) = figures_of(pushes())
    assert sector_at(0, 1, rose) == (0, 0)  # ahead
    assert sector_at(1, 0, rose) == (0, 2)  # to the left
    assert sector_at(0, -4, rose) == (1, 4)
    assert sector_at(-9, 0, rose) == (4, 6)
    assert sector_at(0, 0, rose) is None
    assert sector_at(0, 11, rose) is None


def test_differences_have_signs_and_two_colours():
    scale = difference_scale([0.2, -0.1], SHARES)
    matrix = Matrix("d", Labels("r", ("x",)), Labels("c", ("1", "2", "3")), ((0.2, -0.1, 0.0),), scale)
    assert {"better-4", "worse-2", "plain"} <= styles_of((matrix,))
    line = text_of((matrix,))[3]
    assert "+20" in line
    assert "-10" in line
    lower = Matrix("d", matrix.rows, matrix.columns, matrix.values, difference_scale([0.2], Scale(0, 1, "m", "lower")))
    assert {"worse-4", "better-2"} <= styles_of((lower,))


def test_a_difference_without_any_has_a_scale():
    scale = difference_scale([0.0, None], SHARES)
    assert scale.low < 0 < scale.high


@given(st.floats(1e-9, 1e9), st.floats(0, 1))
def test_values_have_short_texts(largest, share):
    text = Scale(0.0, largest).text(largest * share)
    assert float(text) == pytest.approx(largest * share, abs=largest * 0.06)
    assert len(text) <= 7


# --- colours ---


@pytest.mark.parametrize("dark", [True, False])
def test_numbers_can_be_read_on_every_shade(dark):
    for colour in ramps_of(dark).named().values():
        assert contrast(text_on(colour), colour) >= 4.5


def test_the_ramp_grows_lighter_to_everybody():
    heat = ramps_of(True).heat
    lightness = [luminance(colour) for colour in heat]
    assert lightness == sorted(lightness)
    for vision in (NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA):
        steps = [distance(one, other, vision) for one, other in pairwise(heat)]
        assert min(steps) > 4


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
def test_better_and_worse_are_told_apart_by_the_colour_blind(dark, vision):
    ramps = ramps_of(dark)
    for worse, better in zip(ramps.worse[1:], ramps.better[1:], strict=True):
        assert distance(worse, better, vision) > 15


# --- as SVG ---


@pytest.mark.parametrize("theme", PALETTES)
def test_the_svg_is_well_formed_and_has_every_number(theme):
    whole = commands()
    svg = figures_svg(figure_table(whole), PALETTES[theme], "model_850.pt <commands>")
    root = ElementTree.fromstring(svg)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "model_850.pt <commands>" in texts
    assert {"success, %", "error/linear, m/s", "velocity/forward, m/s", "0.290"} <= set(texts)


def test_the_svg_of_an_evaluation_without_values_says_so():
    svg = figures_svg(figure_table(replace(quick(), cells=())), PALETTES["light"], "empty")
    assert "nothing was measured" in svg


def test_the_svg_of_a_polar_plot_has_a_sector_for_each_cell():
    svg = figures_svg(figure_table(pushes()), PALETTES["dark"], "pushes")
    assert svg.count("A") >= 2 * 40
    assert "forward" in svg
