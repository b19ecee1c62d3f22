"""A run's rollouts: the nearest to the crosshair, and the way from one to the next."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.screens.recorded import RECORDINGS, SMALL, dashboard_is_filled, make_run, told, until
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.robot.screen import RolloutScreen
from tui.session.rollouts.of_run import nearest_rollout, next_rollout, rollouts_of
from tui.widgets.robot.robot_pane import RobotPane

FILES = ("g1-walk.rollout", "cartpole.rollout")


@given(iterations=st.sets(st.integers(0, 500), min_size=1), at=st.integers(0, 500))
def test_the_nearest_and_the_neighbours(tmp_path_factory, iterations, at):
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    folder.rollouts.mkdir()
    for iteration in iterations:
        for more in ("", "_command_1_0_0"):
            (folder.rollouts / f"model_{iteration}{more}.rollout").touch()
    for name in ("policy.rollout", "console.log", "model_3.pt"):
        (folder.rollouts / name).touch()
    paths = {iteration: folder.rollouts / f"model_{iteration}.rollout" for iteration in iterations}
    assert rollouts_of(folder) == sorted(paths.items())
    nearest = nearest_rollout(folder, at)
    assert abs(int(nearest.stem.removeprefix("model_")) - at) == min(abs(iteration - at) for iteration in iterations)
    assert nearest_rollout(folder, None) == paths[max(iterations)]
    here = folder.rollouts / f"model_{at}_seed_3.rollout"
    assert next_rollout(folder, here, 1) == paths.get(min((one for one in iterations if one > at), default=None))
    assert next_rollout(folder, here, -1) == paths.get(max((one for one in iterations if one < at), default=None))


@pytest.fixture
def run(log_root):
    return make_run(log_root, "g1-walk")


async def test_a_run_without_rollouts_says_how_to_get_some(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("R")
        await until(lambda: told(app))
        remedy = "record one with humanoid-tui rollout, or train with --rollout-every N"
        assert told(app) == [f"this run has no rollout: {remedy}"]


async def test_rollouts_of_a_run_are_a_flip_book(log_root, run):
    run.rollouts.mkdir()
    for number, name in ((10, "cartpole.rollout"), (100_000, "g1-walk.rollout")):
        shutil.copy(RECORDINGS / "rollouts" / name, run.rollouts / f"model_{number}.rollout")

    def task():
        panes = app.screen.query(RobotPane)
        return panes.first().tracks[0].painter.scene.task if panes and panes.first().tracks else ""

    app = HumanoidTui(log_root, run)
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("R")
        await until(lambda: "G1" in task(), "the newest")
        camera = app.screen.query_one(RobotPane).camera
        await pilot.press("plus", "N")
        await until(lambda: "Cartpole" in task(), "the one before")
        assert app.screen.query_one(RobotPane).camera.zoom > camera.zoom
        await pilot.press("N")
        await until(lambda: told(app) == ["this is the first rollout of the run"])
        await pilot.press("n")
        await until(lambda: "G1" in task(), "the next")
        await pilot.press("d")
        await until(lambda: isinstance(app.screen, DashboardScreen))
        await dashboard_is_filled(app)
        app.screen.board.focus()
        app.screen.board.action_crosshair(-1)
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, RolloutScreen) and "Cartpole" in task(), "that at the crosshair")
