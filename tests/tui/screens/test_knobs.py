"""Turning any of a hundred and fifty knobs with keys, against a real wire with the test in the trainer's place."""

import base64

import pytest
from msgspec.structs import replace
from textual.widgets import Input, Static

from presets import load_preset
from tests.tui.many_knobs import CURRICULUM, g1_knobs, turned, with_g1_knobs
from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, knob_row, make_run, told, type_at_once, until
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import (
    Change,
    CompetingWriterFound,
    Frame,
    GuardFired,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.requests import Export, Pause, Tune
from tui.app import HumanoidTui
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.run_screen import FramesArrived
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask
from tui.widgets.inline_select import InlineSelect

WEIGHT, CLEARANCE = "reward/track_linear_velocity/weight", "reward/foot_clearance/weight"
PUSH, FRICTION, TWIST = "event/push_robot/velocity_range/x", "event/foot_friction/ranges", "command/twist/lin_vel_x"
MODE, SWITCH, COUNT = "guard/kl/mode", "command/twist/heading_command", "environment/num_envs"


@pytest.fixture
async def live(log_root, trainer):
    """The dashboard of a G1 that trains, after its iteration 30 and before any intervention."""
    trainer.play(with_g1_knobs(bodies_of("g1-walk", until_iteration=30)))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.iteration == 30, "the run")
        await until(lambda: app.screen.is_live, "a living run")
        yield app, pilot


def rows(app):
    return [row.key for row in app.screen.query_one(KnobTable).shown]


def under_the_cursor(app):
    knob = app.screen.query_one(KnobTable).knob
    return knob.knob.name if knob else None


def go_to(app, name):
    app.screen.query_one(KnobTable).move_cursor(row=rows(app).index(name))
    assert under_the_cursor(app) == name


def listed_changes(app):
    """How many changes the dialog lists; 0 while it is closed."""
    return app.screen.query_one("DataTable").row_count if isinstance(app.screen, HistoryDialog) else 0


async def edit(app, pilot, name):
    """Open the dialog of a knob, by way of the editor in its row."""
    go_to(app, name)
    await pilot.press("enter", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    await pilot.pause()


def value(app, field="value"):
    return app.screen.query_one(f"#{field}", (Input, InlineSelect)).value


def verdict(app):
    return str(app.screen.query_one("#verdict", Static).content)


async def queued(trainer, number):
    """The intervention of this number, once it has arrived."""

    def arrived():
        order = trainer.received(InterventionQueued)
        return order is not None and order.number == number

    await until(arrived, f"intervention {number}")
    return trainer.received(InterventionQueued)


def apply(trainer, order, iteration=31, **more):
    applied = InterventionApplied(
        number=order.number,
        origin=order.origin,
        iteration=iteration,
        revision=order.revision,
        changes=order.changes,
        note=order.note,
        undoes=order.undoes,
    )
    trainer.emit(replace(applied, redoes=order.redoes, unpinned=order.unpin, stopped_ramps=order.stop_ramps, **more))


# --- the dialog ---


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


# --- keys on the dashboard ---


async def test_u_undoes_and_shift_u_does_it_again(live, trainer):
    app, pilot = live
    await pilot.press("u")
    await until(lambda: told(app) == ["there is nothing to undo"], "the refusal")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, WEIGHT)["value"] == "3", "the change")
    await pilot.press("u")
    order = await queued(trainer, 2)
    assert (order.undoes, order.changes) == (1, (Change(WEIGHT, 3.0, 2.0),))
    apply(trainer, order)
    await until(lambda: told(app)[-1] == f"undo of #1 (as #2) applied @31: {WEIGHT} 3 → 2", "the undo")
    await pilot.press("U")
    order = await queued(trainer, 3)
    assert (order.redoes, order.changes[0].new) == (1, 3.0)


