"""A run is continued, or forked, on the screen."""

from __future__ import annotations

from textual.widgets import Input, Static

from tests.tui.screens.chart_parts import focus_charts
from tests.tui.screens.recorded import bodies_of, make_run, until
from tests.tui.screens.test_runs_screen import shows_runs
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import Change, InterventionApplied, PhaseChanged
from trainer_proc.contract.products import CheckpointSaved
from tui.app import HumanoidTui
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.screen import DashboardScreen
from tui.widgets.continue_dialog import ContinueDialog

KNOB = "reward/pose/weight"
CHANGE = InterventionApplied(90, "person", 12, 90, (Change(KNOB, 1.0, 2.0),))


def failed(log_root, reason, checkpoint=True):
    """Make a run that has failed behind a checkpoint of iteration 10 and a change."""
    saved = (CheckpointSaved(10, "model_10.pt"), CHANGE) if checkpoint else ()
    bodies = [*bodies_of("g1-walk", until_iteration=11), *saved, PhaseChanged("failed", reason)]
    folder = make_run(log_root, "g1-walk", bodies, name="2026-01-01_00-00-00_fell")
    if checkpoint:
        folder.checkpoint(10).write_bytes(WHOLE_CHECKPOINT)
    return folder


def value(app, field):
    return app.screen.query_one(f"#{field}", Input).value


def text(app):
    return str(app.screen.query_one("#offer", Static).content)


async def offer_is_read(app):
    await until(lambda: isinstance(app.screen, ContinueDialog) and app.screen.query("#offer"), "the dialog")
    await until(lambda: value(app, "iterations"), "what is offered")


async def test_a_run_without_memory_continues_with_fewer_environments_and_its_changes(log_root, launched):
    folder = failed(log_root, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")
    spec = folder.read_spec()
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        await pilot.press("C")
        await offer_is_read(app)
        assert f"out of memory: {spec.num_envs // 2} environments instead of {spec.num_envs}" in text(app)
        assert "1 change after model_10.pt was saved:" in text(app)
        assert value(app, "num-envs") == str(spec.num_envs // 2)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the new run")
    (new,) = launched
    assert (new.num_envs, new.checkpoint, new.set) == (spec.num_envs // 2, str(folder.checkpoint(10)), {KNOB: 2.0})


async def test_a_number_of_thousands_of_digits_is_refused(log_root, launched):
    failed(log_root, "no")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        await pilot.press("C")
        await offer_is_read(app)
        app.screen.query_one("#iterations", Input).value = "9" * 5000
        await pilot.press("enter")
        await until(lambda: "expected 1 to" in str(app.screen.query_one("#problem", Static).content), "the refusal")
    assert not launched


async def test_a_run_that_failed_before_its_first_checkpoint_starts_again(log_root, launched):
    folder = failed(log_root, "Loss/value is nan", checkpoint=False)
    app = HumanoidTui(log_root, folder)
    async with app.run_test() as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.has_ended, "the dashboard")
        await pilot.press("C")
        await offer_is_read(app)
        assert "from the beginning" in text(app)
        await pilot.press("enter")
        await until(lambda: launched, "the start")
    assert launched[0].set == folder.read_spec().set | {"guard/not_finite/mode": "act"}


async def test_what_can_not_be_started_is_said_in_the_dialog(log_root, launched):
    failed(log_root, "no space")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        await pilot.press("C")
        await offer_is_read(app)
        app.screen.query_one("#checkpoint", Input).value = "7"
        problem = app.screen.query_one("#problem", Static)
        await until(lambda: "no such checkpoint: 7" in str(problem.content), "the problem")
        await pilot.press("enter")
        app.screen.query_one("#checkpoint", Input).value = "10"
        await until(lambda: not str(problem.content), "the offer")
        await until(lambda: value(app, "iterations"), "the offer")
        app.screen.query_one("#iterations", Input).value = "0"
        await pilot.press("enter")
        await until(lambda: "iterations" in str(problem.content), "the refusal")
    assert launched == []


async def test_a_finished_run_of_one_experiment_continues_beside_it(log_root, launched, monkeypatch):
    folder = make_run(log_root, "g1-walk", [*bodies_of("g1-walk", until_iteration=11), PhaseChanged("finished")])
    spec = folder.read_spec()
    folder.checkpoint(spec.iterations - 1).write_bytes(WHOLE_CHECKPOINT)
    roots = []
    monkeypatch.setattr("tui.widgets.start_run.launch", lambda spec, root: roots.append((spec, root)) or folder)
    app = HumanoidTui(folder.path.parent)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        await pilot.press("C")
        await offer_is_read(app)
        app.screen.query_one("#num-envs", Input).value = "16"
        await pilot.press("enter")
        await until(lambda: roots, "the start")
    ((new, root),) = roots
    assert (new.iterations, new.num_envs, root) == (spec.iterations, 16, log_root)


async def test_a_run_is_forked_before_a_change_and_at_the_crosshair(log_root):
    bodies = [*bodies_of("g1-walk", until_iteration=30), CHANGE, PhaseChanged("finished")]
    folder = make_run(log_root, "g1-walk", bodies)
    for iteration in (5, 10, 30):
        folder.checkpoint(iteration).write_bytes(WHOLE_CHECKPOINT)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.has_ended, "the dashboard")
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, HistoryDialog), "the history")
        await pilot.press("C")  # the change is of iteration 12
        await offer_is_read(app)
        assert value(app, "checkpoint") == "10"
        await pilot.press("escape")
        await focus_charts(app, pilot)
        await pilot.press(*["left"] * 60, "C")
        await offer_is_read(app)
        assert value(app, "checkpoint") == "5"
