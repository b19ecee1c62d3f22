import re

import numpy as np
import pytest
from msgspec.structs import replace
from textual.widgets import Static

from tests.tui.machines import Driver
from tests.tui.screens.recorded import FakeTrainer, bodies_of, dashboard_is_filled, knob_row, make_run, told, until
from trainer_proc.contract.messages import InterventionApplied, IterationFinished, KnobsAvailable, PhaseChanged
from trainer_proc.contract.products import CheckpointLoaded
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.log_strip import LogStrip
from tui.screens.dashboard.log_view import LogViewer
from tui.session.board.plans import DEFAULT_BOARD
from tui.widgets.chart import Chart
from tui.widgets.status_line import StatusLine


def charts(app):
    return {chart.description.title: chart.description for chart in app.screen.query(Chart)}


def progress(app):
    return str(app.screen.query_one("#progress", Static).content)


def shown_lines(app):
    return app.screen.query_one(LogViewer).lines


def last_line(app):
    return [line for line in app.screen.query_one(LogViewer).lines if line][-1]


def headline(app):
    return str(app.screen.query_one("#headline", Static).content)


def load(app):
    return str(app.screen.query_one(StatusLine).render())


# --- the header ---


async def test_the_header_shows_speed_and_gpus_of_a_training_and_its_times(log_root, monkeypatch):
    driver = Driver(monkeypatch)
    trainer = FakeTrainer(make_run(log_root, "g1-gpu", bodies=[]))
    trainer.play(bodies_of("g1-gpu", until_iteration=20))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        await until(lambda: re.fullmatch(r"\d+k steps/s  GPU  62%", load(app)), "the load")
        assert app.screen.query_one(StatusLine).region.right == 119
        assert re.search(r"iteration 21 of \d+  █.* \d%  <?\d+ min elapsed, (\d+ h )?\d+ min left$", progress(app))
        trainer.close()
        await until(lambda: load(app) == "", "the end")
        assert re.search(r" <?\d+ min elapsed$", progress(app))
    await until(lambda: driver.opened == 0, "the driver given back")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_screen_has_one_estimate_of_the_remaining_time(log_root, trainer, size):
    trainer.play(bodies_of("g1-walk", until_iteration=20))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=size) as pilot:
        await dashboard_is_filled(app)
        assert "ETA: " in trainer.folder.console.read_text()
        await pilot.press("l")
        await until(lambda: any("Time elapsed" in line for line in shown_lines(app)), "the log")
        assert "left" in progress(app)
        assert not any("ETA" in line for line in shown_lines(app))


# --- what a recorded run shows ---


