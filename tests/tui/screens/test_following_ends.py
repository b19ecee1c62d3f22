"""A run that can't be followed any more: the dashboard says so for as long as it is open."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from tests.tui.screens.recorded import dashboard_is_filled, make_run, until
from trainer_proc.contract.messages import PROTOCOL, RunStarted
from tui.app import HumanoidTui
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