async def test_d_sets_the_knob_under_the_cursor_to_its_default(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("d")
    await until(lambda: told(app) == [f"{WEIGHT} is at its default"], "why nothing happens")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change")
    await pilot.press("d")
    order = await queued(trainer, 2)
    assert (order.changes, order.note) == ((Change(WEIGHT, 2.0, 2.0),), "reset to default")
    go_to(app, COUNT)
    await pilot.press("d")
    await until(lambda: any(text.startswith(f"{COUNT} is read-only: ") for text in told(app)), "the reason")


async def test_i_unpins_and_m_stops_a_ramp(live, trainer):
    app, pilot = live
    go_to(app, TWIST)
    await pilot.press("i")
    await until(lambda: told(app) == [f"{TWIST} is not pinned"], "the refusal")
    trainer.emit(CompetingWriterFound(TWIST, CURRICULUM, pinned=True))
    await until(lambda: told(app)[-1] == f"{TWIST} is also written by {CURRICULUM}, which is overridden", "the news")
    await pilot.press("i")
    assert (await queued(trainer, 1)).unpin == (TWIST,)
    go_to(app, PUSH)
    await pilot.press("m")
    await until(lambda: told(app)[-1] == f"{PUSH} is not ramping", "the refusal")
    ask(trainer.folder, Tune({PUSH: (-1.0, 1.0)}, ramp=Ramp(9)))
    await queued(trainer, 2)
    await until(lambda: app.screen.state.knobs[PUSH].pending is not None, "the screen to know")  # or it's stale
    await pilot.press("m")
    assert (await queued(trainer, 3)).stop_ramps == (PUSH,)


async def test_h_lists_interventions_and_enter_undoes_or_redoes(live, trainer):
    app, pilot = live
    for number, (name, new) in enumerate(((WEIGHT, 3.0), (FRICTION, (0.1, 2.0)), (MODE, "act")), 1):
        ask(trainer.folder, Tune({name: new}, "why not"))
        order = await queued(trainer, number)
        if name == MODE:
            trainer.emit(InterventionFailed(number, 31, "RuntimeError: the guard is disabled"))
        else:
            apply(trainer, order)
    await until(lambda: app.screen.state.failed, "all of them")
    await pilot.press("h")
    await until(lambda: listed_changes(app) == 3, "list")
    table = app.screen.query_one("DataTable")
    cells = [[str(cell) for cell in table.get_row_at(row)] for row in range(3)]
    assert [row[:4] for row in cells] == [
        ["3", "31", "▼ user", "failed"], ["2", "31", "▼ user", "applied"], ["1", "31", "▼ user", "applied"],
    ]  # fmt: skip
    assert cells[1][4:] == [f"{FRICTION} 0.3:1.2 → 0.1:2", "why not"]

    def detail():
        return str(app.screen.query_one("#detail", Static).content)

    await until(lambda: "RuntimeError: the guard is disabled" in detail(), "why it failed")
    await pilot.press("enter")
    assert detail() == "#3 was not applied: nothing to undo"
    await pilot.press("down", "down", "enter")
    order = await queued(trainer, 4)
    assert (order.undoes, order.changes) == (1, (Change(WEIGHT, 3.0, 2.0),))
    apply(trainer, order)
    await until(lambda: isinstance(app.screen, DashboardScreen) and 1 in app.screen.state.past.undone, "the undo")
    await pilot.press("h")
    await until(lambda: listed_changes(app) == 4, "list")
    assert str(app.screen.query_one("DataTable").get_row_at(3)[3]) == "undone"
    await pilot.press("down", "down", "down", "enter")
    assert (await queued(trainer, 5)).redoes == 1


async def test_h_before_any_intervention_says_so_and_can_be_left(live):
    app, pilot = live
    await pilot.press("h")
    await until(lambda: isinstance(app.screen, HistoryDialog) and app.screen.query("#detail"), "the list")
    await until(lambda: "no changes" in str(app.screen.query_one("#detail", Static).content), "so")
    await pilot.press("enter", "escape")
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_y_puts_a_preset_with_the_changes_on_the_clipboard(live, trainer, tmp_path):
    app, pilot = live
    written = []
    app._driver.write = written.append
    ask(trainer.folder, Tune({PUSH: (-2.0, 2.0), MODE: "off"}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, MODE)["value"] == "off", "the change")
    await pilot.press("y")
    await until(lambda: told(app)[-1] == "preset copied, with 2 changed knobs", "the answer")
    (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
    file = tmp_path / "copied.toml"
    file.write_bytes(base64.b64decode(sequence.removeprefix("\x1b]52;c;").rstrip("\a")))
    assert load_preset(str(file)).set == {PUSH: (-2.0, 2.0), MODE: "off"}


# --- what happens is told ---


async def test_guards_ramps_and_resumes_are_told(live, trainer):
    app, _ = live
    trainer.emit(CheckpointLoaded(20, "/runs/model_19.pt"))
    ask(trainer.folder, Tune({WEIGHT: 3.0}, ramp=Ramp(2)))
    order = await queued(trainer, 1)
    trainer.emit(
        InterventionApplied(1, "person", 31, 1, (Change(WEIGHT, 2.0, 2.5),), ramp=Ramp(2, "linear", {WEIGHT: 3.0}))
    )  # fmt: skip
    trainer.emit(RampAdvanced(32, order.revision, (Change(WEIGHT, 2.5, 3.0),), {WEIGHT: 0}))
    trainer.emit(GuardFired("kl", 32, "KL 0.2 is high", "warned"))
    trainer.emit(GuardFired("reward", 32, "reward has fallen", "paused"))
    await until(lambda: len(told(app)) == 5, "the news")
    assert told(app) == [
        "continues from /runs/model_19.pt at iteration 20",
        f"#1 applied @31: {WEIGHT} 2 → 3 over 2 iterations",
        f"ramp ended @32: {WEIGHT} = 3",
        "guard kl: KL 0.2 is high",
        "guard reward (paused): reward has fallen",
    ]
    assert [notification.severity for notification in app._notifications][-2:] == ["warning", "error"]


async def test_a_change_that_could_not_be_made_is_told_and_the_row_says_what_is_true(live, trainer):
    app, _ = live
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change")
    trainer.emit(InterventionFailed(1, 31, "ValueError: no"))
    await until(lambda: told(app) == ["#1 was not applied: ValueError: no"], "the news")
    await until(lambda: (knob_row(app, WEIGHT)["state"], knob_row(app, WEIGHT)["value"]) == ("", "2"), "the truth")


# --- finding a knob among many ---


async def test_a_slash_finds_knobs_by_letters_and_escape_shows_all_again(live):
    app, pilot = live
    everything = rows(app)
    await pilot.press("slash", *"pushx")
    await until(lambda: rows(app) == [PUSH], "the match")
    panel = app.screen.query_one(KnobPanel)
    assert panel.border_subtitle == f"1 of {len(g1_knobs().knobs)} match"
    await pilot.press("enter")
    await until(lambda: app.focused is app.screen.query_one(KnobTable), "the table")
    assert under_the_cursor(app) == PUSH
    await pilot.press("escape")
    await until(lambda: rows(app) == everything, "all knobs")
    assert under_the_cursor(app) == PUSH  # still where it was found
    assert not app.screen.query_one("#knob-filter").display


async def test_letters_typed_behind_a_slash_in_one_piece_are_no_commands(live, trainer):
    app, pilot = live
    type_at_once(app, "slash", *"pex", "slash", "u")
    await until(lambda: app.screen.query_one("#knob-filter", Input).value == "pex/u", "the letters")
    await pilot.press("enter", "s")
    await until(lambda: trainer.received(object) is not None, "a later order")
    assert not trainer.has_received(Pause)
    assert not trainer.has_received(Export)


async def test_keys_in_one_piece_are_done_in_their_order(live):
    app, _ = live
    go_to(app, CLEARANCE)
    below = app.screen.query_one(KnobTable).shown[app.screen.query_one(KnobTable).cursor_row + 2].key
    type_at_once(app, "down", "down", "enter", "1", "2", "d")
    await until(lambda: app.screen.query_one(KnobLine).knob_name, "the editor")
    assert app.screen.query_one(KnobLine).knob_name == below
    await until(lambda: app.screen.query_one("#line-text", Input).value == "12d", "what was typed")


async def test_a_key_for_the_knob_under_the_cursor_comes_before_what_moves_the_cursor_behind_it(live, trainer):
    app, _ = live
    go_to(app, CLEARANCE)
    type_at_once(app, "right_square_bracket", "down", "d", "up")
    await until(lambda: trainer.has_received(InterventionQueued), "the step")
    assert [change.knob for change in trainer.received(InterventionQueued).changes] == [CLEARANCE]
    assert told(app) == ["reward/foot_swing_height/weight is at its default"]


async def test_the_best_match_is_under_the_cursor_and_is_what_enter_edits(live):
    app, pilot = live
    await pilot.press("slash", *"fcw", "down")
    await until(lambda: app.focused is app.screen.query_one(KnobTable), "the table")
    assert under_the_cursor(app) == CLEARANCE
    await pilot.press("enter")
    assert app.screen.query_one(KnobLine).knob_name == CLEARANCE


async def test_letters_that_match_nothing_leave_nothing_to_edit(live):
    app, pilot = live
    await pilot.press("slash", *"zzz", "enter", "enter", "d", "i", "m")
    await until(lambda: rows(app) == [], "no knob")
    assert under_the_cursor(app) is None
    assert isinstance(app.screen, DashboardScreen)
    assert told(app) == []


async def test_c_shows_only_what_was_changed_as_it_changes(live, trainer):
    app, pilot = live
    await pilot.press("c")
    await until(lambda: rows(app) == [], "nothing")
    ask(trainer.folder, Tune({TWIST: (-2.0, 2.0), WEIGHT: 3.0}))
    await until(lambda: rows(app) == ["kind reward", WEIGHT, "kind command", TWIST], "both")
    assert app.screen.query_one(KnobPanel).border_subtitle.endswith(" changed")
    assert not knob_row(app, WEIGHT)["name"].startswith("*")  # not yet
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, WEIGHT)["name"].startswith("* "), "the sign")
    await pilot.press("c")
    await until(lambda: len(rows(app)) > 150, "all knobs")


