"""The screen that watches event files: what other libraries really wrote, live, and with nothing there yet."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from textual.widgets import OptionList, Static
from textual.widgets._footer import FooterKey

from tests.tui.screens.recorded import SMALL, told, type_at_once, until
from tui.app import HumanoidTui
from tui.charts.canvas import STYLE_NUMBERS
from tui.navigation import ShowWatch
from tui.screens.watch.metric_table import MetricTable
from tui.screens.watch.run_dialog import ChooseRuns
from tui.screens.watch.screen import WatchScreen
from tui.widgets.board import ChartBoard
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.machine_panel import MachinePanel


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global SummaryWriter, curve, scalar, write
    from torch.utils.tensorboard import SummaryWriter

    from tests.tui.event_files import curve, scalar, write


EVENTS = Path(__file__).parents[2] / "recordings" / "tensorboard"
LIBRARIES = ("rl_games", "rsl_rl", "skrl")
NOW = 1_795_324_200.0
"""Some minutes after the recordings."""


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def watch(logs, log_root, tmp_path, monkeypatch):
    """Watch runs in `logs`; the person's layouts are the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return lambda *wanted: HumanoidTui(log_root, ShowWatch(logs, wanted))


def line(app, id):
    return str(app.screen.query_one(id, Static).content)


def shown(app):
    """The rows of the table that are seen."""
    table = app.screen.query_one(MetricTable)
    return [table.render_line(y).text.rstrip() for y in range(1, table.size.height)]


def charts(app):
    """The metrics of the page of charts that is seen, by title."""
    return {plan.title: plan.metrics for plan in app.screen.query_one(ChartBoard).page.plans}


def points(app, metric, run=0):
    screen = app.screen
    assert isinstance(screen, WatchScreen)
    return screen.runs[screen.chosen[run]].history.series[metric].count if screen.chosen else 0


def is_read(app):
    screen = app.screen
    return bool(screen.chosen) and all(
        screen.runs[name].size and screen.runs[name].bytes_read == screen.runs[name].size for name in screen.chosen
    )


async def everything_is_drawn(app):
    await until(lambda: isinstance(app.screen, WatchScreen) and is_read(app), "all that is logged")
    await until(lambda: any(shown(app)), "the table")
    await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")


# --- what is shown ---


@pytest.mark.parametrize("library", LIBRARIES)
async def test_what_a_library_wrote_is_on_the_default_charts(watch, logs, library):
    shutil.copytree(EVENTS / library, logs)
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        await until(lambda: {"reward", "value loss", "surrogate loss", "episode length"} <= set(charts(app)), "charts")
        on_charts = {metric for metrics in charts(app).values() for metric in metrics}
        assert all(points(app, metric) > 1 for metric in on_charts)


async def test_the_terms_of_rl_games_stand_at_its_environment_steps(watch, logs):
    shutil.copytree(EVENTS / "rl_games", logs)
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        await pilot.press("2")
        await until(lambda: "pole_pos" in charts(app), "the reward terms")
        run = app.screen.runs[app.screen.chosen[0]]
        (metric,) = charts(app)["pole_pos"]
        assert run.history.series[metric].last_iteration == run.history.series["losses/a_loss"].last_iteration == 9984


async def test_a_training_is_seen_while_it_writes(watch, logs):
    app = watch()
    async with app.run_test(size=(120, 40)):
        await until(lambda: app.screen.query("#waiting") and "does not exist yet" in line(app, "#waiting"), "the wait")
        with SummaryWriter(logs / "walk", flush_secs=1) as writer:  # as rsl-rl does
            for step in range(5):
                writer.add_scalar("Train/mean_reward", float(step), step)
                writer.add_scalar("Perf/total_fps", 1234.0, step)
            writer.flush()
            await until(lambda: points(app, "Train/mean_reward") == 5, "its points")
            await until(lambda: "step 4  1234 steps/s  ● last point" in line(app, "#status"), "its status")
            writer.add_scalar("Train/mean_reward", 7.5, 5)
            writer.add_scalar("Loss/value", 0.25, 5)
            writer.flush()
            await until(lambda: any("7.5" in row for row in shown(app)), "the newest value")
            await until(lambda: any(row.startswith("Loss/value") for row in shown(app)), "the new metric")
        assert "reward" in charts(app)


