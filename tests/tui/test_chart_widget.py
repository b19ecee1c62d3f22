"""The chart widget: partial repaints, visibility, styles and mouse messages."""

import html
import math
import re

import pytest
from textual import events
from textual.app import App
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.charts.view import ChartView
from tui.session.board.chart_source import Curve
from tui.session.interventions.marks import Mark
from tui.session.metrics.series import Series
from tui.themes import THEMES
from tui.widgets.chart import Chart

pytestmark = pytest.mark.asyncio


class RecordingChart(Chart):
    """Remembers which lines were painted and which regions it asked to have painted."""

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.painted_lines = []
        self.regions = []

    def render_line(self, y):
        self.painted_lines.append(y)
        return super().render_line(y)

    def refresh(self, *regions, **keywords):
        self.regions += regions
        return super().refresh(*regions, **keywords)

    def forget(self):
        self.painted_lines.clear()
        self.regions.clear()

    def text(self):
        return [self.render_line(y).text for y in range(self.size.height)]


class ChartApp(App):
    CSS = """
    .padded { padding: 1 2; }
    .absent { display: none; }
    .far-down { margin-top: 100; }
    """

    def __init__(self, classes=""):
        super().__init__()
        self.series = Series()
        self.series.extend(range(1011), [math.sin(x / 100) for x in range(1011)])
        self.chart = RecordingChart("reward", classes=classes)
        self.chart.styles.height = 12
        self.chart.set_curves([Curve("reward", self.series)])

    def get_theme_variable_defaults(self):
        return THEMES["dark"].variables

    def compose(self):
        with VerticalScroll():
            yield self.chart
            yield Static("below")


