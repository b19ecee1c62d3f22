"""The panel of curricula and its keys, against a real wire with the test in the trainer's place."""

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from tests.tui.curricula_run import TABLES, begun, finished_with, how_it_goes, moved
from tests.tui.screens.knob_keys import queued
from tests.tui.screens.recorded import dashboard_is_filled, knob_row, make_run, told, type_at_once, until
from trainer_proc.contract.messages import Change, InterventionApplied, Ramp
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.requests import Tune
from tui.app import HumanoidTui
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask
from tui.widgets.chart import Chart

LEVEL, MODE = "curriculum/velocity/level", "curriculum/velocity/mode"
WEIGHT = "reward/upright/weight"
SEVERAL = "several curricula: press t, then choose one with the arrow keys"


def iteration(number=0):
    return finished_with(number, how_it_goes() | {"Curriculum/velocity/level": 0.0})


@pytest.fixture
async def live(log_root, trainer, request):
    """The dashboard of a run with three curricula that trains, in a terminal of 80 columns unless told otherwise."""
    trainer.play([*begun(), *iteration()])
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=getattr(request, "param", (80, 24))) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.iteration == 0, "the run")
        await until(lambda: app.screen.is_live, "a living run")
        await until(lambda: app.focused is app.screen.query_one(KnobTable), "the focus")
        yield app, pilot


def panel(app):
    return app.screen.query_one(CurriculumPanel)


def shown(app):
    """The panel's text, a line each, without its margins."""
    return [line.rstrip() for static in panel(app).children for line in str(static.content).split("\n")]


def line_of(app, name):
    return next(line for line in shown(app) if line[2:].startswith(name))


def go_to(app, name):
    table = app.screen.query_one(KnobTable)
    table.move_cursor(row=[row.key for row in table.shown].index(name))


def apply(trainer, order, iteration=1):
    trainer.emit(
        InterventionApplied(
            number=order.number,
            origin="person",
            iteration=iteration,
            revision=order.revision,
            changes=order.changes,
            note=order.note,
        )
    )


# --- where the panel is ---


async def test_t_goes_to_the_curricula_and_back(live):
    app, pilot = live
    knobs = app.screen.query_one(KnobPanel)
    await until(lambda: "t curricula: velocity 0/5 auto, terrain 0/5 auto" in str(knobs.border_subtitle), "the levels")
    assert panel(app).region.area == 0
    await pilot.press("t")
    await until(lambda: panel(app).region.area > 0 and knobs.region.area == 0, "the panel in the knobs' place")
    assert app.focused is panel(app)
    assert shown(app)[0] == "success rate 0.62 (104 episodes, velocity)"
    await pilot.press("t")
    await until(lambda: panel(app).region.area == 0 and knobs.region.area > 0, "the knobs")
    assert app.focused is app.screen.query_one(KnobTable)


@pytest.mark.parametrize("live", [(200, 60)], indirect=True)
async def test_in_a_large_terminal_it_stands_beside_the_knobs_and_t_moves_the_focus(live):
    app, pilot = live
    knobs = app.screen.query_one(KnobPanel)
    await until(lambda: panel(app).region.area > 0 and knobs.region.area > 0, "both")
    assert "curricula" not in str(knobs.border_subtitle)
    await pilot.press("t")
    assert app.focused is panel(app)
    await pilot.press("shift+tab")
    assert app.focused is app.screen.query_one(KnobTable)
    await pilot.press("t")
    assert app.focused is panel(app)
    assert knobs.region.area > 0


async def test_the_panel_can_be_read_to_its_end_with_arrows(live):
    app, pilot = live
    await pilot.press("t")
    await until(lambda: panel(app).max_scroll_y > 0, "the layout")
    assert line_of(app, "velocity").startswith("▸ ")
    await pilot.press("down", "down")
    assert line_of(app, "pushes").startswith("▸ ")
    assert line_of(app, "velocity").startswith("  ")
    for _ in range(40):
        await pilot.press("down")
    assert panel(app).scroll_y == panel(app).max_scroll_y
    assert line_of(app, "pushes").startswith("▸ ")
    for _ in range(2):
        await pilot.press("up")
    await until(lambda: line_of(app, "velocity").startswith("▸ "), "the first one")
    for _ in range(20):
        await pilot.press("up")
    assert panel(app).scroll_y == 0


async def test_a_click_chooses(live):
    app, pilot = live
    await pilot.press("t")
    await until(lambda: panel(app).region.area > 0, "the panel")
    entry = next(one for one in panel(app).children if str(one.content)[2:].startswith("terrain"))
    await pilot.click(entry, offset=(3, 1))
    await until(lambda: line_of(app, "terrain").startswith("▸ "), "the choice")


async def test_a_slash_shows_the_knobs_again_and_takes_letters_of_the_same_burst(live):
    app, pilot = live
    await pilot.press("t")
    await until(lambda: app.focused is panel(app), "the panel")
    type_at_once(app, "slash", "u", "p")
    await until(lambda: app.screen.query_one(Input).value == "up", "the letters")
    await until(lambda: app.screen.query_one(KnobPanel).region.area > 0, "the knobs")