async def test_what_was_logged_again_stands_in_front_of_what_was_before(watch, logs):
    write(logs, *curve("rollout/ep_rew_mean", range(100)), *curve("rollout/ep_rew_mean", range(50, 80), 2000.0, -100.0))
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        await until(lambda: any("-100" in row.split() for row in shown(app)), "the newest value")
        (chart,) = [chart for _, chart in app.screen.query_one(ChartBoard).charts]
        await until(lambda: chart.picture.width and chart.plot, "the chart")
        plot, styles = chart.plot, chart.picture.styles
        raw, front = STYLE_NUMBERS["raw-1"], STYLE_NUMBERS["series-1"]
        newest, before = plot.column(70), plot.column(90)
        assert front in styles[plot.top : plot.bottom + 1, newest]
        assert raw in styles[plot.top : plot.bottom + 1, newest]
        assert raw in styles[plot.top : plot.bottom + 1, before]
        assert front not in styles[plot.top : plot.bottom + 1, before]


async def test_x_over_time_places_each_metric_by_its_own_times(watch, logs):
    for epoch in range(50):
        write(logs, *curve("Loss/value", range(epoch * 20, epoch * 20 + 20), time=1000.0))
        write(logs, scalar("eval/mean_reward", epoch, epoch, 1000.0 + epoch * 20 + 20))
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        await pilot.press("X")
        await until(lambda: app.screen.board.view.unit == "time", "the time")
        chart = next(chart for plan, chart in app.screen.board.charts if plan.title == "reward")
        await until(lambda: chart.plot and chart.plot.frame.unit == "time", "the chart")
        last = chart.plot.column(1000.0)
        assert STYLE_NUMBERS["series-1"] in chart.picture.styles[chart.plot.top : chart.plot.bottom + 1, last]


async def test_a_training_that_stalls_is_told(watch, logs):
    write(logs, *curve("rollout/ep_rew_mean", range(10), time=time.time() - 1000))
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        await until(lambda: "○ quiet for 17 min (usually 1 s): ended or stalled" in line(app, "#status"), "the silence")
        assert app.screen.query_one("#status").has_class("-quiet")


async def test_an_empty_folder_is_waited_for(watch, logs):
    logs.mkdir()
    app = watch()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.screen.query("#waiting") and "for event files" in line(app, "#waiting"), "the wait")
        await pilot.press("r")
        await until(lambda: "no runs yet" in told(app))


async def test_a_run_that_is_written_again_leaves_nothing_of_the_old_one(watch, logs):
    write(logs / "walk", *curve("reward", range(50)), *curve("old", range(5)))
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        shutil.rmtree(logs / "walk")
        await until(lambda: "the files of walk were deleted" in line(app, "#status"), "the deletion")
        write(logs / "walk", *curve("reward", range(3), time=time.time(), value=-1.0), second=2)
        await until(lambda: points(app, "reward") == 3, "the new points")
        await until(lambda: line(app, "#status").startswith("step 2  ● last point"), "no message of the old files")
        await until(lambda: [row.split()[0] for row in shown(app) if row] == ["reward"], "the new metrics only")
        assert not told(app)


async def test_damage_is_told_in_the_status(watch, logs):
    path = write(logs, *curve("reward", range(5)))
    with open(path, "ab") as end:
        end.write(b"\xff" * 40)
    write(logs, *curve("reward", range(5, 8)))
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        assert points(app, "reward") == 8
        await until(lambda: "is damaged: 40 bytes skipped" in line(app, "#status"), "the damage")


async def test_names_with_escapes_and_markup_are_drawn_as_they_are(watch, logs):
    write(logs, scalar("[red]evil\x1b]0;title\x07[/red]", 1, 1.0), scalar("reward", 1, 1.0))
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        assert any(row.startswith("[red]evil[/red]") for row in shown(app))
        await pilot.press("end", "enter")
        await until(lambda: app.screen.query_one(ChartBoard).page.title == "pinned")