def screen_text(app):
    """All text on the screen without the space between pieces of different style."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", app.export_screenshot())
    return html.unescape("".join(texts)).replace("\xa0", " ")


async def test_the_chart_shows_its_series_in_its_size():
    app = ChartApp()
    async with app.run_test(size=(60, 20)):
        lines = app.chart.text()
        assert len(lines) == 12
        assert {len(line) for line in lines} == {60}
        assert lines[0].startswith("reward")
        assert lines[0].endswith("-0.6251")
        assert "no data yet" not in "".join(lines)


async def test_new_data_repaints_only_the_lines_that_changed():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.chart.forget()
        app.series.append(1013, 0.97)
        app.chart.data_changed()
        await pilot.pause()
        painted = sorted(set(app.chart.painted_lines))
        # The value in the title, the lines of the vertical stroke up to the new point, and no others.
        assert painted[0] == 0
        assert 11 not in painted
        assert 10 not in painted
        assert set(painted) == {region.y for region in app.chart.regions}
        assert {region.height for region in app.chart.regions} == {1}
        assert all(region.x >= 50 for region in app.chart.regions)
        assert app.chart.text()[0].endswith("0.97")


async def test_a_point_that_changes_nothing_visible_repaints_nothing():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.series.append(1012, 0.5)
        app.chart.data_changed()
        await pilot.pause()
        app.chart.forget()
        app.series.append(1012, 0.5)
        app.chart.data_changed()
        await pilot.pause()
        assert (app.chart.painted_lines, app.chart.regions) == ([], [])


async def test_many_announcements_are_drawn_once():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.chart.forget()
        for x in range(1013, 1063):
            app.series.append(x, 0.97)
            app.chart.data_changed()
        await pilot.pause()
        assert len(app.chart.regions) == len({region.y for region in app.chart.regions})


async def test_changed_cells_of_a_padded_chart_are_those_on_the_screen():
    app = ChartApp(classes="padded")
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.chart.forget()
        app.series.append(1012, 0.97)
        app.chart.data_changed()
        await pilot.pause()
        content = Region(0, 0, *app.chart.size)
        assert app.chart.regions
        assert all(content.contains_region(region) for region in app.chart.regions)
        assert "reward0.97" in screen_text(app)


async def test_a_hidden_chart_does_nothing_and_catches_up_when_shown():
    app = ChartApp(classes="absent")
    async with app.run_test(size=(60, 20)) as pilot:
        app.series.append(1012, 77.0)
        app.chart.data_changed()
        await pilot.pause()
        assert (app.chart.painted_lines, app.chart.regions) == ([], [])
        app.chart.remove_class("absent")
        await pilot.pause()
        assert app.chart.painted_lines
        assert "reward77" in screen_text(app)
        app.chart.add_class("absent")
        await pilot.pause()
        app.chart.forget()
        app.series.append(1013, 88.0)
        app.chart.data_changed()
        await pilot.pause()
        assert (app.chart.painted_lines, app.chart.regions) == ([], [])
        app.chart.remove_class("absent")
        await pilot.pause()
        assert 0 in app.chart.painted_lines
        assert "reward88" in screen_text(app)


async def test_a_chart_that_is_scrolled_out_of_view_catches_up_when_scrolled_in():
    app = ChartApp(classes="far-down")
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.forget()
        app.series.append(1012, 77.0)
        app.chart.data_changed()
        await pilot.pause()
        assert (app.chart.painted_lines, app.chart.regions) == ([], [])
        app.query_one(VerticalScroll).scroll_end(animate=False)
        await pilot.pause()
        assert app.chart.painted_lines
        assert "reward77" in screen_text(app)


@pytest.mark.parametrize(("cover", "stays_live"), [(Screen, False), (ModalScreen, True)])
async def test_a_chart_under_another_screen_is_live_only_if_it_can_be_seen(cover, stays_live):
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await app.push_screen(cover())
        await pilot.pause()
        app.chart.forget()
        app.series.append(1012, 0.97)
        app.chart.data_changed()
        await pilot.pause()
        assert bool(app.chart.regions) == stays_live
        app.pop_screen()
        await pilot.pause()
        assert "reward0.97" in screen_text(app)


async def test_a_resized_chart_fills_its_new_size():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.resize_terminal(90, 20)
        app.chart.styles.height = 7
        await pilot.pause()
        lines = app.chart.text()
        assert (len(lines), {len(line) for line in lines}) == (7, {90})
        assert lines[-1].split()[-1] == "1100"


async def test_title_reference_and_mark_appear():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.set_title("mean reward")
        app.chart.set_references([(0.5, "wanted")])
        app.chart.add_marks([Mark(300, "lr 3e-4"), Mark(700, "slower", "curriculum")])
        app.chart.set_curves([Curve("reward", app.series), Curve("other", Series())])
        await pilot.pause()
        lines = app.chart.text()
        assert lines[0].startswith("mean reward")
        assert "■ other –" in lines[0]
        assert "▼ lr 3e-4" in lines[1]
        assert "◆ slower" in lines[1]
        assert sum("wanted" in line for line in lines) == 1


async def test_references_are_replaced_and_one_that_is_not_finite_is_not_seen():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        without = app.chart.text()
        for value in (0.9, -0.9):
            app.chart.set_references([(value, "wanted")])
            await pilot.pause()
            assert sum("wanted" in line for line in app.chart.text()) == 1
        app.chart.set_references([(math.nan, "wanted")])
        await pilot.pause()
        assert app.chart.text() == without


async def test_every_theme_colours_the_curve_unlike_the_background():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        colours = set()
        for theme in THEMES.values():
            app.register_theme(theme)
            app.theme = theme.name
            await pilot.pause()
            (curve, *_) = [segment for segment in app.chart.render_line(5) if segment.text.strip(" │┤0.15-")]
            assert curve.style.color != curve.style.bgcolor
            colours.add(curve.style.color)
        assert len(colours) == len(THEMES)


class MouseApp(ChartApp):
    """Remembers what the mouse did to the chart."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def on_chart_zoomed(self, message):
        self.messages.append(("zoomed", message.factor, message.around))

    def on_chart_panned(self, message):
        self.messages.append(("panned", message.share))

    def on_chart_hovered(self, message):
        self.messages.append(("hovered", message.place))

    def on_chart_chosen(self, message):
        assert message.control is self.chart
        self.messages.append(("chosen",))

    def on_chart_maximised(self, message):
        self.messages.append(("maximised",))