async def test_knobs_that_are_not_seen_are_not_turned(live, trainer):
    app, pilot = live
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    go_to(app, WEIGHT)
    await until(lambda: knob_row(app, WEIGHT)["value"] == "3", "the change")
    await pilot.press("t")
    await until(lambda: app.screen.query_one(KnobPanel).region.area == 0, "the panel")
    await pilot.press("d", "i", "m", "t")
    await until(lambda: app.screen.query_one(KnobPanel).region.area > 0, "the knobs")
    await pilot.press("d")
    assert (await queued(trainer, 2)).note == "reset to default"  # the first that has arrived


async def test_l_comes_back_to_the_curricula(live):
    app, pilot = live
    await pilot.press("t", "l")
    await until(lambda: panel(app).region.area == 0 and app.focused.id == "console", "the log")
    await pilot.press("l")
    await until(lambda: panel(app).region.area > 0 and app.focused is panel(app), "the curricula")


# --- levels and modes ---


async def test_plus_and_minus_ask_once_for_the_level_that_they_add_up_to(live, trainer, send_steps):
    app, pilot = live
    await pilot.press("t")
    type_at_once(app, "plus", "plus", "plus", "minus")
    await until(lambda: "0→2/5" in line_of(app, "velocity"), "the wanted level")
    send_steps()
    order = await queued(trainer, 1)
    assert order.changes == (Change(LEVEL, 0.0, 2.0),)
    await until(lambda: line_of(app, "velocity").startswith("▸ velocity         0→2/5"), "the pending level")
    by_hand = (*order.changes, Change(MODE, "auto", "manual"))
    apply(trainer, replace(order, changes=by_hand))
    await until(lambda: "2/5  ██░░░  manual" in line_of(app, "velocity"), "the level")
    assert "level set by the user; in auto: up when" in " ".join(shown(app))
    await pilot.press("-")
    send_steps()
    assert (await queued(trainer, 2)).changes == (Change(LEVEL, 2.0, 1.0),)


async def test_what_is_wanted_is_seen_before_it_is_asked(live, send_steps):
    app, pilot = live
    await pilot.press("t", "+")
    assert "0→1/5" in line_of(app, "velocity")


async def test_keys_are_for_the_curriculum_under_the_cursor(live, trainer):
    _, pilot = live
    await pilot.press("t", "down", "+")
    assert (await queued(trainer, 1)).changes == (Change("curriculum/terrain/level", 0.0, 1.0),)


@pytest.mark.parametrize(
    ("knob", "name"),
    [
        ("curriculum/terrain/up", "terrain"),
        ("command/twist/ang_vel_z", "velocity"),
        ("event/push_robot/velocity_range/x", "pushes"),
    ],
)
async def test_from_the_table_of_knobs_keys_are_for_the_knob_s_curriculum(live, trainer, knob, name):
    app, pilot = live
    go_to(app, knob)
    await pilot.press("+")
    assert (await queued(trainer, 1)).changes == (Change(f"curriculum/{name}/level", 0.0, 1.0),)


@pytest.mark.parametrize("key", ["+", "-", "a"])
async def test_a_knob_of_no_curriculum_asks_which_where_none_is_seen(live, key):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press(key)
    await until(lambda: told(app) == [SEVERAL], "the question")


async def test_the_ends_are_told(live, trainer, send_steps):
    app, pilot = live
    await pilot.press("t", "-")
    await until(lambda: told(app) == ["velocity is at its lowest level, 0"], "the end")
    type_at_once(app, *["plus"] * 6)
    await until(lambda: told(app)[-1] == "velocity is at its highest level, 5", "the other end")
    send_steps()
    assert (await queued(trainer, 1)).changes == (Change(LEVEL, 0.0, 5.0),)