# --- the table ---


async def test_letters_find_metrics_and_enter_charts_them(watch, logs):
    shutil.copytree(EVENTS / "skrl", logs)
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        type_at_once(app, "slash", *"stdev")
        table = app.screen.query_one(MetricTable)
        await until(lambda: table.metric == "Policy / Standard deviation", "the match")
        await pilot.press("enter", "enter")
        await until(lambda: list(charts(app)) == ["Policy / Standard deviation"], "its chart")
        assert app.screen.query_one(ChartBoard).page.title == "pinned"
        await pilot.press("enter")
        await until(lambda: not charts(app), "no pinned chart")
        await pilot.press("escape")
        await until(lambda: len([row for row in shown(app) if row]) > 20, "all metrics")


async def test_the_cursor_stays_on_its_metric_and_in_sight(watch, logs):
    write(logs, *(scalar(f"term_{number:02}", 1, 1.0) for number in range(60)))
    app = watch()
    async with app.run_test(size=(80, 24)) as pilot:
        await everything_is_drawn(app)
        table = app.screen.query_one(MetricTable)
        await pilot.press("pagedown", "down", "down")
        at = table.metric
        assert at not in (None, "term_00")
        assert any(row.startswith(at) for row in shown(app))
        write(logs, scalar("a_new_one", 2, 1.0))
        await until(lambda: points(app, "a_new_one") == 1)
        await until(lambda: "61" in str(table.parent.border_subtitle), "the new row")
        assert table.metric == at
        await pilot.press("end")
        assert (table.metric, shown(app)[-1].split()[0]) == ("term_59", "term_59")
        await pilot.press("home")
        assert table.metric == "a_new_one"


async def test_m_gives_the_room_of_the_table_to_the_charts(watch, logs):
    write(logs, *curve("reward", range(5)))
    app = watch()
    async with app.run_test(size=(80, 24)) as pilot:
        await everything_is_drawn(app)
        before = app.screen.query_one(ChartBoard).size.height
        await pilot.press("m")
        await until(lambda: app.screen.query_one(ChartBoard).size.height > before)
        await pilot.press("m")
        await until(lambda: app.screen.query_one(MetricTable).has_focus)


async def test_g_shows_the_machine_and_hides_it(watch, logs, size):
    write(logs, *curve("reward", range(5)))
    app = watch()
    async with app.run_test(size=size) as pilot:
        await everything_is_drawn(app)
        await pilot.press("g")
        panel = app.screen.query_one(MachinePanel)
        await until(lambda: panel.reading is not None, "a reading")
        await until(lambda: panel.region.height > 4, "its room")
        await pilot.press("g")
        await until(lambda: not panel.display and app.screen.query_one(MetricTable).has_focus)


# --- several runs ---


def several(logs):
    for age, name in enumerate(("new", "middle", "old")):
        path = write(logs / name, *curve("rollout/ep_rew_mean", range(5 + age)))
        os.utime(path, (NOW - 100 * age, NOW - 100 * age))


async def test_the_newest_run_is_shown_and_others_by_choice(watch, logs):
    several(logs)
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        assert app.screen.chosen == ["new"]
        assert "new  1 file  1 of 3 runs" in line(app, "#headline")
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns))
        lines = [str(option.prompt).partition("  ")[0] for option in app.screen.query_one(OptionList).options]
        assert lines == ["[✓] new", "[ ] middle", "[ ] old"]
        await pilot.press("down", "down", "space", "enter")
        await until(lambda: isinstance(app.screen, WatchScreen) and is_read(app), "both runs")
        assert app.screen.chosen == ["new", "old"]
        await until(lambda: (points(app, "rollout/ep_rew_mean", 0), points(app, "rollout/ep_rew_mean", 1)) == (5, 7))
        assert "2 of 3 runs" in line(app, "#headline")
        (chart,) = [chart for _, chart in app.screen.query_one(ChartBoard).charts]
        assert len(chart.description.curves) == 2
        names = line(app, "RunLegend").replace("\u2800", " ").rstrip()
        assert names == "● new   ■ old"  # the charts leave the names to it


