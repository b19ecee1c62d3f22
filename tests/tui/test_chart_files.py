"""Exported charts as SVG, PNG and CSV, of a recorded run and of synthetic data."""

from __future__ import annotations

import csv
import math
import re
import struct
import threading
from xml.etree import ElementTree

import numpy as np
import pytest
from msgspec.structs import replace

from tests.tui.chart_examples import LIGHT, SVG, chart_of, drawn, texts, timeline_of
from tests.tui.screens.recorded import frames_of, make_run
from tui.charts.description import Band, Marks, Reference
from tui.charts.files import png as png_module
from tui.charts.files.chart_svg import charts_svg
from tui.charts.files.export import ChartFileError, content_of, kind_of, proposed_file, write_file
from tui.charts.files.png import FontError, png_of
from tui.charts.files.points import copied_charts, points_of, range_of
from tui.charts.files.svg_elements import shape
from tui.charts.view import ChartView
from tui.session.interventions.marks import Mark


def lines_through(root, colour):
    """The paths of a colour that are lines, as lists of pieces of points."""
    found = []
    for path in root.iter(f"{SVG}path"):
        if path.get("fill") == "none" and path.get("stroke") == colour and "stroke-linejoin" in path.attrib:
            pieces = [re.findall(r"(-?[\d.]+),(-?[\d.]+)", piece) for piece in path.get("d").split("M")[1:]]
            found.append([[(float(x), float(y)) for x, y in piece] for piece in pieces])
    return found


# --- pictures ---


def test_a_curve_goes_through_its_points_from_edge_to_edge():
    root = drawn(chart_of([0.0, 10.0, 5.0]))
    ((piece,),) = lines_through(root, LIGHT.series[0])
    (x0, y0), (x1, y1), (x2, y2) = piece
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 > y2 > y1  # down is up
    assert y2 - y1 == pytest.approx((y0 - y1) / 2, abs=0.2)


def test_a_picture_is_well_formed_and_named_whatever_the_names():
    root = drawn(chart_of([1.0, 2.0], [2.0, 1.0], title="<a & b>\x1b[31m", names=["x<y", "\x00&"]))
    assert root.find(f"{SVG}title").text == "a run"
    assert "<a & b>" in texts(root)
    assert {"x<y", "&"} < set(texts(root))


def test_values_that_are_not_finite_interrupt_the_curve_and_are_crossed():
    root = drawn(chart_of([1.0, 2.0, math.nan, 3.0, 4.0, math.inf, 5.0]))
    ((first, second, third),) = lines_through(root, LIGHT.series[0])
    assert [len(first), len(second), len(third)] == [2, 2, 1]
    assert len([path for path in root.iter(f"{SVG}path") if path.get("stroke") == LIGHT.error]) == 2


def test_the_measured_values_stand_behind_the_smoothed_ones():
    values = [0.0, 1.0] * 50
    root = drawn(chart_of(values, view=ChartView(smoothing=0.9)))
    (raw,), (smooth,) = lines_through(root, LIGHT.series[0])
    assert np.ptp([y for _, y in raw]) > 5 * np.ptp([y for _, y in smooth[20:]])
    faint = [path.get("stroke-opacity") for path in root.iter(f"{SVG}path") if path.get("stroke") == LIGHT.series[0]]
    assert faint == ["0.35", None]
    assert "smoothed (0.9), raw behind" in texts(root)


def test_a_million_points_are_few_in_the_picture_and_no_spike_is_lost():
    values = np.zeros(1_000_000, dtype=np.float32)
    values[123_456], values[777_777] = 100.0, -50.0
    svg = charts_svg([chart_of(values)], LIGHT, "a run")
    assert len(svg) < 300_000
    ((piece,),) = lines_through(ElementTree.fromstring(svg), LIGHT.series[0])
    heights = sorted({y for _, y in piece})
    assert len(heights) == 3
    assert (heights[1] - heights[0]) == pytest.approx(2 * (heights[2] - heights[1]), abs=0.3)


