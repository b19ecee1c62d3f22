"""A dialog's own keys are explained, as a screen's are."""

import pytest
from textual.widgets import Input, Static

from tests.tui.screens.recorded import dashboard_is_filled, make_run, until
from tui.app import HumanoidTui
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.help import HelpScreen
from tui.widgets.board.find_dialog import FindDialog


def explained(app):
    return str(app.screen.query_one("#text", Static).content)


async def is_help(app):
    await until(lambda: isinstance(app.screen, HelpScreen) and app.screen.query("#text") and explained(app), "the help")


@pytest.mark.parametrize(
    ("key", "dialog", "some"),
    [
        ("b", ImpactDialog, "Compare over more iterations"),
        ("h", HistoryDialog, "Compare metrics before and after the selected"),
    ],
)
async def test_a_question_mark_explains_the_dialog_and_escape_leads_back_to_it(log_root, key, dialog, some):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press(key)
        await until(lambda: isinstance(app.screen, dialog), "the dialog")
        await pilot.press("question_mark")
        await is_help(app)
        assert some in explained(app)
        assert "Hold the training" not in explained(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, dialog), "the dialog again")


@pytest.mark.parametrize(
    ("keys", "dialog", "some"),
    [(("f",), FindDialog, "Mark several"), (("enter", "tab"), KnobDialog, "Insert the usual value")],
)
async def test_a_field_takes_the_question_mark_and_f1_explains(log_root, keys, dialog, some):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press(*keys)
        await until(lambda: isinstance(app.screen, dialog) and isinstance(app.focused, Input), "the dialog")
        await pilot.press("question_mark")
        await until(lambda: "?" in app.focused.value, "the letter")
        await pilot.press("f1")
        await is_help(app)
        assert some in explained(app)


async def test_the_persons_key_for_help_is_that_of_dialogs_too(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    app._keymap = {"app.help": "f5"}
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("b")
        await until(lambda: isinstance(app.screen, ImpactDialog), "the dialog")
        await pilot.press("f5")
        await is_help(app)