async def test_the_cursor_begins_at_the_first_knob_and_goes_over_headings_too(live):
    app, pilot = live
    table = app.screen.query_one(KnobTable)
    assert rows(app)[0] == "kind reward"
    assert table.cursor_row == 1
    await pilot.press("up")
    assert table.cursor_row == 0
    assert under_the_cursor(app) is None
    await pilot.press("d", "i", "m", "left_square_bracket")  # a heading has nothing to turn
    assert told(app) == []
    await pilot.press("end", "home")
    await until(lambda: table.cursor_row == 0 and table.scroll_y == 0, "the first heading")


async def test_a_second_click_edits_a_knob(live):
    app, pilot = live
    await pilot.click("#knobs", offset=(3, 3))
    await pilot.pause()
    assert not app.screen.query_one(KnobLine).knob_name
    assert under_the_cursor(app) == "reward/track_linear_velocity/std"
    await pilot.click("#knobs", offset=(3, 3))
    await until(lambda: app.screen.query_one(KnobLine).knob_name == "reward/track_linear_velocity/std", "the editor")


async def test_a_heading_counts_on_in_the_same_style(live, trainer):
    app, _ = live
    before = app.screen.query_one(KnobTable).get_row("kind reward")[-1]
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, "kind reward")["state"] == "61 knobs, 1 changed", "the count")
    assert app.screen.query_one(KnobTable).get_row("kind reward")[-1].style == before.style == "bold"