def test_several_curves_are_told_apart_without_their_colours():
    count = 8
    root = drawn(chart_of(*([float(number), float(number)] for number in range(count))))
    dashes = {path.get("stroke-dasharray") for path in root.iter(f"{SVG}path") if "stroke-linejoin" in path.attrib}
    assert len(dashes) == count
    assert {f"curve {number}" for number in range(count)} < set(texts(root))


def test_references_bands_and_marks_are_drawn_and_named():
    marks = (Mark(2, "#1", "user", "reward/x 1 → 2"), Mark(5, "kl", "guard", "KL is 3"))
    root = drawn(
        chart_of(
            list(range(10)),
            references=(Reference(4.0, "desired"), Reference(math.nan, "nowhere")),
            bands=(Band(2.0, 6.0, "no change"),),
            marks=(Marks(marks),),
        )
    )
    shown = texts(root)
    assert {"desired", "no change", "#1", "kl", "iteration 2: #1 reward/x 1 → 2", "iteration 5: kl KL is 3"} < set(
        shown
    )
    assert "nowhere" not in shown
    assert [title.text for title in root.iter(f"{SVG}title")][1:] == ["#1 reward/x 1 → 2", "kl KL is 3"]
    signs = [path.get("stroke") for path in root.iter(f"{SVG}path") if len(path)]
    assert signs == [LIGHT.marks["user"], LIGHT.marks["guard"]]


def test_marks_that_meet_are_counted():
    marks = tuple(Mark(50, f"#{number}") for number in range(1, 4))
    shown = texts(drawn(chart_of(list(range(100)), marks=(Marks(marks),))))
    assert "3×" in shown
    assert "#1" not in shown


@pytest.mark.parametrize(
    ("unit", "name", "labels"),
    [
        ("iteration", "iteration", {"20", "40"}),
        ("steps", "environment steps", {"2000", "4000"}),
        ("time", "time", {"1min", "2min"}),
    ],
)
def test_the_x_axis_has_round_places_in_its_unit(unit, name, labels):
    shown = set(texts(drawn(chart_of(list(range(60)), view=ChartView(unit)))))
    assert labels < shown
    assert name in shown


def test_a_logarithmic_axis_has_powers_of_ten_and_no_place_for_zero():
    root = drawn(chart_of([0.0, 1.0, 10.0, 100.0], view=ChartView(log_y=True)))
    ((piece,),) = lines_through(root, LIGHT.series[0])
    (_, one), (_, ten), (_, hundred) = piece
    assert one - ten == pytest.approx(ten - hundred, abs=0.2)
    assert {"1", "10", "100", "log scale"} < set(texts(root))


@pytest.mark.parametrize("values", [[], [math.nan], [0.0], [-1.0, -2.0]])
@pytest.mark.parametrize("log", [False, True])
def test_there_is_always_a_picture(values, log):
    root = drawn(chart_of(values, view=ChartView(log_y=log)))
    assert "reward" in texts(root)
    assert ("no data" in texts(root)) == (not values)


def test_eight_curves_have_eight_shapes():
    shapes = {shape(number, 0.0, 0.0, "#000000", "#ffffff") for number in range(8)}
    assert len(shapes) == 8


def test_a_curve_without_data_is_not_named():
    shown = texts(drawn(chart_of([1.0, 2.0], [], [3.0, 4.0], names=["a", "b (hidden)", "c"])))
    assert {"a", "c"} < set(shown)
    assert "b (hidden)" not in shown


def test_several_charts_stand_side_by_side_under_the_runs_name():
    svg = charts_svg([chart_of([1.0, 2.0], title=f"chart {number}") for number in range(5)], LIGHT, "a run")
    root = ElementTree.fromstring(svg)
    titles = {element.text: (element.get("x"), element.get("y")) for element in root.iter(f"{SVG}text")}
    places = [titles[f"chart {number}"] for number in range(5)]
    assert len(set(places)) == 5
    assert "a run" in titles
    assert len({x for x, _ in places}) == 3


def test_a_picture_has_the_view_of_the_screen():
    chart = chart_of(list(range(100)), view=ChartView(range=(20.0, 30.0)))
    assert range_of(chart) == (20.0, 30.0)
    assert points_of(chart)[0].iterations.tolist() == list(range(20, 31))
    following = chart_of(list(range(100)), view=ChartView(follow=10.0))
    assert points_of(following)[0].iterations.tolist()[-1] == 99


