"""What is folded in the table of knobs is kept for the task, as the board is."""

import pytest

from tests.tui.screens.recorded import dashboard_is_filled, make_run, until
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_table import KnobTable
from tui.session.board.layout import BoardLayout, layout_file, read_layout, write_layout
from tui.widgets.board import ChartBoard

TASK = "HumanoidTui-Velocity-Terrains-Unitree-G1"


@pytest.fixture(autouse=True)
def state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def table(app):
    return app.screen.query_one(KnobTable)


def kinds_shown_in_full(app):
    return {key.value.partition("/")[0] for key in table(app).rows if not key.value.startswith("kind ")}


async def test_folds_are_there_when_the_dashboard_is_opened_again(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-curricula"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("greater_than_sign", "space", "c", "home", "right", "right", "left", "left")
        kept = BoardLayout(smoothing=0.8, folded=("curriculum",), folded_changed=("curriculum",))
        await until(lambda: layout_file(TASK).exists() and read_layout(TASK) == kept, f"{kept} in the file")
    again = HumanoidTui(log_root, make_run(log_root, "g1-curricula", name="again"))
    async with again.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(again)
        await until(lambda: "curriculum" not in kinds_shown_in_full(again), "the fold")
        assert "reward" in kinds_shown_in_full(again)
        await pilot.press("less_than_sign", "shift+right")
        await until(lambda: read_layout(TASK) == BoardLayout(smoothing=0.6, folded_changed=("curriculum",)), "no fold")


async def test_another_change_of_the_board_keeps_the_folds(log_root):
    write_layout(TASK, BoardLayout(folded=("reward",)))
    app = HumanoidTui(log_root, make_run(log_root, "g1-curricula"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: "reward" not in kinds_shown_in_full(app), "the fold")
        await until(lambda: app.screen.query_one(ChartBoard).metrics, "the charts")
        await pilot.press("X")
        await until(lambda: read_layout(TASK) == BoardLayout(x="steps", folded=("reward",)), "both")
