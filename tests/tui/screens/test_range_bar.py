"""The two handles of a range, moved by keys and by the mouse, beside the fields."""

from textual.widgets import Input

from tests.tui.screens.knob_keys import FRICTION, PUSH, edit, queued, verdict
from tests.tui.screens.recorded import until
from trainer_proc.contract.messages import Change
from tui.screens.dashboard.range_bar import RangeBar


def bar(app):
    return app.screen.query_one(RangeBar)


def fields(app):
    return [app.screen.query_one(f"#{field}", Input).value for field in ("value", "high")]


def drawn(app):
    return [line.rstrip() for line in str(bar(app).render()).splitlines()]


def cell_of(app, sign):
    """Where a handle is, within the bar's widget."""
    return drawn(app)[0].index(sign)


async def test_the_bar_shows_the_range_on_its_scale_and_the_default_below(live):
    app, pilot = live
    await edit(app, pilot, PUSH)
    line, default = drawn(app)
    assert line.startswith("-2 ├─")
    assert line.endswith("─┤ 2")
    assert line.count("─") + line.count("━") + 2 == len(line) - len("-2 ├┤ 2")
    assert (default.index("╰"), default.index("╯")) == (line.index("◁"), line.index("▷"))
    assert default.endswith("default")


async def test_arrows_move_one_handle_and_tab_goes_to_the_other_and_on(live, trainer):
    app, pilot = live
    await edit(app, pilot, PUSH)
    await pilot.press("shift+tab")
    assert app.focused is bar(app)
    assert "◀" in drawn(app)[0]
    assert "▷" in drawn(app)[0]
    await pilot.press("left")
    await until(lambda: fields(app) == ["-0.55", "0.5"], "a small step")
    await pilot.press("tab", "shift+right")
    await until(lambda: fields(app) == ["-0.55", "1"], "a big step of the other")
    assert "▶" in drawn(app)[0]
    await pilot.press("tab")
    assert app.focused.id == "value"
    await pilot.press("shift+tab", "shift+tab", "shift+tab")
    assert app.focused not in (bar(app), None)
    await pilot.press("enter")
    assert (await queued(trainer, 1)).changes == (Change(PUSH, (-0.5, 0.5), (-0.55, 1.0)),)


async def test_enter_on_the_bar_sets(live, trainer):
    app, pilot = live
    await edit(app, pilot, PUSH)
    await pilot.press("shift+tab", "right", "enter")
    assert (await queued(trainer, 1)).changes[0].new == (-0.45, 0.5)


async def test_what_is_typed_moves_the_handles_and_no_range_leaves_them(live):
    app, pilot = live
    await edit(app, pilot, PUSH)
    await pilot.press("-", "1")
    await until(lambda: bar(app).ends == (-1.0, 0.5), "the handle")
    await pilot.press("backspace", "backspace", "7")
    await until(lambda: verdict(app).endswith("got 7:0.5"), "the reason")
    assert bar(app).ends == (-1.0, 0.5)
    await pilot.press("ctrl+o")
    await until(lambda: bar(app).ends == (-1.0, 1.0), "the usual value")


async def test_the_mouse_drags_the_nearest_handle(live):
    app, pilot = live
    await edit(app, pilot, FRICTION)
    low, high = cell_of(app, "◁"), cell_of(app, "▷")
    await pilot.mouse_down(bar(app), offset=(high - 2, 0))
    await until(lambda: bar(app).ends[1] < 1.2, "the handle that was taken")
    assert bar(app).ends[0] == 0.3
    await pilot.hover(bar(app), offset=(high + 5, 0))
    await until(lambda: bar(app).ends[1] > 1.2, "where it is dragged to")
    await pilot.mouse_up(bar(app), offset=(high + 5, 0))
    await pilot.hover(bar(app), offset=(low, 0))
    dragged = bar(app).ends
    await pilot.pause()
    assert bar(app).ends == dragged
    assert fields(app) == [f"{end:g}" for end in dragged]


async def test_no_drag_leaves_the_bounds_or_passes_the_other_handle(live):
    app, pilot = live
    await edit(app, pilot, FRICTION)
    low = cell_of(app, "◁")
    await pilot.mouse_down(bar(app), offset=(low, 0))
    await pilot.hover(bar(app), offset=(0, 0))
    await until(lambda: bar(app).ends[0] == 0.0, "the lower bound")
    await pilot.hover(bar(app), offset=(bar(app).size.width - 1, 0))
    await until(lambda: bar(app).ends[0] == bar(app).ends[1] == 1.2, "the other handle")
    await pilot.mouse_up(bar(app), offset=(bar(app).size.width - 1, 0))