def test_what_is_captured_no_longer_grows():
    chart = chart_of([1.0, 2.0], marks=(Marks((Mark(1, "#1"),), timeline_of(2)),))
    (copy,) = copied_charts([chart])
    chart.curves[0].series.append(2, 3.0)
    chart.curves[0].timeline.extend([2], [300], [6.0])
    assert points_of(copy)[0].values.tolist() == [1.0, 2.0]
    assert len(copy.curves[0].timeline) == 2
    assert len(points_of(chart)[0].values) == 3


# --- bitmaps ---


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_a_bitmap_has_two_pixels_for_each_and_its_letters():
    svg = charts_svg([chart_of([1.0, 2.0])], LIGHT, "a run")
    png = png_of(svg)
    assert size_of(png) == (1920, 960)
    assert png != png_of(re.sub(r"<text.*?</text>", "", svg))


def test_without_a_font_it_is_told_and_vectors_are_written_all_the_same(monkeypatch):
    def without_letters(svg, family):
        return re.sub(r"<text.*?</text>", "", svg).encode()

    monkeypatch.setattr(png_module, "_rendered", without_letters)
    png_module._family.cache_clear()
    try:
        with pytest.raises(FontError, match="no font"):
            png_of("<svg/>")
        with pytest.raises(ChartFileError, match="no font"):
            content_of([chart_of([1.0])], "png", "light", "a run")
        assert content_of([chart_of([1.0])], "svg", "light", "a run").startswith(b"<svg")
    finally:
        png_module._family.cache_clear()


# --- files ---


def test_a_name_is_proposed_in_the_runs_folder_and_is_free(tmp_path):
    first = proposed_file(tmp_path, "success rate, last 100 episodes", "svg")
    assert first == tmp_path / "exported" / "views" / "success-rate-last-100-episodes.svg"
    write_file(first, b"x", overwrite=False)
    assert (
        proposed_file(tmp_path, "success rate, last 100 episodes", "svg").name == "success-rate-last-100-episodes-2.svg"
    )
    assert proposed_file(None, "../..", "csv").name == "view.csv"


def test_nothing_is_overwritten_silently(tmp_path):
    path = tmp_path / "a.svg"
    write_file(path, b"first", overwrite=False)
    with pytest.raises(ChartFileError, match="exists"):
        write_file(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    write_file(path, b"second", overwrite=True)
    assert path.read_bytes() == b"second"
    with pytest.raises(ChartFileError, match="folder"):
        write_file(tmp_path, b"", overwrite=True)
    with pytest.raises(ChartFileError, match="cannot write"):
        write_file(path / "below" / "b.svg", b"", overwrite=False)


def test_a_files_end_says_what_it_is(tmp_path):
    assert kind_of(tmp_path / "A.SVG") == "svg"
    with pytest.raises(ChartFileError, match=r"FILE\.svg, FILE\.png or FILE\.csv"):
        kind_of(tmp_path / "a.pdf")


# --- the command ---


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(tmp_path / "logs"))
    return make_run(tmp_path / "logs", "g1-curricula")


def test_the_command_writes_a_chart_by_role(run_folder, prints, tmp_path):
    value = prints("chart", "latest", "success", "-o", "a.svg", "--json")
    assert value == {"file": str(tmp_path / "a.svg"), "metrics": ["Train/success_rate"]}
    shown = texts(ElementTree.parse(tmp_path / "a.svg").getroot())
    assert any(text.startswith("success rate, last ") for text in shown)
    assert {"up: terrain", "up: velocity, pushes", "down: velocity, terrain", "smoothed (0.6), raw behind"} < set(shown)
    assert any(text.startswith("iteration 7: #5 reward/pose/weight 1 → 2") for text in shown)