async def test_an_update_touches_only_the_cells_that_say_something_else(live, monkeypatch):
    app, pilot = live
    touched = []
    update_cell = KnobTable.update_cell
    monkeypatch.setattr(
        KnobTable, "update_cell", lambda table, *cell, **how: touched.append(cell) or update_cell(table, *cell, **how)
    )
    monkeypatch.setattr(KnobTable, "add_row", lambda *_, **__: pytest.fail("the table was made anew"))
    last_set, names = list(app.screen.state.metric_sets.items())[-1]
    column = names.index("Episode_Reward/track_linear_velocity")
    same = [app.screen.state.latest[name] for name in names]
    for iteration, value in ((31, 7.25), (32, 7.25)):
        same[column] = value
        frame = Frame(10_000 + iteration, 0.0, IterationFinished(iteration, last_set, pack_values(same), 1, 1.0))
        app.screen.post_message(FramesArrived([frame], True))
        await until(lambda iteration=iteration: app.screen.state.iteration == iteration, "the update")
        await pilot.pause()
    assert [(row, column) for row, column, _ in touched if column == "metric"] == [(WEIGHT, "metric")]
    assert knob_row(app, WEIGHT)["metric"] == "7.25"
    assert len(rows(app)) > 100


async def test_no_value_moves_a_column(live, trainer):
    app, _ = live
    table = app.screen.query_one(KnobTable)

    def widths():
        return {str(key.value): column.get_render_width(table) for key, column in table.columns.items()}

    before = widths()
    ask(trainer.folder, Tune({PUSH: (-123456.789, 1.23456e-9)}, "a note"))
    apply(trainer, await queued(trainer, 1), iteration=29999)
    await until(lambda: knob_row(app, PUSH)["value"].startswith("-123457:"), "the value")
    await until(lambda: "history" in widths(), "the column of the first change")
    assert [widths()[name] for name in ("value", "metric")] == [before[name] for name in ("value", "metric")]
    with_history = widths()
    ask(trainer.folder, Tune({PUSH: (-2.0, 2.0)}, ""))
    apply(trainer, await queued(trainer, 2), iteration=30000)
    await until(lambda: knob_row(app, PUSH)["value"] == "-2:2", "another value")
    assert widths() == with_history