async def test_every_chart_of_the_board_has_the_runs_data(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert list(charts(app)) == [plan.title for plan in DEFAULT_BOARD]
        for title, chart in charts(app).items():
            (curve,) = chart.curves
            assert curve.series.count >= 118, title
            assert curve.series.last_iteration == 119
        assert charts(app)["reward"].curves[0].series.last == pytest.approx(-0.6962, abs=1e-4)


async def test_only_the_kl_chart_has_a_reference_and_it_is_the_desired_kl(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        references = {title: chart.references for title, chart in charts(app).items() if chart.references}
        assert list(references) == ["KL"]
        (reference,) = references["KL"]
        assert (reference.label, reference.value) == ("desired KL", pytest.approx(0.01))


async def test_every_chart_is_marked_where_something_was_changed(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        applied = [body for body in bodies_of("g1-walk") if isinstance(body, InterventionApplied)]
        assert [body.iteration for body in applied] == [37, 77]
        for title, chart in charts(app).items():
            (of_run,) = chart.marks
            assert [(mark.iteration, mark.label) for mark in of_run.marks] == [(37, "#1"), (77, "#2")], title


async def test_the_table_has_a_row_for_each_knob(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        (available,) = [body for body in bodies_of("g1-walk") if isinstance(body, KnobsAvailable)]
        assert app.screen.query_one(KnobTable).row_count == len(available.knobs) == 14  # one kind: no heading
        assert knob_row(app, "reward/track_linear_velocity/weight") == {
            "name": "* reward/track_linear_velocity/weight",
            "value": "4",
            "default": "2",
            "metric": "0.004562",
            "history": "▁▁▁███████",
            "state": "applied @37 (user)",
        }
        assert knob_row(app, "reward/foot_slip/weight")["state"] == "applied @77 (user)"
        upright = [cell.strip() for cell in knob_row(app, "reward/upright/weight").values()]
        assert upright == ["reward/upright/weight", "1", "1", "0.007347", "", ""]


async def test_a_late_iteration_fits_in_the_table_of_a_small_terminal(log_root):
    bodies = bodies_of("cartpole")
    change = next(body for body in bodies if isinstance(body, InterventionApplied)).changes
    bodies = [*bodies, InterventionApplied(2, "person", 29999, 2, change)]
    app = HumanoidTui(log_root, make_run(log_root, "cartpole", bodies))
    async with app.run_test(size=(80, 24)):
        await dashboard_is_filled(app)
        table = app.screen.query_one(KnobTable)
        await until(lambda: "@29999 (user)" in table.render_line(1).text, "the whole state")


async def test_iterations_of_a_resumed_run_are_counted_from_the_first_run_on(log_root):
    def later(body):
        return replace(body, iteration=body.iteration + 80) if isinstance(body, IterationFinished) else body

    bodies = [later(body) for body in bodies_of("g1-walk", until_iteration=49)]
    bodies.insert(1, CheckpointLoaded(80, "/elsewhere/model_79.pt"))
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert progress(app).startswith("✘ killed  iteration 130 of 200  █")
        assert re.search(r" 42%  <?\d+ min elapsed$", progress(app))


async def test_head_and_progress_say_what_this_is_and_how_it_went(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert headline(app) == "2026-11-21_16-15-12_walk  16 environments on cpu  Mjlab-Velocity-Flat-Unitree-G1"
        assert progress(app).startswith("✔ finished  iteration 120 of 120  █")


async def test_the_head_of_a_run_that_goes_on_from_another_names_it(log_root):
    folder = make_run(log_root, "g1-walk")
    folder.write_spec(
        replace(folder.read_spec(), parent="/runs/2026-11-20_10-00-00_first", checkpoint="/runs/x/model_80.pt")
    )
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert headline(app) == (
            "2026-11-21_16-15-12_walk  from 2026-11-20_10-00-00_first at 80  16 environments on cpu  "
            "Mjlab-Velocity-Flat-Unitree-G1"
        )


async def test_the_console_shows_the_end_of_the_log_without_escapes(log_root):
    folder = make_run(log_root, "g1-walk")
    with folder.console.open("a") as log:
        log.write("\x1b[1mhalf\x1b[0m of it\nthe other half")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        await until(lambda: last_line(app) == "the other half", "the last line, which has no end yet")
        with folder.console.open("a") as log:
            log.write(" comes later\n")
        await until(lambda: last_line(app) == "the other half comes later", "the next line")


def shows_its_end(console):
    shown = [console.render_line(y).text.strip() for y in range(console.size.height)]
    return last_line(console.app).strip() in shown and console.is_vertical_scroll_end


async def test_the_console_keeps_the_end_in_sight_in_a_terminal_of_any_size(log_root):
    folder = make_run(log_root, "g1-walk")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(160, 50)) as pilot:
        await dashboard_is_filled(app)
        console = app.screen.query_one(LogViewer)
        await until(lambda: shows_its_end(console), "the end")
        await pilot.resize_terminal(120, 40)
        await until(lambda: not console.region.area, "the folded log")
        await pilot.press("l")
        for size in ((120, 40), (160, 50), (120, 24), (120, 40)):
            await pilot.resize_terminal(*size)
            await until(lambda: shows_its_end(console), f"the end at {size}")
        with folder.console.open("a") as log:
            log.write("one more\n")
        await until(lambda: last_line(app) == "one more" and shows_its_end(console), "the new end")


async def test_at_120_columns_the_console_is_folded_to_its_newest_line(log_root):
    folder = make_run(log_root, "g1-walk")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        strip, console = app.screen.query_one(LogStrip), app.screen.query_one(LogViewer)
        await until(lambda: str(strip.content).startswith("log: Time elapsed: 0:14:12"), "the newest line")
        assert str(strip.content).endswith("  l log")
        assert strip.region.area
        assert not console.region.area
        assert app.screen.query_one(KnobTable).size.width > 110
        with folder.console.open("a") as log:
            log.write("RuntimeError: a tensor is NaN\n\n")
        error = r"log: ✘ RuntimeError: a tensor is NaN +✘ 1 error line  l log"
        await until(lambda: re.fullmatch(error, str(strip.content)), "the error")
        await pilot.click(LogStrip)
        await until(lambda: console.has_focus and console.region.area and console.is_vertical_scroll_end, "the log")
        assert not strip.region.area
        await pilot.press("l")
        await until(lambda: strip.region.area and not console.region.area, "the folded log")
        await pilot.resize_terminal(80, 24)
        await until(lambda: not strip.region.area, "the small terminal")
        await pilot.resize_terminal(200, 60)
        await until(lambda: console.region.area and not strip.region.area, "the large terminal")


async def test_a_console_that_was_scrolled_up_stays_there(log_root):
    folder = make_run(log_root, "g1-walk")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(160, 50)) as pilot:
        await dashboard_is_filled(app)
        console = app.screen.query_one(LogViewer)
        await until(lambda: shows_its_end(console), "the end")
        console.focus()
        await pilot.press("home")
        await until(lambda: console.scroll_y == 0, "the start")
        with folder.console.open("a") as log:
            log.write("one more\n")
        await until(lambda: last_line(app) == "one more", "the new line")
        await pilot.pause()
        assert console.scroll_y == 0
        await pilot.press("end")
        await until(lambda: shows_its_end(console), "the end again")


async def test_what_happened_before_is_not_announced_as_news(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert told(app) == []


async def test_a_killed_run_shows_up_to_where_it_came(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies_of("g1-walk", until_iteration=40)))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert progress(app).startswith("✘ killed  iteration 41 of 120")


async def test_the_whole_reason_of_a_failure_can_be_read_in_a_small_terminal(log_root):
    reason = "RuntimeError: " + "the reason is long " * 6 + "and ends here"
    bodies = [*bodies_of("g1-walk", until_iteration=40), PhaseChanged("failed", reason)]
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.pause()
        line = app.screen.query_one("#progress")
        shown = " ".join(line.render_line(y).text.strip() for y in range(line.size.height))
        assert shown.startswith("✘ failed")
        assert shown.endswith("and ends here")


async def test_a_value_that_is_no_number_leaves_a_gap_and_no_trouble(log_root):
    bodies = bodies_of("g1-walk", until_iteration=20)
    last = bodies[-1]
    nans = np.full(len(last.values) // 4, np.nan, dtype="<f4").tobytes()
    bodies.append(IterationFinished(21, last.metric_set, nans, last.environment_steps, 1.0))
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert knob_row(app, "reward/upright/weight")["metric"] == "nan"


async def test_a_damaged_journal_is_told(log_root):
    folder = make_run(log_root, "g1-walk")
    folder.journal.write_bytes(b"something else entirely")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)):
        await until(lambda: any("is damaged at byte 0" in text for text in told(app)), "the problem")
