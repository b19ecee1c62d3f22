"""What each screen looks like in a small, a common and a large terminal."""

import pytest
from msgspec.structs import replace
from textual.widgets import DataTable, OptionList

from tests.tui.machines import Driver
from tests.tui.many_knobs import turned, with_g1_knobs
from tests.tui.screens.launch_form import choose
from tests.tui.screens.recorded import (
    SMALL,
    before_the_first_iteration,
    bodies_of,
    dashboard_is_filled,
    knob_row,
    make_run,
    until,
)
from trainer_proc.contract.messages import InterventionQueued, PhaseChanged, RunStarted
from trainer_proc.contract.monitoring import GuardFired
from tui.app import HumanoidTui
from tui.session.runs.journal_summary import JournalSummary
from tui.session.state import RunState
from tui.widgets.status_line import StatusLine


def progress(app):
    return "".join(str(line.content) for line in app.screen.query("#progress"))


async def test_launch(log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await until(lambda: app.screen.query_one("#num-envs").value == "4096", "the devices")
        await sizes_look_as_before(pilot)


async def test_launch_with_a_wrong_number(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.screen.query_one("#num-envs").value == "4096", "the devices")
        await until(lambda: app.screen.query_one("#iterations").value == "15000")
        app.screen.query_one("#iterations").value = ""
        await pilot.press("enter")
        await until(lambda: app.screen.query_one("#problem").content)
        await looks_as_before(pilot)


async def test_launch_of_what_needs_a_file(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.screen.query_one("#num-envs").value == "4096", "the devices")
        choose(app, "g1-tracking")
        await pilot.press("enter")
        await until(lambda: app.screen.query_one("#problem").content)
        await looks_as_before(pilot)


async def test_launch_of_isaac_lab(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.screen.query_one("#num-envs").value == "4096", "the devices")
        choose(app, "isaac-cartpole")
        await until(lambda: app.screen.query_one("#isaac-lab").display, "Isaac Lab's fields")
        arguments = app.screen.query_one("#arguments")
        await until(lambda: arguments.virtual_region.area, "their layout")  # a field without a place is not scrolled to
        arguments.focus()
        await until(lambda: 0 < arguments.region.bottom < app.size.height, "the form scrolled to its end")
        await looks_as_before(pilot)


async def test_no_runs(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: len(app.screen.query(OptionList)))
        await pilot.press("r")
        await until(lambda: len(app.screen.query("#empty")) and app.screen.query_one("#empty").content)
        await looks_as_before(pilot)


async def test_runs(log_root, trainer, sizes_look_as_before, monkeypatch):
    monkeypatch.setattr(JournalSummary, "seconds", 3661.0)  # the live one has just begun
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    make_run(log_root, "cartpole", name="2026-11-20_09-00-00")
    make_run(log_root, "cartpole", bodies_of("cartpole", until_iteration=20), name="2026-11-20_08-00-00_died")
    failed = [*bodies_of("cartpole", until_iteration=7), PhaseChanged("failed", "RuntimeError: a tensor is NaN")]
    make_run(log_root, "cartpole", failed, name="2026-11-20_07-00-00_diverged")
    stopped = [*bodies_of("cartpole", until_iteration=30), PhaseChanged("finished", "stopped after iteration 30")]
    long_name = "2026-11-20_06-00-00_" + "a-name-of-eighty-letters-" * 3 + "x1234"
    make_run(log_root, "cartpole", stopped, name=long_name)
    make_run(log_root, "cartpole", [], name="2026-11-20_05-00-00_just-started")
    make_run(log_root, "cartpole", name="2026-11-20_04-00-00_broken").spec_file.write_text("preset = ")
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await until(lambda: len(app.screen.query(OptionList)))
        await pilot.press("r")
        await until(lambda: len(app.screen.query("#runs")) and app.screen.query_one(DataTable).row_count == 7)
        await sizes_look_as_before(pilot)


async def test_dashboard_of_a_finished_run(log_root, sizes_look_as_before):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await sizes_look_as_before(pilot)


async def test_dashboard_of_a_run_that_compiles(log_root, trainer, sizes_look_as_before):
    trainer.play(before_the_first_iteration("g1-walk", 20))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=SMALL) as pilot:
        await until(lambda: "17 kernel modules" in progress(app), "the compilation")
        await sizes_look_as_before(pilot)


