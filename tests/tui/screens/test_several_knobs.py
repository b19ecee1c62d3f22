"""Several knobs selected in the table, and changed as one change."""

from __future__ import annotations

from tests.tui.screens.recorded import told, until
from trainer_proc.contract.messages import InterventionQueued
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable


def table(app):
    return app.screen.query_one(KnobTable)


def selected(app):
    return [row.key for row in table(app).shown if "✓" in row.cells.name]


def go_to(app, key):
    table(app).move_cursor(row=[row.key for row in table(app).shown].index(key))


async def queued(trainer):
    await until(lambda: trainer.received(InterventionQueued) is not None, "the change")
    return trainer.received(InterventionQueued)


async def test_selected_knobs_are_stepped_by_one_change(live, trainer):
    app, pilot = live
    weights = [row.key for row in table(app).shown if row.key.endswith("/weight")][:2]
    for name in weights:
        go_to(app, name)
        await pilot.press("M")
    assert selected(app) == weights
    assert "2 selected" in str(app.screen.query_one(KnobPanel).border_subtitle)
    before = {name: app.screen.state.knobs[name].value for name in weights}
    await pilot.press("{")
    order = await queued(trainer)
    assert {change.knob: change.new for change in order.changes} == {name: 0.5 * before[name] for name in weights}


async def test_a_heading_selects_its_knobs_but_those_that_are_read_only_and_escape_clears_them(live):
    app, pilot = live
    heading = next(row for row in table(app).shown if row.is_heading)
    knobs = [row.key for row in table(app).shown if row.kind == heading.kind and not row.is_heading]
    changeable = [name for name in knobs if not app.screen.state.knobs[name].knob.read_only]
    go_to(app, heading.key)
    await pilot.press("M")
    assert selected(app) == changeable
    await pilot.press("M")
    assert selected(app) == []
    await pilot.press("M", "escape")
    assert selected(app) == []
    assert "selected" not in str(app.screen.query_one(KnobPanel).border_subtitle)


async def test_knobs_that_a_filter_hides_are_not_changed(live, trainer):
    app, pilot = live
    first, second = [row.key for row in table(app).shown if row.key.endswith("/weight")][:2]
    for name in (first, second):
        go_to(app, name)
        await pilot.press("M")
    await pilot.press("slash", *second.split("/")[1], "enter")
    await until(lambda: selected(app) == [second], "the filtered table")
    await pilot.press("}")
    assert [change.knob for change in (await queued(trainer)).changes] == [second]


async def test_selected_knobs_at_their_defaults_need_no_reset(live):
    app, pilot = live
    names = [
        row.key
        for row in table(app).shown
        if row.key in app.screen.state.knobs and not app.screen.state.knobs[row.key].is_changed
    ][:2]
    for name in names:
        go_to(app, name)
        await pilot.press("M")
    await pilot.press("d")
    await until(lambda: "all 2 knobs are at their defaults" in told(app), "the answer")
