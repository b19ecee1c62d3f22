"""The picture of a chart: axes, curves, marks, legend and small sizes."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.drawn_chart import draw
from tui.charts.axes import format_value, value_axis
from tui.charts.canvas import MARK_STYLES, STYLES, CellGrid, changed_spans, fit_text, plain_text
from tui.charts.description import Band, ChartDescription, Marks, Reference
from tui.charts.drawing import Painter
from tui.charts.legend import CURVE_GLYPHS
from tui.charts.view import ChartView, rounded_end
from tui.charts.x_axis import place_ticks
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import MARK_SIGNS, Mark
from tui.session.metrics.series import Series


def series_of(ys, start=0, step=1):
    series = Series()
    series.extend([start + step * index for index in range(len(ys))], ys)
    return series


def described(marks=(), **description):
    return ChartDescription(marks=(Marks(tuple(marks)),), **description)


def picture(**description):
    return ["".join(text for text, _ in line) for line in draw(described(**description))]


def one_curve(ys):
    return (Curve("curve", series_of(ys)),)


def cells_of_style(description, style):
    found = []
    for row, line in enumerate(draw(description)):
        column = 0
        for text, name in line:
            found += [(row, column + offset, character) for offset, character in enumerate(text) if name == style]
            column += len(text)
    return found


def test_a_rising_line():
    assert picture(title="reward", width=20, height=8, curves=one_curve([0, 1, 2, 3, 4])) == [
        "reward             4",
        "4┤              ⢀⡠⠔⠊",
        " │           ⢀⠤⠊⠁   ",
        "2┤       ⢀⡠⠔⠊⠁      ",
        " │   ⢀⡠⠔⠊⠁          ",
        "0┤⡠⠔⠊⠁              ",
        " └┬───┬────┬───┬───┬",
        "  0   1    2   3   4",
    ]


def test_a_low_chart_has_no_line_under_the_curve():
    assert picture(title="reward", width=16, height=6, curves=one_curve([0, 0, 10, 0, 0, 0])) == [
        "reward         0",
        "10┤    ⢠⢣       ",
        "  │    ⡎⠈⡆      ",
        " 5┤   ⡸  ⠸⡀     ",
        " 0┤⣀⣀⣠⠃   ⢣⣀⣀⣀⣀⣀",
        "   0    2    4  ",
    ]


def test_non_finite_values_interrupt_the_curve_and_are_marked():
    assert picture(title="reward", width=24, height=6, curves=one_curve([1, 2, math.nan, math.inf, 2, 1])) == [
        "reward                 1",
        "2.0┤   ⢠⠃          ⠘⡄   ",
        "   │  ⢠⠃            ⠘⡄  ",
        "1.5┤ ⡰⠁              ⠈⢆ ",
        "1.0┤⡰⠁      ×  ×      ⠈⢆",
        "    0   1   2  3   4   5",
    ]


def test_a_constant_is_a_line_in_the_middle():
    assert picture(title="lr", width=20, height=5, curves=one_curve([0.001] * 9)) == [
        "lr             0.001",
        "0.0011┤             ",
        "0.0010┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤",
        "0.0009┤             ",
        "       0       5    ",
    ]


def test_a_single_point():
    assert picture(title="one", width=20, height=5, curves=one_curve([3.5])) == [
        "one              3.5",
        "4.0┤                ",
        "3.5┤⠄               ",
        "3.0┤                ",
        "    0              1",
    ]


def test_marks_are_lines_behind_the_curve_with_their_labels_above():
    marks = (Mark(2, "lr"), Mark(6, "push"), Mark(9, "z"), Mark(50, "not reached yet"))
    assert picture(title="marks", width=30, height=9, curves=one_curve([0] * 10 + [1]), marks=marks) == [
        "marks                        1",
        "         ▼ lr      ▼ push  ▼ z",
        "1.0┤     ┊         ┊       ┊ ⡸",
        "   │     ┊         ┊       ┊⢀⠇",
        "0.5┤     ┊         ┊       ┊⡜ ",
        "   │     ┊         ┊       ⢠⠃ ",
        "  0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡜  ",
        "   └┬────┬────┬────┬────┬────┬",
        "    0    2    4    6    8   10",
    ]


def test_every_kind_of_mark_has_a_shape_of_its_own():
    marks = [Mark(number, "", kind) for number, kind in enumerate(MARK_SIGNS)]
    line = picture(title="m", width=46, height=9, curves=one_curve([0] * 8), marks=tuple(marks))[1]
    assert line.split() == list(MARK_SIGNS.values()) == ["╳", "▼", "▽", "◢", "◆", "◇", "▷", "○"]
    assert not set(CURVE_GLYPHS) & set(MARK_SIGNS.values())


@pytest.mark.parametrize("row", [1, 3])  # its sign and label, and its line
def test_a_mark_has_the_style_of_its_author_whatever_its_shape(row):
    ramp = Mark(8, "c", "ramp", ramped_by="schedule")
    marks = (Mark(2, "a"), Mark(5, "b", "guard"), ramp, Mark(11, "d", "recording"))
    grid = Painter().paint(described(title="m", width=60, height=9, curves=one_curve([0] * 14), marks=marks))
    styles = [STYLES[number] for text, number in grid.segments(row) if STYLES[number] in MARK_STYLES]
    assert list(dict.fromkeys(styles)) == ["mark-user", "mark-guard", "mark-schedule", "mark-recording"]


def test_where_marks_meet_the_most_important_gives_its_colour_and_the_text_at_the_crosshair_has_all():
    marks = (Mark(50, "a", "curriculum", "level 1"), Mark(50, "b", "guard", "KL"))
    chart = described(title="m", width=60, height=9, curves=one_curve([0] * 100), marks=marks)
    styles = [STYLES[number] for _, number in Painter().paint(chart).segments(1)]
    assert {style for style in styles if style in MARK_STYLES} == {"mark-guard"}
    line = Painter().paint(replace(chart, view=ChartView(crosshair=50.0))).segments(1)
    texts = [(text.strip(" ,"), STYLES[number]) for text, number in line if STYLES[number] in MARK_STYLES]
    assert texts == [("◆ a level 1", "mark-curriculum"), ("╳ b KL", "mark-guard")]


def test_marks_in_one_cell_are_counted_behind_the_sign_of_the_most_important():
    curves = one_curve([0, 1] * 500)

    def mark_line(*marks):
        return picture(title="m", width=40, height=9, curves=curves, marks=marks)[1].strip()

    assert mark_line(Mark(500, "lr"), Mark(501, "push")) == "▼2 lr, push"
    assert mark_line(*(Mark(500, "x") for _ in range(12))).startswith("▼+ x, x")
    assert mark_line(Mark(500, "a", "curriculum"), Mark(500, "b")) == "▼2 a, b"
    assert mark_line(Mark(500, "a", "curriculum"), Mark(500, "b", "launch")) == "◆2 a, b"
    everything = [Mark(500, "", kind) for kind in MARK_SIGNS]
    assert "╳8" in mark_line(*everything)
    assert mark_line(*everything[1:]).startswith("▼7 ")
    assert mark_line(*everything[2:]).startswith("▽6 ")
    assert mark_line(*everything[3:]).startswith("◢5 ")


def test_a_count_gives_way_to_the_next_mark_and_stands_before_the_sign_where_there_is_no_room_behind():
    def mark_line(*marks):
        return picture(title="m", width=35, height=9, curves=one_curve([0] * 33), marks=marks)[1]

    several = [Mark(10, "x")] * 3
    assert "x, x, x 3▼◆ y" in mark_line(*several, Mark(11, "y", "curriculum"))
    assert "◆▼◆ y" in mark_line(Mark(9, "", "curriculum"), *several, Mark(11, "y", "curriculum"))
    assert mark_line(Mark(32, "x"), Mark(32, "y")).endswith("x, y 2▼")


def test_marks_of_a_low_chart_are_on_its_top_line():
    lines = picture(title="m", width=20, height=6, curves=one_curve([0, 1, 0, 1, 0]), marks=(Mark(2, "lr"),))
    assert [line.index("▼") for line in lines if "▼" in line] == [lines[2].index("┊")]
    assert lines.index(next(line for line in lines if "▼" in line)) == 1


def test_the_label_of_a_mark_near_the_right_edge_is_on_its_left():
    lines = picture(title="m", width=40, height=9, curves=one_curve([0] * 11), marks=(Mark(10, "entropy"),))
    assert lines[1].endswith("  entropy ▼")


def test_a_reference_is_dashed_and_labelled_where_it_hides_nothing():
    lines = picture(
        title="kl", width=30, height=8, curves=one_curve([0, 1, 2, 3, 4]), references=(Reference(1, "wanted"),)
    )
    assert lines == [
        "kl                           4",
        "4┤                       ⣀⠤⠔⠒⠉",
        " │                 ⢀⣀⠤⠒⠊⠉     ",
        "2┤           ⢀⣀⡠⠤⠒⠉⠁          ",
        " │⠤ ⠤ ⠤⣀⡠⠤⠒⠒⠉⠁⠤wanted ⠤ ⠤ ⠤ ⠤ ",
        "0┤⣀⠤⠔⠊⠉                       ",
        " └┬──────┬──────┬─────┬──────┬",
        "  0      1      2     3      4",
    ]


def test_a_reference_outside_the_data_widens_the_axis_and_one_that_is_not_finite_is_left_out():
    description = {"title": "kl", "width": 30, "height": 8, "curves": one_curve([0, 1])}
    far = ChartDescription(**description, references=(Reference(8, "far"),))
    assert {row for row, _, _ in cells_of_style(far, "reference")} == {1}
    assert picture(**description, references=(Reference(math.nan, "x"),)) == picture(**description)


def test_a_reference_stays_visible_in_a_solid_band():
    noise = np.tile([0.0, 1.0], 2000)
    lines = picture(title="kl", width=40, height=14, curves=one_curve(noise), references=(Reference(0.5, "half"),))
    (line,) = [line for line in lines if "half" in line]
    assert line[9:].startswith("half")
    assert set(line[14:]) == {"⣿", "⠤"}


def test_several_curves_have_a_legend_and_end_in_different_glyphs():
    curves = (Curve("value", series_of([4, 3, 2, 1])), Curve("surrogate", series_of([0, 0, 0, 0])))
    assert picture(title="loss", width=44, height=6, curves=curves) == [
        "loss                ● value 1  ■ surrogate 0",
        "      4┤⠉⠉⠒⠒⠢⠤⠤⠤⣀⣀⡀                         ",
        "       │          ⠈⠉⠉⠑⠒⠒⠢⠤⠤⢄⣀⣀⡀             ",
        "      2┤                      ⠈⠉⠉⠉⠒⠒⠒⠢⠤⠤⠤⠤⣀●",
        "      0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀■",
        "        0           1          2           3",
    ]


@pytest.mark.parametrize(
    ("width", "title_line"),
    [
        (40, "loss  ● value 0.1234  ■ surrogate -0.025"),
        (36, "loss    ● val… 0.1234  ■ sur… -0.025"),
        (32, "loss  ● val 0.1234  ■ sur -0.025"),
        (28, "loss    ● value  ■ surrogate"),
        (24, "loss  ● 0.1234  ■ -0.025"),
        (16, "loss  ● 0.1234 …"),
        (14, "loss    0.1234"),
        (8, "… 0.1234"),
        (4, "0.1…"),
    ],
)
def test_the_legend_shrinks_with_the_chart(width, title_line):
    curves = (Curve("value", series_of([4, 0.1234])), Curve("surrogate", series_of([0, -0.025])))
    assert picture(title="loss", width=width, height=6, curves=curves)[0] == title_line


def test_curves_that_end_in_the_same_cell_keep_separate_glyphs():
    curves = (Curve("a", series_of([1, 1])), Curve("b", series_of([1, 1])))
    assert any(line.endswith("■●") for line in picture(title="t", width=30, height=9, curves=curves))


def test_the_smallest_chart_and_smaller_ones():
    curves = one_curve([0, -1500])
    assert picture(title="mean reward", width=12, height=4, curves=curves) == [
        "mean…  -1500",
        "    0┤⠑⠢⣀   ",
        "-1000┤   ⠉⠢⢄",
        "      0    1",
    ]
    assert picture(title="mean reward", width=11, height=2, curves=curves) == ["mean… -1500", " " * 11]
    assert picture(title="mean reward", width=3, height=1, curves=curves) == ["-1…"]
    assert picture(title="mean reward", width=0, height=4, curves=curves) == []


def test_an_empty_chart_says_so():
    expected = ["mean reward         ", " " * 20, "    no data yet     ", " " * 20]
    assert picture(title="mean reward", width=20, height=4) == expected
    assert picture(title="mean reward", width=20, height=4, curves=one_curve([])) == expected


def test_a_series_without_any_finite_value_is_all_gaps():
    description = ChartDescription("t", width=30, height=6, curves=one_curve([math.nan] * 3))
    assert "nan" in picture(title="t", width=30, height=6, curves=one_curve([math.nan] * 3))[0]
    assert {character for _, _, character in cells_of_style(description, "gap")} == {"×"}
    assert not cells_of_style(description, "series-1")


def test_a_given_range_shows_only_its_iterations():
    lines = picture(
        title="t", width=30, height=6, curves=one_curve([100] * 50 + [1] * 50), view=ChartView(range=(60, 90))
    )
    assert lines[-1].split()[0] == "60"
    assert "100" not in "".join(lines[1:])


def test_iterations_logged_in_steps_are_bridged():
    description = ChartDescription("t", 40, 6, curves=(Curve("c", series_of([1.0] * 6, step=100)),))
    assert len(cells_of_style(description, "series-1")) == 32


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.4, "12.4"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.01, "0.01"),
        (12345.6, "12.35k"),
        (999999.0, "1M"),
        (-123456.0, "-123.5k"),
        (1.2e-5, "1.2e-5"),
        (-1.2345e-5, "-1.2e-5"),
        (-0.0012345, "-0.0012"),
        (1e300, "1e300"),
        (-1.7e308, "-1e308"),
        (5e-324, "5e-324"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_values_are_short(value, text):
    assert format_value(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_value_is_longer_than_seven_characters(value):
    assert len(format_value(value)) <= 7


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_a_value_axis_has_two_to_five_different_short_labels_inside_its_range(one, other):
    axis = value_axis(min(one, other), max(one, other), most_ticks=5)
    labels = [tick.label for tick in axis.ticks]
    assert 2 <= len(set(labels)) == len(labels) <= 5
    assert max(map(len, labels)) <= 7
    tolerance = 1e-9 * (axis.high - axis.low)
    assert all(axis.low - tolerance <= tick.position <= axis.high + tolerance for tick in axis.ticks)
    assert axis.low - tolerance <= max(min(one, other), -1e300)
    assert axis.high + tolerance >= min(max(one, other), 1e300)


def test_value_ticks_are_round_and_share_a_unit():
    assert [tick.label for tick in value_axis(0.008, 0.0121, 5).ticks] == ["0.008", "0.009", "0.010", "0.011", "0.012"]
    assert [tick.label for tick in value_axis(0, 30000, 5).ticks] == ["0", "10k", "20k", "30k"]
    assert [tick.label for tick in value_axis(-2e-5, 2e-5, 5).ticks] == ["-2e-5", "-1e-5", "0", "1e-5", "2e-5"]


@given(st.integers(0, 10**9), st.integers(0, 10**7), st.integers(4, 200))
@settings(deadline=None)
def test_the_iteration_axis_covers_the_data_with_at_most_a_tenth_to_spare(first, span, cells):
    end = rounded_end(first, first + span)
    assert first + span <= end <= first + max(1, span + span // 10)
    ticks = place_ticks("iteration", first, end, cells)
    assert ticks
    assert all(first <= tick.position <= end for tick in ticks)


def test_the_iteration_axis_does_not_move_with_every_iteration():
    assert len({rounded_end(0, last) for last in range(1000, 2000)}) == 11


def test_text_is_cut_and_made_one_cell_a_character():
    assert [fit_text("surrogate", width) for width in (9, 4, 1, 0, -3)] == ["surrogate", "sur…", "…", "", ""]
    assert plain_text("a\nb\x1b[1m漢") == "a?b?[1m?"


def grid_of(*lines):
    grid = CellGrid(40, len(lines))
    for row, pieces in enumerate(lines):
        for column, text, style in pieces:
            grid.put(row, column, text, style)
    return grid


def test_changed_spans_are_where_pictures_differ():
    old = grid_of([(0, "abc", "title"), (3, "def", "value")], [(0, "xyzxyz", "plain")], [(0, "same", "plain")])
    new = grid_of([(0, "abX", "title"), (3, "dYf", "value")], [(0, "xyzxyz", "plain"), (2, "z", "mark-user")], [])
    new.put(2, 0, "same", "plain")
    assert changed_spans(old, new) == [(0, 2, 5), (1, 2, 3)]
    assert changed_spans(old, old.copy()) == []


def test_changes_far_apart_in_a_line_are_spans_of_their_own():
    old, new = CellGrid(40, 2), CellGrid(40, 2)
    for column in (3, 5, 30):
        new.put(1, column, "x", "value")
    assert changed_spans(old, new) == [(1, 3, 6), (1, 30, 31)]


numbers = st.floats(width=32) | st.sampled_from([0.0, 3e38, -3e38, 1e-45, math.nan, math.inf])
curve_points = st.lists(st.tuples(st.integers(0, 10**6), numbers), max_size=30)


@given(
    st.lists(curve_points, max_size=5),
    st.integers(-1, 70),
    st.integers(-1, 20),
    st.lists(st.tuples(st.integers(0, 10**6), st.text(max_size=12)), max_size=12),
    st.lists(st.tuples(numbers, st.text(max_size=12)), max_size=3),
    st.text(max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_every_chart_is_drawn_in_exactly_its_size(all_points, width, height, marks, references, title):
    curves = []
    for points in all_points:
        series = Series()
        for x, y in points:
            series.append(x, y)
        curves.append(Curve("a name", series))
    lines = draw(
        described(
            title=title,
            width=width,
            height=height,
            curves=tuple(curves),
            references=tuple(Reference(*reference) for reference in references),
            marks=tuple(Mark(*mark) for mark in marks),
        )
    )
    assert len(lines) == (height if width > 0 and height > 0 else 0)
    assert all(sum(len(text) for text, _ in line) == width for line in lines)


def test_a_label_is_not_written_over_another_where_marks_leave_no_room():
    lines = picture(
        title="kl",
        width=40,
        height=9,
        curves=one_curve([30.0] + [2.0] * 40),
        marks=tuple(Mark(at, "x") for at in range(0, 41, 3)),
        references=(Reference(1.0, "desired"),),
        bands=(Band(0.5, 2.0, "learning rate stays"),),
    )
    assert [line for line in lines if "desired" in line]
    assert [line for line in lines if "learning rate stays" in line or "ate stays" not in line] == lines


def test_a_label_hides_marks_rather_than_the_curve():
    sawtooth = [0.0, 9.0] * 10 + [0.0] * 20
    marks = tuple(Mark(at, "x") for at in range(20, 40, 4))
    description = {"title": "m", "width": 40, "height": 6, "marks": marks, "references": (Reference(4.5, "desired"),)}
    lines = picture(curves=one_curve(sawtooth), **description)
    assert any("desired" in line[20:] for line in lines)


def test_a_label_without_a_place_is_left_out():
    sawtooth = [0.0, 9.0] * 20
    description = {"title": "m", "width": 40, "height": 6, "curves": one_curve(sawtooth)}
    assert picture(**description, references=(Reference(4.5, "desired"),)) == picture(**description)


def test_the_average_of_zeros_is_read_out_as_zero():
    view = ChartView(smoothing=0.6, crosshair=100.0)
    first, *_ = picture(title="success", width=40, height=9, curves=one_curve([1.0] + [0.0] * 120), view=view)
    assert first.split() == ["success", "0"]


def test_the_count_of_marks_at_the_start_is_not_written_into_the_numbers_of_the_axis():
    marks = [Mark(0, "a"), Mark(0, "b"), Mark(2, "c")]
    lines = picture(title="m", width=30, height=6, curves=one_curve(range(30)), marks=marks)
    assert lines[1].lstrip().startswith("│▼ ▼")


def test_no_label_is_where_signs_of_marks_would_cut_it():
    marks = [Mark(at, "x") for at in range(0, 30, 4)]
    for value in (29.0, 27.0):
        reference = Reference(value, "threshold")
        lines = picture(
            title="m", width=40, height=7, curves=one_curve(range(30)), marks=marks, references=(reference,)
        )
        assert sum("threshold" in line for line in lines) == 1
