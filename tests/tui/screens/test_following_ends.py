"""A run that can't be followed any more: each screen that shows it says so for as long as it is open."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from tests.tui.screens.recorded import dashboard_is_filled, make_run, until
from trainer_proc.contract.messages import PROTOCOL, RunStarted
from tui.app import HumanoidTui
from tui.navigation import ShowCompare, ShowWatch
from tui.screens.compare.compared_runs import ComparedRuns
from tui.session.follow import Follower

NEWER = RunStarted(
    run="run",
    preset="cartpole",
    backend="mjlab",
    task="task",
    device="cpu",
    num_envs=4,
    iterations=100,
    seed=42,
    pid=1,
    protocol=PROTOCOL + 1,
)


def status_of(table, row):
    return str(table.get_row_at(row)[2]) if table.row_count > row else ""


def progress(app):
    return str(app.screen.query_one("#progress", Static).content)


@pytest.mark.parametrize("error", [ValueError("nobody expected this"), RuntimeError("nor that")])
async def test_a_thread_that_dies_is_shown(log_root, monkeypatch, error):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(160, 40)):
        await dashboard_is_filled(app)

        def poll(self, timeout_seconds):
            raise error

        monkeypatch.setattr(Follower, "poll", poll)
        await until(lambda: str(error) in progress(app), "the problem on the screen")
        assert progress(app).startswith("✘ not following: following the run stopped:")


async def test_a_run_of_a_newer_version_is_refused_on_the_screen(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies=[NEWER]))
    async with app.run_test(size=(200, 40)):
        await until(lambda: "expected protocol 1 or older, got 2" in progress(app), "the refusal on the screen")


async def test_a_comparison_shows_which_run_is_lost(log_root):
    folders = [make_run(log_root, "g1-walk", name="good"), make_run(log_root, "cartpole", [NEWER], name="newer")]
    app = HumanoidTui(log_root, ShowCompare(folders))
    async with app.run_test(size=(160, 40)):
        await until(lambda: app.screen.query(ComparedRuns), "the screen")
        table, line = app.screen.query_one(ComparedRuns), app.screen.query_one("#not-following", Static)
        await until(lambda: status_of(table, 1) == "✘ lost", "the problem in the table")
        await until(lambda: status_of(table, 0) == "✔ finished", "the other run")
        await until(lambda: line.region.area, "the problem below the title")
        assert str(line.content).startswith("✘ not following newer: ")
        assert "expected protocol 1 or older, got 2" in str(line.content)


async def test_runs_that_are_followed_leave_no_line(log_root):
    app = HumanoidTui(log_root, ShowCompare([make_run(log_root, "g1-walk"), make_run(log_root, "cartpole")]))
    async with app.run_test(size=(160, 40)):
        await until(lambda: app.screen.query(ComparedRuns), "the screen")
        table = app.screen.query_one(ComparedRuns)
        await until(lambda: status_of(table, 0) == "✔ finished", "the runs")
        assert not app.screen.query_one("#not-following").region.area


async def test_a_watched_folder_that_is_lost_is_shown(tmp_path, monkeypatch):
    app = HumanoidTui(tmp_path, ShowWatch(tmp_path, ()))
    async with app.run_test(size=(120, 40)):
        await until(lambda: app.screen.query("#waiting"), "the screen")

        def look_into(*folder):
            raise ValueError("nobody expected this")

        monkeypatch.setattr("tui.session.watch.watcher.look_into", look_into)
        line = app.screen.query_one("#status", Static)
        await until(lambda: "nobody expected this" in str(line.content), "the problem on the screen")
        assert str(line.content).startswith("✘ not following: reading event files stopped: ")
