"""Editing in the row, folding kinds and stepping with keys, on a real wire with the test in the trainer's place."""

import pytest
from msgspec.structs import replace
from textual import events
from textual.widgets import Input, Static

from tests.tui.many_knobs import with_g1_knobs
from tests.tui.screens.knob_keys import (
    COUNT,
    FRICTION,
    MODE,
    PUSH,
    SWITCH,
    TWIST,
    WEIGHT,
    apply,
    go_to,
    queued,
    rows,
    under_the_cursor,
)
from tests.tui.screens.recorded import bodies_of, knob_row, make_run, told, type_at_once, until
from trainer_proc.contract.messages import Change, InterventionQueued, Ramp
from trainer_proc.contract.requests import Save, Tune
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask
from tui.widgets.inline_select import InlineSelect


def line(app):
    return app.screen.query_one(KnobLine)


def verdict(app):
    return str(app.screen.query_one("#line-verdict", Static).content)


async def nothing_was_asked(pilot, trainer):
    """Nothing came before an order that is given now."""
    await pilot.press("s")
    await until(lambda: trainer.received(Save) is not None, "a later order")
    assert not trainer.has_received(InterventionQueued)


# --- in the row ---


async def test_enter_edits_in_the_row_and_enter_sets(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter")
    assert line(app).knob_name == WEIGHT
    table = app.screen.query_one(KnobTable)
    await until(lambda: line(app).region.y == table.region.y + 1 + table.cursor_row, "its place over the row")
    assert app.focused.value == "2"
    await pilot.press("3", "enter")
    order = await queued(trainer, 1)
    assert (order.changes, order.note, order.ramp) == ((Change(WEIGHT, 2.0, 3.0),), "", None)
    assert app.focused is table
    assert not line(app).display
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "pending")


async def test_what_is_wrong_is_told_as_one_types_and_enter_does_not_ask(live, trainer):
    app, pilot = live
    go_to(app, FRICTION)
    await pilot.press("enter")
    await until(lambda: "Enter set," in verdict(app), "the keys")
    assert app.focused.value == "0.3:1.2"
    await pilot.press("-", "1")
    await until(lambda: verdict(app) == "expected LOW:HIGH", "the form")
    await pilot.press(":", "1")
    await until(lambda: verdict(app) == "expected at least 0, got -1", "the reason")
    assert app.screen.query_one("#line-verdict").has_class("problem")
    await pilot.press("enter")
    assert line(app).knob_name == FRICTION
    await pilot.press("escape")
    assert not line(app).knob_name
    assert app.focused is app.screen.query_one(KnobTable)
    await nothing_was_asked(pilot, trainer)


async def test_a_range_is_typed_with_a_colon(live, trainer):
    app, pilot = live
    go_to(app, PUSH)
    await pilot.press("enter", *"-1:2", "enter")
    assert (await queued(trainer, 1)).changes == (Change(PUSH, (-0.5, 0.5), (-1.0, 2.0)),)


async def test_words_and_switches_are_chosen_in_the_row(live, trainer):
    app, pilot = live
    go_to(app, MODE)
    await pilot.press("enter")
    assert isinstance(app.focused, InlineSelect)
    assert str(app.focused.content) == " off  [warn]  act "
    await pilot.press("right", "enter")
    assert (await queued(trainer, 1)).changes[0].new == "act"
    go_to(app, SWITCH)
    await pilot.press("enter", "space", "enter")
    assert (await queued(trainer, 2)).changes[0].new is False


