"""The dialog of a knob: ranges, ramps, words and switches, and when a change is refused."""

from __future__ import annotations

from textual.widgets import Input, Static

from tests.tui.many_knobs import CURRICULUM
from tests.tui.screens.knob_keys import (
    FRICTION,
    MODE,
    PUSH,
    SWITCH,
    TWIST,
    WEIGHT,
    apply,
    edit,
    queued,
    value,
    verdict,
)
from tests.tui.screens.recorded import knob_row, told, until
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.requests import Tune
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask
from tui.widgets.inline_select import InlineSelect


async def test_a_range_has_two_fields_and_is_refused_with_its_ends_the_wrong_way_round(live, trainer):
    app, pilot = live
    await edit(app, pilot, PUSH)
    assert (value(app), value(app, "high")) == ("-0.5", "0.5")
    await pilot.press("2", "tab")
    assert verdict(app) == f"{PUSH}: expected LOW ≤ HIGH, got 2:0.5"
    await pilot.press("enter")
    assert isinstance(app.screen, KnobDialog)
    await pilot.press("5")
    assert verdict(app) == ""
    await pilot.press("enter")
    order = await queued(trainer, 1)
    assert order.changes == (Change(PUSH, (-0.5, 0.5), (2.0, 5.0)),)
    await until(lambda: knob_row(app, PUSH)["state"] == "queued → 2:5", "pending")


async def test_the_usual_value_and_the_default_can_be_put_in(live, trainer):
    app, pilot = live
    await edit(app, pilot, PUSH)
    await pilot.press("ctrl+o")
    assert (value(app), value(app, "high")) == ("-1", "1")
    await pilot.press("ctrl+r")
    assert (value(app), value(app, "high")) == ("-0.5", "0.5")
    await pilot.press("ctrl+o", "enter")
    assert (await queued(trainer, 1)).changes[0].new == (-1.0, 1.0)


async def test_a_change_can_be_spread_over_iterations(live, trainer):
    app, pilot = live
    await edit(app, pilot, WEIGHT)
    await pilot.press("5", "tab", *"sooner", "tab", "0")
    assert verdict(app) == "expected at least 1 iteration for the ramp, got 0"
    await pilot.press("backspace", "2", "0", "tab", "right")
    assert value(app, "shape") == "geometric"
    await pilot.press("enter")  # on the words, too
    order = await queued(trainer, 1)
    assert (order.ramp, order.note, order.changes[0].new) == (Ramp(20, "geometric"), "sooner", 5.0)
    first = (Change(WEIGHT, 2.0, 2.1),)
    ramp = Ramp(20, "geometric", {WEIGHT: 5.0})
    trainer.emit(
        InterventionApplied(
            number=1, origin="person", iteration=31, revision=1, changes=first, note="sooner", ramp=ramp
        )
    )
    await until(lambda: knob_row(app, WEIGHT)["state"] == "ramping → 5, 19 left", "the ramp")
    trainer.emit(RampAdvanced(32, 2, (Change(WEIGHT, 2.1, 2.2),), {WEIGHT: 18}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "ramping → 5, 18 left", "its next step")
    assert knob_row(app, WEIGHT)["value"] == "2.2"
    assert told(app) == [f"#1 applied @31: {WEIGHT} 2 → 5 over 20 iterations (geometric)"]


async def test_a_startup_randomization_can_be_drawn_at_once_and_tells_what_it_costs(live, trainer):
    app, pilot = live
    await edit(app, pilot, FRICTION)
    await pilot.press("0", "tab", "2", "tab", "tab", "tab", "tab", "space")
    assert value(app, "when") == "now"
    await pilot.press("enter")
    order = await queued(trainer, 1)
    assert (order.when, order.changes[0].new) == ("now", (0.0, 2.0))
    await until(lambda: any(text.startswith("the training is blocked") for text in told(app)), "what it costs")


async def test_only_what_a_knob_needs_is_asked(live):
    app, pilot = live
    for name, fields in (
        (WEIGHT, {"value", "note", "ramp", "shape"}),
        (PUSH, {"value", "high", "note", "ramp", "shape"}),
        (FRICTION, {"value", "high", "note", "ramp", "shape", "when"}),
        (MODE, {"value", "note"}),
        (SWITCH, {"value", "note"}),
    ):
        await edit(app, pilot, name)
        assert {widget.id for widget in app.screen.query(Input)} | {
            widget.id for widget in app.screen.query(InlineSelect)
        } == fields
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_words_and_switches_are_chosen_with_arrows_and_clicks(live, trainer):
    app, pilot = live
    await edit(app, pilot, MODE)
    assert value(app) == "warn"
    await pilot.press("left")
    assert value(app) == "off"
    await pilot.press("left")
    assert value(app) == "act"
    await pilot.click("#value", offset=(1, 0))
    assert value(app) == "off"
    await pilot.press("enter")
    assert (await queued(trainer, 1)).changes[0].new == "off"
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    await edit(app, pilot, SWITCH)
    await pilot.press("space", "enter")
    assert (await queued(trainer, 2)).changes[0].new is False


async def test_the_dialog_tells_who_else_writes_a_knob_and_who_changed_it(live, trainer):
    app, pilot = live
    ask(trainer.folder, Tune({TWIST: (-2.0, 2.0)}, "faster"))
    apply(trainer, await queued(trainer, 1), pinned=(TWIST,))
    await until(lambda: knob_row(app, TWIST)["state"].startswith("pinned"), "the pin")
    await edit(app, pilot, TWIST)
    facts = str(app.screen.query_one("#facts", Static).content)
    assert "#1 applied @31 (user): faster" in facts
    assert f"pinned over {CURRICULUM}" in facts


async def test_a_knob_that_was_changed_meanwhile_is_not_changed_again(live, trainer):
    app, pilot = live
    await edit(app, pilot, WEIGHT)
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await pilot.press("5", "enter")
    await until(lambda: any(f"{WEIGHT} has changed since revision 0" in text for text in told(app)), "the refusal")
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change of the other one")
