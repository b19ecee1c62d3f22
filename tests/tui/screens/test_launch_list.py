"""The list of the launch screen: running trainings, the last run, groups, search."""

from __future__ import annotations

from textual.widgets import Button, Input, OptionList

from presets.preset import GROUPS
from tests.tui.screens.launch_form import choose, description, highlighted, is_launched, is_ready, value
from tests.tui.screens.recorded import bodies_of, make_run, until
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen


def listed(app):
    return [option.id or str(option.prompt) for option in app.screen.query_one("#presets", OptionList).options]


async def test_running_trainings_and_the_last_run_stand_above_the_groups(log_root, trainer, launched):
    trainer.play(bodies_of("g1-walk", until_iteration=10))
    ended = make_run(log_root, "g1-steered", name="2026-01-02_00-00-00_mine")
    ended.checkpoint(199).write_bytes(WHOLE_CHECKPOINT)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await until(lambda: listed(app)[0] == "running", "the runs")
        assert listed(app)[:5] == [
            "running", f"attach:{trainer.folder.path}", "last run", f"continue:{ended.path}", "first contact",
        ]  # fmt: skip
        assert [one for one in listed(app) if one in (*GROUPS, "your own")] == list(GROUPS)
        choose(app, f"continue:{ended.path}")
        await until(lambda: "130 iterations are left from model_199.pt" in description(app), "what is left")
        await pilot.press("enter")
        await is_launched(app)
        assert (launched[0].checkpoint, launched[0].iterations) == (str(ended.checkpoint(199)), 130)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await until(lambda: listed(app)[0] == "running", "the runs")
        await pilot.press("home")
        await until(lambda: "Attach" in str(app.screen.query_one("#start", Button).label), "the button")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        assert app.screen.folder.path == trainer.folder.path
    assert len(launched) == 1


async def test_a_search_finds_presets_by_group_simulator_or_words_of_their_titles(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("slash", *"quad")
        assert listed(app) == ["quadruped", "go1-flat", "go1-rough"]
        assert highlighted(app) == "go1-flat"
        await pilot.press("enter")
        assert not launched  # Enter goes to the list first
        await pilot.press("escape")
        assert len(listed(app)) > 20
        await pilot.press("slash", *"isaaclab h1")
        assert listed(app) == ["humanoid", "isaac-h1-flat", "isaac-h1-rough"]
        await pilot.press("enter", "enter")
        await is_launched(app)
    assert launched[0].preset == "isaac-h1-flat"


async def test_what_was_typed_stays_when_the_list_is_made_anew(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_ready(app)
        app.screen.query_one("#iterations", Input).value = "7"
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.2)
        assert (highlighted(app), value(app, "iterations")) == ("g1-walk", "7")
