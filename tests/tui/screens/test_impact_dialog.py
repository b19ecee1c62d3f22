"""Before and after an intervention, on the dashboard of a recorded run and of one that goes on."""

from textual.widgets import Static

from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, make_run, until
from trainer_proc.contract.messages import InterventionApplied, InterventionFailed, IterationFinished
from tui.app import HumanoidTui
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.screens.dashboard.screen import DashboardScreen


def part(app, name):
    return str(app.screen.query_one(f"#{name}", Static).content)


def title(app):
    return app.screen.query_one("ImpactDialog > Vertical").border_title


async def is_shown(app, number):
    await until(lambda: isinstance(app.screen, ImpactDialog) and app.screen.query("#table"), "the dialog")
    await until(lambda: str(title(app)).startswith(f"impact of #{number} applied"), f"intervention {number}")


async def test_b_tells_what_the_newest_change_did_and_arrows_go_to_the_others(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("b")
        await is_shown(app, 9)
        assert part(app, "subject").startswith("undo of #8: event/push_robot/velocity_range/x -0.8:0.8 → -0.5:0.5")
        await pilot.press("left", "up", "left", "left", "left")
        await is_shown(app, 4)
        assert "50 iterations before (1226–1275), 50 after (1276–1325)" in part(app, "windows")
        success = part(app, "table").splitlines()[1]
        assert success.split()[:2] == ["success", "rate"]
        assert success.endswith("fell")
        await pilot.press(*["left"] * 9)
        await is_shown(app, 1)
        await pilot.press("down")
        await is_shown(app, 2)
        assert "track_angular_velocity: value includes its weight (×1.5 from the change itself)" in part(app, "notes")
        await pilot.press("b")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_plus_and_minus_change_how_many_iterations_are_compared(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("b", *["left"] * 5)
        await is_shown(app, 4)
        await pilot.press("minus")
        await until(lambda: "20 iterations before (1256–1275)" in part(app, "windows"), "fewer")
        await pilot.press("plus", "plus")
        await until(lambda: "75 iterations before (1201–1275)" in part(app, "windows"), "as many as there are")
        assert "after-window limited by #6 (iteration 1351)" in part(app, "windows")
        await pilot.press(*["minus"] * 9)
        await until(lambda: "10 iterations before" in part(app, "windows"), "the fewest")


async def test_the_whole_table_can_be_seen_in_a_small_terminal(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("b", *["left"] * 5)
        await is_shown(app, 4)
        await until(lambda: app.screen.query_one("#table").region.height == 9, "the table")
        box = app.screen.query_one("ImpactDialog > Vertical").region
        assert app.screen.query_one("#table").region.bottom <= box.bottom - 1 <= 23


async def test_b_in_the_history_tells_of_the_highlighted_change_and_comes_back(log_root):
    bodies = [*bodies_of("g1-levels"), InterventionFailed(10, 1455, "RuntimeError: no")]
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels", bodies))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("h")
        await until(
            lambda: isinstance(app.screen, HistoryDialog) and app.screen.query_one("DataTable").row_count == 10, "it"
        )
        await pilot.press(*["down"] * 5, "b")
        await is_shown(app, 4)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HistoryDialog), "the history")
        assert app.screen.query_one("DataTable").cursor_row == 5


async def test_before_any_change_there_is_nothing_to_tell(log_root):
    bodies = [body for body in bodies_of("g1-walk", until_iteration=30) if not isinstance(body, InterventionApplied)]
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("b")
        await until(lambda: isinstance(app.screen, ImpactDialog) and app.screen.query("#subject"), "the dialog")
        await until(lambda: part(app, "subject") == "no changes yet", "so")
        await pilot.press("left", "plus", "escape")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_of_a_run_that_goes_on_the_numbers_grow(log_root, trainer):
    bodies = bodies_of("g1-walk")
    place = max(i for i, body in enumerate(bodies) if isinstance(body, InterventionApplied))
    behind = [body for body in bodies[place + 1 :] if isinstance(body, IterationFinished)]
    trainer.play(bodies[: place + 1])
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and len(app.screen.state.interventions) == 2, "it")
        await pilot.press("b")
        await until(lambda: isinstance(app.screen, ImpactDialog) and app.screen.query("#windows"), "the dialog")
        await until(
            lambda: "after-window limited by the newest iteration (76)" in part(app, "windows"), "that it is too early"
        )
        trainer.play(behind[:25])
        await until(lambda: "25 iterations before (52–76), 25 after (77–101)" in part(app, "windows"), "the rest")