async def test_arrows_and_ticks_that_come_in_one_piece_keep_their_order(watch, logs):
    several(logs)
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns) and app.screen.query("RunList"))
        type_at_once(app, "down", "space", "down", "space", "enter")
        await until(lambda: isinstance(app.screen, WatchScreen))
        assert app.screen.chosen == ["new", "middle", "old"]


async def test_runs_whose_steps_count_different_things_say_so(watch, logs):
    all_libraries(logs)
    app = watch("rl_games", "rsl_rl")
    async with app.run_test(size=(200, 60)) as pilot:
        await everything_is_drawn(app)
        header = app.screen.query_one(BoardHeader)
        await until(lambda: "steps differ; X for time" in header.render_line(0).text, "the warning")
        names = line(app, "RunLegend").replace("\u2800", " ").rstrip()
        assert names == "● rl_games/summaries (environment steps)   ■ rsl_rl (iterations)"
        await pilot.press("X")
        await until(lambda: "time: all" in header.render_line(0).text, "the time")


async def test_a_run_without_steps_says_so_and_is_shown_over_time(watch, logs):
    write(logs, *(scalar("reward", 0, n, 1000.0 + n) for n in range(20)))
    app = watch()
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        header = app.screen.query_one(BoardHeader)
        await until(lambda: "logged without steps; X for time" in header.render_line(0).text, "the warning")
        await pilot.press("X")
        await until(lambda: "time: all" in header.render_line(0).text, "the time")
        (chart,) = [chart for _, chart in app.screen.board.charts]
        await until(lambda: chart.plot and chart.plot.frame.unit == "time", "the chart")
        drawn = chart.picture.styles[chart.plot.top : chart.plot.bottom + 1, chart.plot.left : chart.plot.right]
        assert (drawn == STYLE_NUMBERS["series-1"]).any(axis=0).sum() > chart.plot.cells / 2


async def test_a_run_of_which_no_metric_has_a_role_is_on_the_first_page(watch, logs):
    write(logs, *curve("epoch_loss", range(5)), *curve("epoch_accuracy", range(5)))
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        await until(lambda: list(charts(app)) == ["epoch_loss", "epoch_accuracy"], "all metrics")
        assert app.screen.query_one(ChartBoard).page.title == "overview"


async def test_the_table_tells_of_each_run_in_turn(watch, logs):
    several(logs)
    app = watch("old", "mid")
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        panel = app.screen.query_one("MetricPanel")
        await until(lambda: str(panel.border_title).startswith("● middle (t"), "the first run")
        assert points(app, "rollout/ep_rew_mean", 0) != points(app, "rollout/ep_rew_mean", 1)
        middle = shown(app)
        await pilot.press("t")
        await until(lambda: str(panel.border_title).startswith("■ old (t"), "the second run")
        assert shown(app) != middle
        await pilot.press("t")
        await until(lambda: shown(app) == middle, "the first run again")


async def test_runs_that_are_named_are_shown_together(watch, logs):
    several(logs)
    app = watch("old", "mid")
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        assert app.screen.chosen == ["middle", "old"]


async def test_no_more_runs_are_ticked_than_can_be_told_apart(watch, logs):
    for number in range(10):
        write(logs / f"run_{number}", *curve("reward", range(3)))
    app = watch("run")
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        assert len(app.screen.chosen) == 8
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns))
        await pilot.press("end", "space", "enter")
        problem = app.screen.query_one(".problem", Static)
        await until(lambda: "expected at most 8 ticked runs, got 9" in str(problem.content))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, WatchScreen))
        assert len(app.screen.chosen) == 8


async def test_runs_of_several_libraries_meet_on_the_charts_of_their_roles(watch, logs):
    for library in LIBRARIES:
        shutil.copytree(EVENTS / library, logs / library)
    app = watch("r")
    async with app.run_test(size=(200, 60)):
        await everything_is_drawn(app)
        assert len(app.screen.chosen) == 3
        await until(lambda: "reward" in charts(app), "the charts")

        def counts():
            shown = dict(app.screen.query_one(ChartBoard).charts)
            chart = next(chart for plan, chart in shown.items() if plan.role == "reward")
            return [curve.series.count for curve in chart.description.curves]

        await until(lambda: len(counts()) == 3 and all(counts()), "three curves of the reward")


