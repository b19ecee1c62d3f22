import html
import math
import re

import pytest
from textual.app import App
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.session.marks import Mark
from tui.session.series import Series
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
        self.chart.set_curves([("reward", self.series)])

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
        app.chart.set_curves([("reward", app.series), ("other", Series())])
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
        for theme in ("textual-dark", "textual-light", "nord"):
            app.theme = theme
            await pilot.pause()
            (curve, *_) = [segment for segment in app.chart.render_line(5) if segment.text.strip(" │┤0.15-")]
            assert curve.style.color != curve.style.bgcolor
            colours.add(curve.style.color)
        assert len(colours) == 3
