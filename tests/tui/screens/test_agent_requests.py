"""Requests of agents on the dashboard: shown while they wait, answered by keys, gone with their time."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from tests.tui.screens.recorded import dashboard_is_filled, make_run, told, until
from tui.app import HumanoidTui
from tui.screens.dashboard.agent_dialog import AgentDialog
from tui.session.agents.questions import ask_user, await_answer
from tui.widgets.diff_text import DiffText

WHAT, WHY = "reward/track_linear_velocity/weight 4 → 3", "the robot leans forward"


def asked(folder, seconds=600.0, agent="claude 1.0"):
    return ask_user(agent=agent, run=folder, what=WHAT, why=WHY, seconds=seconds)


class Waiting:
    """An agent that waits for its answer in a thread."""

    def __init__(self, question):
        self.cancelled, self.answers = Event(), []
        Thread(target=lambda: self.answers.append(await_answer(question, self.cancelled)), daemon=True).start()


def line_of(app):
    return app.screen_stack[-1].query_one("#agents", DiffText)


@pytest.fixture
def folder(log_root):
    return make_run(log_root, "g1-steered")


@pytest.mark.parametrize(("pressed", "expected"), [("y", "accepted"), ("n", "refused")])
async def test_a_request_is_shown_and_answered_by_keys(log_root, folder, pressed, expected):
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        assert not line_of(app).display
        agent = Waiting(asked(folder))
        await until(lambda: line_of(app).display, "the request")
        assert "A answer" in str(line_of(app).render())
        assert WHAT in str(line_of(app).render())
        await until(lambda: f"claude 1.0 asks: {WHAT}" in told(app), "the alert")
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentDialog), "the dialog")
        await pilot.press("escape")
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentDialog), "the dialog again")
        await pilot.press(pressed)
        await until(lambda: f"{expected}: {WHAT}" in told(app), "the answer")
        await until(lambda: agent.answers == [expected], "the agent's answer")
        await until(lambda: not line_of(app).display, "no request")


async def test_enter_accepts_nothing_and_a_request_that_is_over_closes_its_dialog(log_root, folder):
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        agent = Waiting(asked(folder))
        await until(lambda: line_of(app).display, "the request")
        await pilot.press("A")
        await until(lambda: isinstance(app.screen, AgentDialog), "the dialog")
        await pilot.press("enter")
        assert isinstance(app.screen, AgentDialog)
        agent.cancelled.set()
        await until(lambda: agent.answers == ["expired"], "the agent's answer")
        await until(lambda: not isinstance(app.screen, AgentDialog), "the end of the dialog")
        await pilot.press("A")
        await until(lambda: "no requests of agents" in told(app), "nothing to answer")


async def test_a_request_about_another_run_is_not_shown_and_control_characters_are_harmless(log_root, folder):
    app = HumanoidTui(log_root, folder)
    asked(make_run(log_root, "g1-walk"))
    asked(folder, agent="\x1b]0;owned\x07evil\u202e")
    async with app.run_test(size=(200, 60)):
        await dashboard_is_filled(app)
        await until(lambda: line_of(app).display, "the request")
        line = str(line_of(app).render())
        assert "evil asks" in line
        assert "1 of" not in line
        assert line.isprintable()