def test_the_command_writes_all_kinds_and_views(run_folder, prints, tmp_path):
    prints("chart", "latest", "Loss/value", "kl", "-o", "a.csv", "--smoothing", "0", "--from", "10", "--to", "12")
    rows = list(csv.reader((tmp_path / "a.csv").open()))
    assert [row[0] for row in rows] == ["iteration", "10", "11", "12"]
    assert len(rows[0]) == 5
    prints("chart", "latest", "Loss/value", "-o", "a.png", "--log", "--x", "time", "--theme", "dark")
    assert size_of((tmp_path / "a.png").read_bytes())[0] == 1920
    prints("chart", "latest", "reward", "kl", "-o", "apart.svg", "--apart")
    assert {"KL", "reward"} < set(texts(ElementTree.parse(tmp_path / "apart.svg").getroot()))


def test_the_command_knows_the_names_on_the_screen(run_folder, prints):
    value = prints("chart", "latest", "KL", "Success Rate", "air_time", "levels", "-o", "a.svg", "--json")
    assert value["metrics"][:3] == ["Policy/kl", "Train/success_rate", "Episode_Reward/air_time"]
    assert {"Curriculum/velocity/level", "Curriculum/terrain/level"} <= set(value["metrics"])


def test_several_runs_are_on_one_chart_with_signs_at_their_marks(run_folder, prints, tmp_path):
    make_run(tmp_path / "logs", "g1-gpu", name="2027-01-02_00-00-00_one")
    make_run(tmp_path / "logs", "g1-steered", name="2027-01-01_00-00-00_other")
    prints("chart", "latest", "reward", "--with", "other", "-o", "a.svg")
    shown = texts(ElementTree.parse(tmp_path / "a.svg").getroot())
    assert "other" in shown
    told = [text for text in shown if text.startswith("iteration ")]
    assert {text.split()[2][0] for text in told} == {"●", "■"}


def test_runs_with_other_units_are_not_put_on_one_chart(run_folder, prints, fails, tmp_path):
    bodies = [frame.body for frame in frames_of("g1-levels")]
    bodies[0] = replace(bodies[0], backend="isaaclab")
    make_run(tmp_path / "logs", "g1-levels", bodies, name="2027-01-01_00-00-00_other")
    metric = "Episode_Termination/fell_over"
    refused = fails(1, "chart", run_folder.name, metric, "--with", "other", "-o", "a.svg")
    assert f"{metric} is a count in " in refused
    assert "write one run at a time, or Termination/fell_over" in refused
    prints("chart", "other", metric, "-o", "a.svg")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["Loss/valeu", "-o", "a.svg"], 2, "no such metric: Loss/valeu; nearest: Loss/value"),
        (["surrog", "-o", "a.svg"], 2, "nearest: surrogate loss, Loss/surrogate"),
        (["kl", "-o", "a.pdf"], 1, "expected FILE.svg, FILE.png or FILE.csv, got a.pdf"),
        (["kl", "-o", "there.svg"], 1, "there.svg exists: use --force to replace it"),
        (["kl", "-o", "a.svg", "--from", "nan"], 2, "expected a finite number, got nan"),
        (["kl", "-o", "a.svg", "--from", "9", "--to", "3"], 1, "--from 9 is not before --to 3"),
        (["kl", "-o", "a.svg", "--smoothing", "1"], 2, "0.999"),
        (["kl"], 2, "--output"),
    ],
)
def test_what_can_not_be_drawn_is_told(run_folder, fails, tmp_path, arguments, code, line):
    (tmp_path / "there.svg").write_text("mine")
    assert line in fails(code, "chart", "latest", *arguments)
    assert (tmp_path / "there.svg").read_text() == "mine"
    assert not (tmp_path / "a.svg").exists()


def test_a_file_is_replaced_if_that_is_said(run_folder, prints, tmp_path):
    (tmp_path / "there.svg").write_text("mine")
    prints("chart", "latest", "kl", "-o", "there.svg", "--force")
    assert (tmp_path / "there.svg").read_text().startswith("<svg")


def test_pictures_are_drawn_in_threads():
    charts = copied_charts([chart_of(np.sin(np.arange(5000) / 100.0))])
    drawn_there = []
    threads = [threading.Thread(target=lambda: drawn_there.append(charts_svg(charts, LIGHT, "x"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn_there)) == 1 == len(drawn_there) - 3
