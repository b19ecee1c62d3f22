"""Finding a knob among many, and what the table shows of it."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tests.tui.many_knobs import g1_knobs, turned, with_g1_knobs
from tests.tui.screens.knob_keys import (
    CLEARANCE,
    PUSH,
    TWIST,
    WEIGHT,
    apply,
    go_to,
    queued,
    rows,
    under_the_cursor,
)
from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, knob_row, make_run, told, type_at_once, until
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
)
from trainer_proc.contract.requests import Export, Pause, Tune
from tui.app import HumanoidTui
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.run_screen import FramesArrived
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask


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
    last_set, names = list(app.screen.state.metrics.sets.items())[-1]
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
