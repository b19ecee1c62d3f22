"""The screen of evaluations: start, follow, cancel and compare them, and what it looks like."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from curricula.errors import UserError
from tests.tui.evaluations import Scripted, commands, pushes, quick, recorded, store, terrain
from tests.tui.screens.recorded import SMALL, make_run, told, until
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from tui.app import HumanoidTui
from tui.navigation import ShowEvaluations, ShowRuns
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.evaluation.evaluate_dialog import EvaluateDialog
from tui.screens.evaluation.evaluation_table import EvaluationTable
from tui.screens.evaluation.screen import EvaluationScreen
from tui.screens.runs.screen import RunsScreen
from tui.widgets.inline_select import InlineSelect

ITERATIONS = (0, 200, 400, 600, 800, 850)


@pytest.fixture
def folder(log_root):
    folder = make_run(log_root, "g1-walk")
    for iteration in ITERATIONS:
        folder.checkpoint(iteration).write_bytes(WHOLE_CHECKPOINT)
    return folder


@pytest.fixture
def evaluated(folder):
    """A run of which two checkpoints were evaluated."""
    for whole in (quick(), commands(), pushes(), terrain()):
        store(folder, whole)
    for whole in (quick(12, checkpoint="model_400.pt"), commands(0.2, checkpoint="model_400.pt")):
        store(folder, whole)
    return folder


@pytest.fixture
def scripted(monkeypatch):
    """What the program starts instead of a process: it ends when the test says so."""
    scripted = Scripted()
    monkeypatch.setattr("tui.app_evaluations.evaluate", scripted.run)
    yield scripted
    scripted.jobs.close()


def cells(app, row=0):
    table = app.screen.query_one(EvaluationTable)
    return [str(cell) for cell in table.get_row_at(row)]


def shown(app, part="#text"):
    return str(app.screen.query_one(part, Static).content)


async def shows(app, rows=6):
    def is_filled():
        tables = app.screen.query(EvaluationTable)
        return isinstance(app.screen, EvaluationScreen) and tables and tables.first().row_count == rows

    await until(is_filled, "the evaluations")
    await until(lambda: app.screen.query("#text") and shown(app), "the chosen one")


async def opened(app, folder, rows=6):
    app.go_to(ShowEvaluations(folder))
    await shows(app, rows)


async def starts(app, pilot):
    """Open the dialog and confirm it."""
    await pilot.press("e")
    await until(lambda: isinstance(app.screen, EvaluateDialog) and app.screen.query("#suite"), "the dialog")
    await pilot.press("enter")
    await until(lambda: isinstance(app.screen, EvaluationScreen), "the screen")


# --- ways there and back ---


async def test_a_key_of_the_dashboard_and_of_the_runs_shows_the_evaluations(evaluated, log_root):
    app = HumanoidTui(log_root, evaluated)
    async with app.run_test() as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.query("#knobs"), "the dashboard")
        await pilot.press("E")
        await shows(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the runs")
        await until(lambda: app.screen.query_one("#runs").row_count, "the run")
        await pilot.press("E")
        await shows(app)
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


# --- what is shown ---


async def test_the_cursor_chooses_policy_and_suite(evaluated, log_root):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)
        assert cells(app) == ["  model_850.pt", "96 %", "84 %", "72 %", "61 %", "–", "–"]
        await until(lambda: shown(app).startswith("24 episodes"), "the newest checkpoint's result")
        await pilot.press("right")
        await until(lambda: shown(app).startswith("88 episodes in 22 cells"), "the next suite")
        await pilot.press("down")
        await until(lambda: shown(app).startswith("commands of model_800.pt: not evaluated"), "the next policy")


async def test_m_shows_the_next_measure_and_keeps_it(evaluated, log_root):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)

        def title():
            return "".join(text for text, _ in app.screen.query_one("#figures").picture.segments(0)).rstrip()

        await pilot.press("right")
        await until(lambda: title() == "success, %", "the first measure")
        await pilot.press("m")
        await until(lambda: title() == "error/linear, m/s", "the second measure")
        await pilot.press("right", "left")
        await until(lambda: title() == "error/linear, m/s", "the same measure")
        await pilot.press("M", "M")
        await until(lambda: title() == "velocity/forward, m/s", "the last measure")


async def test_space_compares_with_a_policy_and_stops_comparing(evaluated, log_root):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)
        await pilot.press("down", "down", "down", "space")
        await until(lambda: cells(app, 3)[0] == "■ model_400.pt", "the sign")
        await pilot.press("up", "up", "up")
        await until(lambda: "compared with model_400.pt, in the same episodes" in shown(app), "the comparison")
        await pilot.press("down", "down", "down", "space", "up", "up", "up")
        await until(lambda: "compared" not in shown(app) and "24 episodes" in shown(app), "the result alone")


async def test_a_result_that_another_program_writes_appears(folder, log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.evaluation.screen._REFRESH_SECONDS", 0.05)
    app = HumanoidTui(log_root)
    async with app.run_test():
        await opened(app, folder)
        assert cells(app)[1] == "–"
        store(folder, quick())
        await until(lambda: cells(app)[1] == "96 %", "the result")


# --- start, follow, cancel ---


async def test_the_dialog_asks_for_suite_and_device(folder, log_root, scripted):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder)
        await pilot.press("down", "right", "enter")
        await until(lambda: isinstance(app.screen, EvaluateDialog) and app.screen.query("#device"), "the dialog")
        assert app.screen.query_one("#suite", InlineSelect).value == "commands"
        assert app.screen.query_one("#device", InlineSelect).value == "cuda:0"  # nothing trains there
        await pilot.press("right", "tab", "right", "enter")
        await until(lambda: scripted.running == ["model_800.pt"], "the evaluation")
        (job,) = app.evaluations.jobs
        assert (job.request.suite, job.request.device) == ("pushes", "cuda:1")
        assert job.request.run == str(folder.path)
        await until(lambda: cells(app, 1)[3] == "▶ 30 %", "its progress")
        assert app.screen.query_one(EvaluationTable).suite == "pushes"


async def test_beside_a_training_the_cpu_is_proposed(trainer, log_root, scripted):
    trainer.folder.checkpoint(10).write_bytes(WHOLE_CHECKPOINT)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, trainer.folder, 1)
        await pilot.press("e")
        await until(lambda: isinstance(app.screen, EvaluateDialog) and app.screen.query("#device"), "the dialog")
        assert app.screen.query_one("#device", InlineSelect).value == "cpu"
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, EvaluationScreen), "the screen")
        assert app.evaluations.jobs == ()


async def test_an_evaluation_survives_other_screens_and_is_reported_there(folder, log_root, scripted):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        await until(lambda: scripted.running, "the evaluation")
        app.go_to(ShowRuns())
        await until(lambda: isinstance(app.screen, RunsScreen), "the runs")
        store(folder, quick())
        scripted.end(850, quick())
        await until(lambda: "quick of model_850.pt: success 96 %" in told(app), "the report")
        await opened(app, folder)
        assert cells(app)[1] == "96 %"


async def test_x_cancels_the_evaluation_under_the_cursor(folder, log_root, scripted):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        await until(lambda: scripted.running, "the evaluation")
        await pilot.press("down")
        await starts(app, pilot)
        await until(lambda: cells(app, 1)[1] == "queued", "the second one")
        await pilot.press("x")
        await until(lambda: shown(app) == "quick of model_800.pt was cancelled; nothing was stored", "its end")
        await pilot.press("up", "x")
        await until(lambda: shown(app) == "quick of model_850.pt was cancelled; nothing was stored", "the end")
        assert cells(app)[1] == "–"


async def test_a_failure_is_reported_and_stays_on_the_screen(folder, log_root, scripted):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        scripted.end(850, UserError("no free memory on cuda:0: choose cpu"))
        await until(lambda: cells(app)[1] == "failed", "the failure")
        reason = "quick of model_850.pt failed: no free memory on cuda:0: choose cpu"
        await until(lambda: shown(app) == reason, "the reason")
        await until(lambda: any(reason in text for text in told(app)), "the report")


async def test_a_policy_that_is_gone_is_not_evaluated(folder, log_root, scripted):
    store(folder, quick(checkpoint="model_900.pt"))
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder, len(ITERATIONS) + 1)
        assert cells(app)[0] == "× model_900.pt"
        await pilot.press("e")
        await until(lambda: any("model_900.pt is gone" in text for text in told(app)), "the reason")
        assert isinstance(app.screen, EvaluationScreen)


async def test_leaving_the_program_cancels_what_runs(folder, log_root, scripted):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        await until(lambda: scripted.running, "the evaluation")
    scripted.wait(lambda: [job.state for job in app.evaluations.jobs] == ["cancelled"], "the end")
    assert scripted.running == []


# --- pictures ---


async def test_quick_evaluation(evaluated, log_root, sizes_look_as_before):
    store(evaluated, recorded("g1-walk-850-quick"))
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, evaluated)
        await sizes_look_as_before(pilot)


async def test_command_grid(evaluated, log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, evaluated)
        await pilot.press("right", "m")
        await sizes_look_as_before(pilot)


async def test_pushes(evaluated, log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, evaluated)
        await pilot.press("right", "right")
        await sizes_look_as_before(pilot)


async def test_pushes_without_colour(evaluated, log_root, no_colour, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)
        await pilot.press("right", "right")
        await looks_as_before(pilot)


async def test_command_grid_without_colour(evaluated, log_root, no_colour, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, evaluated)
        await pilot.press("right", "m")
        await looks_as_before(pilot)


async def test_terrain_matrix(evaluated, log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)
        await pilot.press("right", "right", "right")
        await looks_as_before(pilot)


async def test_comparison_of_two_checkpoints(evaluated, log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, evaluated)
        await pilot.press("down", "down", "down", "space", "up", "up", "up")
        await sizes_look_as_before(pilot)


async def test_comparison_of_command_grids(evaluated, log_root, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, evaluated)
        await pilot.press("down", "down", "down", "space", "up", "up", "up", "right")
        await looks_as_before(pilot)


async def test_evaluation_that_runs(folder, log_root, scripted, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        await until(lambda: cells(app)[1] == "▶ 30 %", "its progress")
        await sizes_look_as_before(pilot)


async def test_evaluation_that_failed(folder, log_root, scripted, looks_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, folder)
        await starts(app, pilot)
        scripted.end(850, UserError("no free memory on cuda:0: 0.1 of 24 GiB are free; choose another device"))
        await until(lambda: cells(app)[1] == "failed", "the failure")
        app.clear_notifications()
        await looks_as_before(pilot)


async def test_question_before_an_evaluation(folder, log_root, sizes_look_as_before):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, folder)
        await pilot.press("right", "e")
        await until(lambda: isinstance(app.screen, EvaluateDialog) and app.screen.query("#suite"), "the dialog")
        await sizes_look_as_before(pilot)


async def test_run_without_a_checkpoint(log_root, looks_as_before):
    app = HumanoidTui(log_root)
    folder = make_run(log_root, "cartpole", name="2026-11-20_06-00-00_" + "a-name-of-eighty-letters-" * 3 + "x1234")
    for checkpoint in folder.checkpoints():
        checkpoint.unlink()
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, folder, 0)
        await looks_as_before(pilot)


async def test_long_names_and_a_result_of_one_episode(folder, log_root, looks_as_before):
    for ending in ("first", "second"):
        name = "policy-exported-from-the-long-run-of-november-" + ending
        store(folder, quick(1, 1, checkpoint=f"{name}.onnx", notes=("one episode: no interval",)))
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await opened(app, folder, len(ITERATIONS) + 2)
        await pilot.press("end")
        await looks_as_before(pilot)