async def test_below_a_dialog_the_line_under_the_knobs_follows_a_resize(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies_of("g1-walk", until_iteration=30)))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        dashboard = app.screen
        assert not dashboard.query_one("#knob-detail").display
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, HistoryDialog), "the dialog")
        await pilot.resize_terminal(200, 60)
        await until(lambda: str(dashboard.query_one("#knob-detail", Static).content).startswith("reward/"), "the line")
        assert "default" in str(dashboard.query_one("#knob-detail", Static).content)


async def test_history_and_default_have_columns_where_there_is_room(log_root):
    run = make_run(log_root, "g1-walk", [*with_g1_knobs(bodies_of("g1-walk", until_iteration=30)), *turned(31)])
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(250, 70)) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: {"history", "default"} < knob_row(app, WEIGHT).keys(), "the wide table")
        await pilot.resize_terminal(200, 60)
        await until(lambda: "default" not in knob_row(app, WEIGHT), "a narrower table")
        assert "history" in knob_row(app, WEIGHT)
        go_to(app, TWIST)
        await pilot.resize_terminal(80, 24)
        await until(lambda: "history" not in knob_row(app, WEIGHT), "the narrow table")
        assert under_the_cursor(app) == TWIST
        assert knob_row(app, "reward/pose/std_walking/.*shoulder_pitch.*")["name"] == "  pose/std_walking/.*shou…itch.*"


async def test_of_a_long_history_the_highlighted_intervention_is_told_in_full(log_root):
    change = (Change("ppo/desired_kl", 0.01, 0.02),)
    many = [
        InterventionApplied(
            number=10 + i, origin="person", iteration=40 + i, revision=10 + i, changes=change, note=f"note {i}"
        )
        for i in range(60)
    ]
    bodies = [*with_g1_knobs(bodies_of("g1-walk", until_iteration=30)), *many]
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, HistoryDialog) and app.screen.query_one("DataTable").row_count == 60)
        await pilot.press(*["down"] * 20)
        detail = app.screen.query_one("#detail", Static)
        await until(lambda: str(detail.content) == "#49 ppo/desired_kl 0.01 → 0.02\nnote: note 39", "the whole of it")
        assert detail.region.bottom < app.screen.query_one("HistoryDialog > Vertical").region.bottom <= 24
        table = app.screen.query_one("DataTable")
        assert table.scroll_y > 0
        assert table.region.bottom <= detail.region.y