async def test_dashboard_with_a_pending_edit(log_root, trainer, sizes_look_as_before):
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("down", "enter", "2", "0", "0", "0", "0", "enter")
        await until(lambda: trainer.has_received(InterventionQueued))
        await until(lambda: "queued" in knob_row(app, "reward/track_angular_velocity/weight")["state"])
        await sizes_look_as_before(pilot)


async def test_dashboard_of_a_training_on_a_gpu_with_a_guard_in_trouble(
    log_root, trainer, sizes_look_as_before, monkeypatch
):
    driver = Driver(monkeypatch)
    monkeypatch.setattr(RunState, "seconds_elapsed", lambda self, now=None: 3661.0)  # it has just begun
    bodies = bodies_of("g1-walk", until_iteration=60)
    on_gpu = [replace(body, device="cuda:0") if isinstance(body, RunStarted) else body for body in bodies]
    trainer.play([*on_gpu, GuardFired("kl", 58, "KL 0.0712 exceeded 5× desired KL (0.01) for 5 iterations", "warned")])
    spec = replace(trainer.folder.read_spec(), device="cuda:0")
    trainer.folder.write_spec(spec)
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: "GPU  62%" in str(app.screen.query_one(StatusLine).render()), "the load of the GPU")
        await until(lambda: "! kl @58" in progress(app), "the guard")
        await sizes_look_as_before(pilot)
    trainer.close()
    await until(lambda: driver.opened == 0, "the driver given back")


async def test_dashboard_of_a_failed_run(log_root, sizes_look_as_before):
    reason = "RuntimeError: the observations hold NaN after iteration 40: look at console.log"
    bodies = [*bodies_of("g1-walk", until_iteration=40), PhaseChanged("failed", reason, 51)]
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await sizes_look_as_before(pilot)


async def test_edit_dialog_with_a_value_that_is_refused(log_root, sizes_look_as_before):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("enter", "n", "o")
        await sizes_look_as_before(pilot)


async def test_stop_confirmation(log_root, trainer, sizes_look_as_before):
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("x")
        await sizes_look_as_before(pilot)


# --- all knobs of a G1, to some of which something has happened ---


@pytest.fixture
def g1(log_root):
    bodies = [*with_g1_knobs(bodies_of("g1-walk", until_iteration=60)), *turned()]
    return HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))


async def press(app, pilot, *keys):
    """Press keys one after the other, each once the one before has had its effect."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def test_all_knobs(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await sizes_look_as_before(pilot)


async def test_knobs_that_match(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "slash", *"clear")
        await sizes_look_as_before(pilot)


async def test_changed_knobs(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "c")
        await sizes_look_as_before(pilot)


async def test_changed_knobs_without_colour(no_colour, g1, looks_as_before):
    async with g1.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "c")
        await looks_as_before(pilot)


async def test_edit_dialog_of_a_range(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "slash", *"friction", "enter", "enter", "tab", "2")
        await sizes_look_as_before(pilot)


async def test_edit_dialog_of_a_choice_without_colour(no_colour, g1, looks_as_before):
    async with g1.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "slash", *"klmode", "enter", "enter", "tab", "right")
        await looks_as_before(pilot)


async def test_history_of_interventions(g1, sizes_look_as_before):
    async with g1.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(g1)
        await press(g1, pilot, "h", "down", "down")
        await sizes_look_as_before(pilot)


# --- a recorded run with three curricula, a person, a ramp and a guard ---


@pytest.fixture
def curricula(log_root):
    return HumanoidTui(log_root, make_run(log_root, "g1-curricula"))


async def test_dashboard_of_a_run_with_curricula(curricula, sizes_look_as_before):
    async with curricula.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(curricula)
        await sizes_look_as_before(pilot)


async def test_curricula(curricula, sizes_look_as_before):
    async with curricula.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(curricula)
        await press(curricula, pilot, "t", "down")
        await sizes_look_as_before(pilot)


async def test_curricula_without_colour_scrolled_to_their_end(no_colour, curricula, looks_as_before):
    async with curricula.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(curricula)
        await press(curricula, pilot, "t", "end")
        await looks_as_before(pilot)


async def test_history_of_a_run_with_curricula(curricula, sizes_look_as_before):
    async with curricula.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(curricula)
        await press(curricula, pilot, "h", "down", "down")
        await sizes_look_as_before(pilot)