async def test_a_new_run_is_told(watch, logs):
    several(logs)
    app = watch()
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        write(logs / "newest", *curve("reward", range(3)))
        await until(lambda: "new run: newest; press r to choose runs" in told(app))
        assert app.screen.chosen == ["new"]


async def test_a_run_that_was_left_out_is_not_read_again(watch, logs):
    several(logs)
    app = watch("new", "old")
    async with app.run_test(size=(120, 40)) as pilot:
        await everything_is_drawn(app)
        kept = app.screen.runs["old"]
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns))
        await pilot.press("end", "space", "enter")
        await until(lambda: isinstance(app.screen, WatchScreen))
        assert app.screen.chosen == ["new"]
        write(logs / "old", *curve("rollout/ep_rew_mean", range(7, 9)))
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns))
        places = [str(option.prompt) for option in app.screen.query_one(OptionList).options]
        app.screen.query_one(OptionList).highlighted = next(i for i, text in enumerate(places) if " old" in text)
        await pilot.press("space", "enter")
        await until(lambda: isinstance(app.screen, WatchScreen))
        await until(lambda: app.screen.runs["old"].history.series["rollout/ep_rew_mean"].count == 9)
        assert app.screen.runs["old"] is kept


# --- pictures ---


@pytest.fixture
def at_a_fixed_time(monkeypatch):
    monkeypatch.setattr("tui.screens.watch.screen.time.time", lambda: NOW)
    monkeypatch.setattr("tui.screens.watch.run_dialog.time.time", lambda: NOW)


def all_libraries(logs):
    for age, library in enumerate(LIBRARIES):
        shutil.copytree(EVENTS / library, logs / library)
        for path in (logs / library).rglob("events*"):
            os.utime(path, (NOW - 100 * age, NOW - 100 * age))


async def test_watched_run(watch, logs, at_a_fixed_time, sizes_look_as_before):
    shutil.copytree(EVENTS / "rl_games", logs)
    app = watch()
    async with app.run_test(size=SMALL) as pilot:
        await everything_is_drawn(app)
        await sizes_look_as_before(pilot)


async def test_watched_runs(watch, logs, at_a_fixed_time, sizes_look_as_before):
    all_libraries(logs)
    app = watch("r")
    async with app.run_test(size=SMALL) as pilot:
        await everything_is_drawn(app)
        await sizes_look_as_before(pilot)


async def test_choice_of_runs_without_colour(watch, logs, at_a_fixed_time, looks_as_before, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    all_libraries(logs)
    app = watch()
    async with app.run_test(size=(80, 24)) as pilot:
        await everything_is_drawn(app)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, ChooseRuns))
        await looks_as_before(pilot)


async def test_nothing_to_watch(watch, logs, looks_as_before):
    logs.mkdir()
    app = watch()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.screen.query("#waiting") and "for event files" in line(app, "#waiting"), "the wait")
        await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")
        await looks_as_before(pilot)


async def test_a_sign_and_its_run_are_on_one_line(watch, logs):
    for number in range(6):
        write(logs / f"experiment_with_a_name_{number}", *curve("reward", range(3)))
    app = watch("experiment")
    async with app.run_test(size=(120, 40)):
        await everything_is_drawn(app)
        legend = app.screen.query_one("RunLegend")
        await until(lambda: legend.size.height > 1, "a second line")
        lines = [legend.render_line(y).text.rstrip() for y in range(legend.size.height)]
        assert not [text for text in lines if text.endswith(tuple("●■▲★◎□"))]


async def test_a_run_without_a_point_says_so(watch, logs):
    write(logs / "empty")
    app = watch()
    async with app.run_test(size=(120, 40)):
        await until(lambda: line(app, "#status") == "no points logged yet", "the status")
