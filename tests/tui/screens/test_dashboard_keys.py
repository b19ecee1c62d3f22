"""Keys of the dashboard where no trainer runs, and the footer that names them."""

from __future__ import annotations

import signal
import subprocess
import sys
from threading import Event

import pytest
from msgspec.structs import replace
from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, knob_row, make_run, told, until
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.messages import KnobsAvailable, PhaseChanged
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.screen import DashboardScreen
from tui.widgets.board.chart_grid import ChartGrid


def progress(app):
    return str(app.screen.query_one("#progress", Static).content)


async def test_the_dialog_of_a_knob_judges_while_one_types(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("enter", "tab")
        await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#value"), "the dialog")
        field, verdict = app.screen.query_one("#value", Input), app.screen.query_one("#verdict", Static)
        assert field.value == "4"
        await pilot.press("-")
        assert (field.value, str(verdict.content)) == ("-", "expected a number")
        await pilot.press("5")
        assert (field.value, str(verdict.content)) == ("-5", "")
        field.value = "inf"
        await until(lambda: "expected a finite number" in str(verdict.content), "the verdict")
        await pilot.press("enter")
        assert isinstance(app.screen, KnobDialog)  # no value that would be refused leaves the dialog
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        assert told(app) == []


async def test_bounds_of_a_knob_are_told_while_one_types(log_root):
    bodies = [
        replace(body, knobs=tuple(replace(knob, minimum=0.5, maximum=3.0) for knob in body.knobs))
        if isinstance(body, KnobsAvailable)
        else body
        for body in bodies_of("cartpole")
    ]
    app = HumanoidTui(log_root, make_run(log_root, "cartpole", bodies))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("enter", "7")
        assert str(app.screen.query_one("#line-verdict", Static).content) == "expected at most 3, got 7"
        await pilot.press("tab")
        await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
        verdict = app.screen.query_one("#verdict", Static)
        await until(
            lambda: str(verdict.content) == "reward/smooth_reward/weight: expected at most 3, got 7", "the whole"
        )


async def test_a_knob_that_is_read_only_says_why(log_root):
    bodies = [
        replace(body, knobs=tuple(replace(knob, read_only="it is a function") for knob in body.knobs))
        if isinstance(body, KnobsAvailable)
        else body
        for body in bodies_of("g1-walk")
    ]
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        assert knob_row(app, "reward/pose/weight")["state"] == "it is a function"
        await pilot.press("enter")
        await until(lambda: any("is read-only: it is a function" in text for text in told(app)), "the reason")
        assert isinstance(app.screen, DashboardScreen)


async def test_an_edit_of_an_ended_run_says_that_no_trainer_runs(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("enter", "5", "enter")
        await until(lambda: any("no trainer runs" in text for text in told(app)), "the answer")
        assert knob_row(app, "reward/track_linear_velocity/weight")["value"] == "4"


@pytest.mark.parametrize("key", ["p", "s", "x"])
async def test_a_key_that_needs_a_trainer_says_that_none_runs(log_root, key):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press(key)
        await until(lambda: any("no trainer runs" in text for text in told(app)), "the answer")
        assert isinstance(app.screen, DashboardScreen)  # and nothing was asked first


async def test_stop_between_two_attempts_cancels_the_next_one(log_root):
    folder = make_run(log_root, "g1-walk")
    command = [sys.executable, "-c", "input()", "trainer_proc.restart", str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as restart:
        app = HumanoidTui(log_root, folder)
        async with app.run_test(size=(120, 40)) as pilot:
            await dashboard_is_filled(app)
            await pilot.press("x")
            await until(lambda: told(app) == ["the next attempt is cancelled"], "the answer")
        assert restart.wait() == -signal.SIGTERM


async def test_an_export_of_an_ended_run_takes_its_newest_checkpoint(log_root, monkeypatch):
    folder = make_run(log_root, "g1-walk")
    asked = []

    def export(folder, checkpoint):
        asked.append(checkpoint)
        return next(body for body in bodies_of("g1-walk") if type(body).__name__ == "ExportFinished")

    monkeypatch.setattr("tui.screens.dashboard.export_actions.export_checkpoint", export)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("e")
        await until(lambda: any("has no checkpoint yet" in text for text in told(app)), "the problem")
        folder.checkpoint(94).write_bytes(WHOLE_CHECKPOINT)
        folder.checkpoint(119).write_bytes(WHOLE_CHECKPOINT)
        await pilot.press("e")
        await until(lambda: any("rate up to 12,328 Hz" in text for text in told(app)), "the result")
    assert asked == [folder.checkpoint(119)]


async def test_an_export_that_takes_long_is_shown_in_the_header_and_not_started_twice(log_root, monkeypatch):
    folder = make_run(log_root, "g1-walk")
    folder.checkpoint(119).write_bytes(WHOLE_CHECKPOINT)
    asked, may_end = [], Event()

    def export(folder, checkpoint):
        asked.append(checkpoint)
        may_end.wait()
        raise ExportError("no space left")

    monkeypatch.setattr("tui.screens.dashboard.export_actions.export_checkpoint", export)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("e")
        await until(lambda: "  exporting" in progress(app), "the header")
        await pilot.press("e")
        await until(lambda: any(text.startswith("exporting") and "newest" not in text for text in told(app)), "a line")
        may_end.set()
        await until(lambda: "no space left" in told(app), "the result")
        await until(lambda: "exporting" not in progress(app), "the header")
    assert len(asked) == 1


async def test_q_leaves_and_says_that_the_training_has_ended(log_root, capsys):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", name="2026-01-01_00-00-00_[b]"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")
    assert capsys.readouterr().err.splitlines() == [
        "The training has ended. Review it with:",
        "humanoid-tui attach 'logs/rsl_rl/g1_velocity/2026-01-01_00-00-00_[b]'",
    ]


async def test_keys_scroll_the_charts_of_a_small_terminal(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        area = app.screen.query_one(ChartGrid)
        await until(lambda: area.max_scroll_y > 0, "the layout")
        await pilot.press("shift+tab")
        assert app.focused is area
        for _ in range(9):
            await pilot.press("pagedown")
        await until(lambda: area.scroll_y == area.max_scroll_y, "the last charts")


async def test_the_footer_follows_the_focus_and_the_training(trainer):
    trainer.play(bodies_of("g1-walk", until_iteration=40))
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        keys = {
            "p": "pause", "e": "export", "x": "stop", "⏎": "edit", "/": "filter",
            "u": "undo", "h": "history", "q": "quit", "?": "help",
        }  # fmt: skip
        await until(lambda: footer(app) == keys, "the footer")
        assert all(key.region.right <= 80 for key in keys_shown(app))
        assert not any(key.compact for key in keys_shown(app))  # else keys and labels run into each other
        await pilot.press("shift+tab")
        await until(lambda: footer(app).get("⏎") == "maximise", "the keys of charts")
        assert {"f": "find metric", "L": "log y", "p": "pause", "q": "quit"}.items() <= footer(app).items()
        assert "u" not in footer(app)
        await pilot.press("enter")
        await until(lambda: footer(app).get("⏎") == "restore", "the maximised chart")
        await pilot.press("escape", "l")
        await until(lambda: footer(app).get("/") == "search", "the keys of the log")
        assert {"v": "errors only", "l": "log"}.items() <= footer(app).items()
        await pilot.press("l", "enter")
        await until(lambda: footer(app) == {"tab": "add note or ramp", "esc": "cancel"}, "the field's keys")
        await pilot.press("escape")
        trainer.emit(PhaseChanged("paused"))
        await until(lambda: footer(app).get("p") == "resume", "the paused training")
        assert "Resume (p)" in {command.title for command in app.get_system_commands(app.screen)}
        trainer.emit(PhaseChanged("finished"))
        await until(lambda: "p" not in footer(app), "the end of the training")
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert not {"Pause (p)", "Resume (p)", "Stop (x)", "Undo (u)", "Edit (⏎)", "Level up (+)"} & titles
        assert {"Export (e)", "History (h)", "Filter (/)"} <= titles
        await pilot.resize_terminal(200, 60)
        await until(
            lambda: {"b": "before/after", "r": "runs", "y": "copy preset"}.items() <= footer(app).items(), "more"
        )


async def test_an_ended_run_offers_only_what_works_without_a_trainer(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(80, 24)):
        await dashboard_is_filled(app)
        keys = {
            "e": "export", "/": "filter", "h": "history", "l": "log", "b": "before/after", "r": "runs",
            "q": "quit", "?": "help",
        }  # fmt: skip
        await until(lambda: footer(app) == keys, "the footer")


def footer(app):
    return {key.key_display: key.description for key in keys_shown(app)}


def keys_shown(app):
    return [key for key in app.screen.query(FooterKey) if key.region.area]


async def test_l_gives_the_screen_to_the_log_and_takes_it_back(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        console, knobs = app.screen.query_one("#console"), app.screen.query_one("#knobs")
        assert console.region.area == 0  # no room beside charts and knobs
        await pilot.press("l")
        await until(lambda: console.region.width == 78 and console.is_vertical_scroll_end, "the end of the log")
        assert app.focused is console
        await pilot.press("l")
        await until(lambda: console.region.area == 0 and knobs.region.area > 0, "the knobs")
        assert app.focused is knobs


async def test_the_command_palette_offers_every_key_and_carries_it_out(trainer):
    trainer.play(bodies_of("g1-walk", until_iteration=40))
    app = HumanoidTui(trainer.folder.path.parents[1], trainer.folder)
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {
            "Pause (p)", "Export (e)", "Stop (x)", "Filter (/)", "Undo (u)", "History (h)", "Quit (q)",
            "Curricula (t)", "Level up (+)", "Level down (-)", "Auto (a)",
            "Redo (U)", "Changed only (c)", "Default (d)", "Unpin (i)", "Stop ramp (m)", "Copy preset (y)",
            "Save (s)", "Log (l)", "Runs (r)", "Find metric (f)", "Zoom in (z)", "Charts: rewards (2)",
        } <= commands.keys()  # fmt: skip
        assert not [title for title in commands if "focus" in title.lower()]  # Textual's own of every screen
        assert commands["Save (s)"].help == "Save a checkpoint after this iteration"
        await commands["Quit (q)"].callback()
        await until(lambda: not app.is_running, "the end")