async def test_the_pointer_over_the_plot_tells_its_place_until_it_leaves():
    app = MouseApp()
    async with app.run_test(size=(60, 20)) as pilot:
        plot = app.chart.plot
        await pilot.hover(Chart, offset=(plot.left + 10, 5))
        await pilot.hover(Chart, offset=(plot.left + 10, 6))
        await pilot.hover(Chart, offset=(plot.left - 2, 6))
        await pilot.hover(Chart, offset=(plot.right - 1, 6))
        await pilot.hover(Static)
        assert [kind for kind, *_ in app.messages] == ["hovered"] * 4
        first, left, end, gone = (place for _, place in app.messages)
        assert first == pytest.approx(1100 * 10 / plot.cells, rel=0.05)
        assert (left, end, gone) == (None, pytest.approx(1100, rel=0.02), None)


async def test_the_wheel_zooms_around_the_pointer_and_scrolls_nothing():
    app = MouseApp()
    async with app.run_test(size=(60, 10)) as pilot:
        plot, chart = app.chart.plot, app.chart
        for event in (events.MouseScrollUp, events.MouseScrollDown):
            chart.post_message(event(chart, plot.left + 5, 4, 0, 1, 0, False, False, False))
        chart.post_message(events.MouseScrollDown(chart, 1, 0, 0, 1, 0, False, False, False))
        await pilot.pause()
        (_, zoom_in, around), (_, zoom_out, also_around) = app.messages
        assert zoom_in < 1 < zoom_out
        assert zoom_in * zoom_out == pytest.approx(1)
        assert around == also_around == plot.place(plot.left + 5)


async def test_dragging_the_plot_pans_and_chooses_nothing():
    app = MouseApp()
    async with app.run_test(size=(60, 20)) as pilot:
        plot = app.chart.plot
        await pilot.mouse_down(Chart, offset=(plot.left + 30, 5))
        for step in (20, 20, 25):
            await pilot.hover(Chart, offset=(plot.left + step, 5))
        await pilot.mouse_up(Chart, offset=(plot.left + 25, 5))
        await pilot.pause()
        shares = [share for kind, share in app.messages if kind == "panned"]
        assert shares == pytest.approx([10 / plot.cells, -5 / plot.cells])
        assert ("chosen",) not in app.messages
        app.messages.clear()
        await pilot.hover(Chart, offset=(plot.left + 5, 5))
        assert [kind for kind, *_ in app.messages] == ["hovered"]


async def test_a_click_chooses_and_two_maximise():
    app = MouseApp()
    async with app.run_test(size=(60, 20)) as pilot:
        plot = app.chart.plot
        for offset in ((plot.left + 3, 5), (1, 0)):
            app.messages.clear()
            await pilot.click(Chart, offset=offset, times=2)
            assert [message for message in app.messages if len(message) == 1] == [("chosen",), ("maximised",)]


async def test_a_view_bands_and_marks_are_drawn_by():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.chart.set_view(ChartView(range=(100.0, 200.0), crosshair=150.0))
        app.chart.set_bands([(-0.5, 0.5, "fine")])
        app.chart.set_marks([Mark(120, "first", "user", "lr 1 → 2"), Mark(150, "second")])
        await pilot.pause()
        lines = app.chart.text()
        assert lines[-1].split()[0] == "100"
        assert lines[0].endswith(f"{math.sin(1.5):.4g}")
        assert "second" in lines[1]
        assert sum("fine" in line for line in lines) == 1
        backgrounds = {segment.style.bgcolor for y in range(12) for segment in app.chart.render_line(y)}
        assert len(backgrounds) == 2
        app.chart.set_marks([Mark(180, "third")])
        app.chart.set_view(ChartView(), extent=(0.0, 5000.0))
        await pilot.pause()
        assert app.chart.text()[-1].split()[-1] == "5000"
        assert "third" in app.chart.text()[1]
        assert "second" not in app.chart.text()[1]


async def test_the_same_said_again_draws_nothing():
    app = ChartApp()
    async with app.run_test(size=(60, 20)) as pilot:

        def say():
            app.chart.set_title("t")
            app.chart.set_view(ChartView(smoothing=0.5))
            app.chart.set_references([(0.5, "wanted")])
            app.chart.set_bands([(0.0, 0.5, "fine")])
            app.chart.set_marks([Mark(5, "m")])
            app.chart.set_curves([Curve("reward", app.series)])

        say()
        await pilot.pause()
        app.chart.forget()
        say()
        await pilot.pause()
        assert (app.chart.painted_lines, app.chart.regions) == ([], [])