async def test_the_same_value_is_not_asked_for(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter", "enter")
    assert not line(app).knob_name
    assert app.focused is app.screen.query_one(KnobTable)
    await nothing_was_asked(pilot, trainer)


async def test_the_same_value_of_a_knob_that_something_else_writes_pins_it(live, trainer):
    app, pilot = live
    go_to(app, TWIST)
    await pilot.press("enter", "enter")
    assert (await queued(trainer, 1)).changes == (Change(TWIST, (-1.0, 1.0), (-1.0, 1.0)),)


async def test_keys_behind_enter_in_one_piece_are_typed_into_the_row(live, trainer):
    app, _ = live
    go_to(app, WEIGHT)
    type_at_once(app, "enter", "1", "9", "backspace", "5", "enter", "x")  # digits are pages of charts, x stops
    order = await queued(trainer, 1)
    assert order.changes[0].new == 15.0
    assert isinstance(app.screen, DashboardScreen)


async def test_tab_opens_the_dialog_with_what_was_typed(live, trainer):
    app, pilot = live
    go_to(app, PUSH)
    await pilot.press("enter", *"-1:9", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    assert [app.screen.query_one(f"#{field}", Input).value for field in ("value", "high")] == ["-1", "9"]
    await pilot.press("tab", "tab", *"harder", "tab", "2", "0", "enter")
    order = await queued(trainer, 1)
    assert (order.changes[0].new, order.note, order.ramp.iterations) == ((-1.0, 9.0), "harder", 20)
    assert not line(app).knob_name


async def test_what_was_typed_is_continued_in_the_dialog_and_not_replaced(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter", "1", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    await pilot.press("5", "enter")
    assert (await queued(trainer, 1)).changes == (Change(WEIGHT, 2.0, 15.0),)


async def test_a_wrong_value_goes_to_the_dialog_too(live):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter", "x", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    assert app.screen.query_one("#value", Input).value == "x"
    await until(lambda: str(app.screen.query_one("#verdict", Static).content) == "expected a number", "the reason")


async def test_a_knob_that_was_changed_meanwhile_is_not_changed_again(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change of the other one")
    await pilot.press("5", "enter")
    await until(lambda: any(f"{WEIGHT} has changed since revision 0" in text for text in told(app)), "the refusal")


async def test_the_editor_stays_with_its_row_whatever_comes_and_goes(live, trainer):
    app, pilot = live
    ask(trainer.folder, Tune({TWIST: (-2.0, 2.0), WEIGHT: 3.0}))
    await pilot.press("c")
    await until(lambda: rows(app) == ["kind reward", WEIGHT, "kind command", TWIST], "both")
    go_to(app, TWIST)
    await pilot.press("enter", *"-3:3")
    table = app.screen.query_one(KnobTable)
    ask(trainer.folder, Tune({PUSH: (-2.0, 2.0)}))
    await until(lambda: len(rows(app)) == 6, "a row above")
    await until(lambda: line(app).region.y == table.region.y + 1 + rows(app).index(TWIST), "its new place")
    assert app.focused.value == "-3:3"


async def test_a_click_elsewhere_leaves_the_knob_as_it_is(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter", "7")
    await pilot.click("#knobs", offset=(3, 5))
    await until(lambda: not line(app).knob_name, "the end of the edit")
    await nothing_was_asked(pilot, trainer)


async def test_a_terminal_that_loses_the_focus_keeps_what_was_typed(live):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("enter", "7", "7")
    app.post_message(events.AppBlur())
    await until(lambda: app.focused is None, "no focus")
    app.post_message(events.AppFocus())
    await until(lambda: isinstance(app.focused, Input), "the focus")
    assert (line(app).knob_name, app.focused.value) == (WEIGHT, "77")


async def test_a_read_only_knob_says_why_and_opens_nothing(live):
    app, pilot = live
    go_to(app, COUNT)
    await pilot.press("enter")
    await until(lambda: told(app) and told(app)[-1].startswith(f"{COUNT} is read-only: "), "the reason")
    assert not line(app).knob_name


# --- folding ---


async def test_left_right_and_space_fold_and_unfold(live):
    app, pilot = live
    everything = rows(app)
    table = app.screen.query_one(KnobTable)
    go_to(app, PUSH)
    await pilot.press("left")
    assert table.row.key == "kind randomization"
    await pilot.press("left")
    assert PUSH not in rows(app)
    assert table.row.key == "kind randomization"
    assert knob_row(app, "kind randomization")["name"] == "▸ randomization"
    await pilot.press("left", "right")
    assert rows(app) == everything
    await pilot.press("right")
    assert under_the_cursor(app) == FRICTION  # the first of its kind
    await pilot.press("space")
    assert (table.row.key, PUSH in rows(app)) == ("kind randomization", False)
    await pilot.press("enter")
    assert rows(app) == everything


async def test_all_kinds_fold_at_once_and_a_fold_survives_what_comes(live, trainer):
    app, pilot = live
    await pilot.press("shift+left")
    assert all(key.startswith("kind ") for key in rows(app))
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, "kind reward")["state"] == "61 knobs, 1 changed", "the count")
    assert len(rows(app)) == 6
    await pilot.press("c")
    await until(lambda: rows(app) == [WEIGHT], "what was changed, which has a view of its own")
    await pilot.press("c", "slash", *"pushx")
    await until(lambda: rows(app)[:1] == [PUSH], "the match, though its kind is folded")
    await pilot.press("escape")
    await until(lambda: len(rows(app)) == 6, "the folds of before")
    await pilot.press("shift+right")
    assert len(rows(app)) > 150


async def test_a_click_on_a_heading_folds_its_kind(live):
    app, pilot = live
    everything = rows(app)
    await pilot.click("#knobs", offset=(3, 1))
    await until(lambda: WEIGHT not in rows(app), "the fold")
    await pilot.click("#knobs", offset=(9, 1))
    await until(lambda: rows(app) == everything, "all of it")


async def test_where_there_are_no_headings_nothing_folds(live):
    app, pilot = live
    await pilot.press("slash", *"pushx", "enter", "left", "space", "shift+left", "right")
    await until(lambda: app.focused is app.screen.query_one(KnobTable), "the table")
    assert rows(app) == [PUSH]


# --- stepping ---


async def test_presses_that_follow_each_other_are_one_request_and_shown_at_once(live, trainer, send_steps):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("right_curly_bracket", "right_square_bracket")
    await until(lambda: knob_row(app, WEIGHT)["state"] == "next → 4.4", "what is wanted")
    assert knob_row(app, WEIGHT)["value"] == "2"
    send_steps()
    order = await queued(trainer, 1)
    assert (order.changes, order.origin) == ((Change(WEIGHT, 2.0, 4.4),), "person")
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 4.4", "pending")
    await pilot.press("left_curly_bracket")
    send_steps()
    assert (await queued(trainer, 2)).changes == (Change(WEIGHT, 2.0, 2.2),)


async def test_a_range_gets_wider_and_stays_within_its_bounds(live, trainer):
    app, pilot = live
    go_to(app, FRICTION)
    await pilot.press("right_curly_bracket")
    await until(lambda: told(app) == [f"{FRICTION} limited: allowed ≥ 0"], "what is left out")
    assert (await queued(trainer, 1)).changes == (Change(FRICTION, (0.3, 1.2), (0.0, 1.65)),)


async def test_the_keys_that_are_typed_are_those_on_the_keyboard(live, trainer, send_steps):
    app, _ = live
    go_to(app, WEIGHT)
    for key, character in (("left_square_bracket", "["), ("left_curly_bracket", "{")):
        app._driver.send_message(events.Key(key, character))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "next → 0.9", "both steps")
    send_steps()
    assert (await queued(trainer, 1)).changes == (Change(WEIGHT, 2.0, 0.9),)


@pytest.mark.parametrize(
    ("name", "key", "shown", "wanted"),
    [
        (MODE, "right_square_bracket", " off   warn  [act]", "act"),
        (MODE, "left_curly_bracket", "[off]  warn   act ", "off"),
        (SWITCH, "left_square_bracket", "[off]  on ", False),
    ],
)
async def test_a_step_key_selects_another_word_and_only_enter_sets_it(live, trainer, name, key, shown, wanted):
    app, pilot = live
    go_to(app, name)
    await pilot.press(key)
    assert (line(app).knob_name, str(app.focused.content)) == (name, shown)
    await pilot.press("escape")
    await nothing_was_asked(pilot, trainer)
    await pilot.press(key, "enter")
    assert (await queued(trainer, 1)).changes[0].new == wanted


async def test_what_can_t_be_stepped_says_why(live, trainer):
    app, pilot = live
    go_to(app, COUNT)
    await pilot.press("right_square_bracket")
    await until(lambda: told(app) and told(app)[-1].startswith(f"{COUNT} is read-only: "), "the reason")
    go_to(app, "reward/air_time/weight")
    await pilot.press("left_curly_bracket")
    await until(lambda: told(app)[-1] == "reward/air_time/weight is 0: half of it is 0", "the reason")
    await nothing_was_asked(pilot, trainer)


async def test_a_stepped_knob_that_somebody_else_has_changed_is_refused(live, trainer, send_steps):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("right_square_bracket")
    ask(trainer.folder, Tune({WEIGHT: 9.0}))
    send_steps()
    await until(lambda: any(f"{WEIGHT} has changed since revision 0" in text for text in told(app)), "the refusal")
    assert (await queued(trainer, 1)).changes[0].new == 9.0


# --- what is known of the knob under the cursor ---


async def test_a_line_tells_name_and_history_of_the_knob_under_the_cursor(live, trainer):
    app, _ = live
    detail = app.screen.query_one("#knob-detail", Static)
    go_to(app, WEIGHT)
    await until(lambda: str(detail.content).startswith(f"{WEIGHT}  default 2"), "the name in full")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: f"{WEIGHT}  ▁" in str(detail.content), "its history")
    assert "█  default 2" in str(detail.content)


async def test_a_ramp_shows_in_the_dialog_as_a_slope(live, trainer):
    app, pilot = live
    ask(trainer.folder, Tune({PUSH: (-2.0, 2.0)}, ramp=Ramp(3)))
    order = await queued(trainer, 1)
    ramp = replace(order.ramp, targets={PUSH: (-2.0, 2.0)})
    apply(trainer, order, ramp=ramp)
    await until(lambda: knob_row(app, PUSH)["state"].startswith("ramp"), "the ramp")
    go_to(app, PUSH)
    await pilot.press("enter", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#facts"), "the dialog")
    assert "width over the run: ▁▁" in str(app.screen.query_one("#facts", Static).content)


async def test_a_small_terminal_has_no_line_to_spare(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", with_g1_knobs(bodies_of("g1-walk", until_iteration=30))))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and rows(app), "its knobs")
        await pilot.pause()
        assert not app.screen.query_one("#knob-detail").display
        assert app.screen.query_one(KnobPanel).region.height < 12


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_editor_fills_its_row_in_any_terminal(log_root, size):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", with_g1_knobs(bodies_of("g1-walk", until_iteration=30))))
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and rows(app), "its knobs")
        go_to(app, "ppo/gamma")
        await pilot.press("enter")
        table = app.screen.query_one(KnobTable)
        await until(
            lambda: line(app).region.bottom == min(table.line_of("ppo/gamma") + 1, table.size.height) + table.region.y
        )
        value = app.screen.query_one("#line-text")
        assert value.region.x == table.region.x + table.ordered_columns[0].get_render_width(table)
        assert "Enter set," in verdict(app)