async def test_a_gives_the_level_back_to_the_curriculum(live, trainer):
    app, pilot = live
    await pilot.press("t", "a")
    await until(lambda: told(app) == ["velocity is already in auto mode"], "why nothing happens")
    ask(trainer.folder, Tune({MODE: "hold"}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: "  hold  " in line_of(app, "velocity"), "the mode")
    assert "on hold, knobs set by the user; in auto:" in " ".join(shown(app))
    await pilot.press("a")
    assert (await queued(trainer, 2)).changes == (Change(MODE, "hold", "auto"),)
    await until(lambda: app.screen.state.knobs[MODE].pending == "auto", "pending")
    await pilot.press("a")
    await until(lambda: told(app)[-1] == "velocity is already in auto mode", "nothing more to ask for")


async def test_enter_chooses_the_mode_in_the_knob_s_dialog(live, trainer):
    app, pilot = live
    await pilot.press("t", "enter")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    await pilot.pause()
    await pilot.press("right", "tab", *"mine", "enter")
    order = await queued(trainer, 1)
    assert (order.changes, order.note) == ((Change(MODE, "auto", "manual"),), "mine")
    await until(lambda: isinstance(app.screen, DashboardScreen) and app.focused is panel(app), "the panel")


async def test_a_level_that_was_changed_meanwhile_is_refused(live, trainer, send_steps):
    app, pilot = live
    await pilot.press("t", "+")
    ask(trainer.folder, Tune({LEVEL: 4.0}))
    send_steps()
    await until(lambda: f"{LEVEL} has changed since revision 0" in "".join(told(app)), "the refusal")
    await until(lambda: "0→4/5" in line_of(app, "velocity"), "the level that comes")


@pytest.mark.parametrize("key", ["t", "+", "-", "a"])
async def test_a_run_without_curricula_says_so(log_root, key):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press(key)
        await until(lambda: told(app)[0].startswith("this run has no curriculum"), "the answer")
        assert panel(app).region.area == 0
        assert app.screen.query_one(KnobPanel).border_subtitle == "14"


async def test_terrain_and_tasks_are_shown_without_curricula_too(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", [*begun({}), *iteration()]))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: "t terrain and tasks" in str(app.screen.query_one(KnobPanel).border_subtitle), "the note")
        await pilot.press("t")
        await until(lambda: panel(app).region.area > 0, "the panel")
        assert (panel(app).border_title, panel(app).border_subtitle) == ("terrain and tasks", "t knobs")
        assert any("success by terrain" in line for line in shown(app))
        await pilot.press("down", "enter", "+")
        await until(lambda: told(app) == ["this run has no curriculum"], "the answer")


async def test_before_the_environment_is_built_the_tables_are_shown_and_keys_say_why_not(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", begun()[:2]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.curricula, "the tables")
        await pilot.press("t")
        await until(lambda: "velocity         0/5" in line_of(app, "velocity"), "the panel")
        await pilot.press("enter", "+")
        await until(lambda: told(app)[-1].startswith("levels are available after"), "the reason")


async def test_curricula_of_another_version_are_told_once(log_root):
    bodies = [*begun({}), *iteration(0), *iteration(1)]
    bodies[0] = replace(bodies[0], curricula={"future": {"kind": "dreams"}})
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(120, 40)):
        await dashboard_is_filled(app)
        assert [text for text in told(app) if "cannot show" in text] == [
            "cannot show this run's curricula: curriculum future: kind: expected one of velocity, terrain, staged, "
            "growth, tasks, schedule, recording, got 'dreams'"
        ]


# --- charts ---


def charts(app):
    """Return what each chart shows, by what it is called before its episodes are counted."""
    shown = [chart.description for chart in app.screen.query(Chart)]
    return {description.title.partition(",")[0]: description for description in shown}


async def test_levels_have_a_chart_and_thresholds_are_lines(live, trainer):
    app, _ = live
    assert [curve.name for curve in charts(app)["levels"].curves] == list(TABLES)
    assert [(line.value, line.label) for line in charts(app)["success rate"].references] == [(0.8, "up")]
    assert [(line.value, line.label) for line in charts(app)["reward"].references] == [(12.5, "up")]
    trainer.emit(moved(1, 1, "velocity", 0.0, 5.0))
    trainer.emit(moved(2, 1, "terrain", 0.0, 5.0))
    await until(lambda: charts(app)["success rate"].references[0].label == "down", "no way up any more")
    assert [(line.value, line.label) for line in charts(app)["success rate"].references] == [(0.5, "down")]


async def test_every_kind_of_change_is_marked_in_its_way(live, trainer):
    app, _ = live
    ramp = Ramp(5, "linear", {WEIGHT: 2.0})
    for body in (
        moved(1, 1, "velocity", 0.0, 1.0),
        moved(2, 2, "velocity", 1.0, 2.0, "person"),
        InterventionApplied(3, "person", 3, 3, (Change(WEIGHT, 1.0, 1.2),), ramp=ramp),
        InterventionApplied(4, "guard", 4, 4, (Change(WEIGHT, 1.2, 1.0),), undoes=3),
        InterventionApplied(5, "launch", 0, 5, (Change(WEIGHT, 1.0, 1.0),)),
        GuardFired("kl", 6, "KL is high", "paused"),
        GuardFired("kl", 7, "KL is high", "warned"),
    ):
        trainer.emit(body)
    await until(lambda: len(app.screen.state.guards_fired) == 2, "all of it")
    expected = [
        (1, "#1", "curriculum"), (2, "#2", "user"), (3, "#3", "ramp"), (4, "#4", "guard"), (0, "#5", "launch"),
        (6, "kl", "guard"),
    ]  # fmt: skip
    await until(lambda: all(marks(chart) == expected for chart in charts(app).values()), "the marks")


def marks(chart):
    return [(mark.iteration, mark.label, mark.kind) for of_run in chart.marks for mark in of_run.marks]
