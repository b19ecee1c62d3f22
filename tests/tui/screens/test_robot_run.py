"""The dashboard of a policy on a robot, which `run-policy` shows among the runs."""

from __future__ import annotations

from textual.widgets._footer import FooterKey

from tests.deploy.small_bundle import card
from tests.tui.robots import scene_of
from tests.tui.screens.recorded import told, until
from trainer_proc.deploy.telemetry import Telemetry, telemetry_folder
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.widgets.diff_text import DiffText


async def test_a_robot_is_shown_as_running_and_damped_without_a_question(log_root):
    folder = telemetry_folder(log_root, "walk")
    robot, reasons = Telemetry(folder, card(), scene_of(), "policy of iteration 3 on mujoco"), []
    robot.stop = reasons.append
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: "▶ running  policy of iteration 3 on mujoco" in progress(app), "the status")
        keys = {"v": "robot", "V": "robot full screen", "x": "stop", "r": "runs", "q": "quit", "?": "help"}
        await until(lambda: footer(app).items() >= keys.items(), "the keys")
        assert app.screen.query_one(KnobPanel).border_subtitle == "a policy on a robot has none; v shows the robot"
        await pilot.press("x")
        await until(lambda: robot.show(scene_of) or reasons, "the request")
        await until(lambda: "the robot is damped" in told(app), "the answer")
        robot.close()
        await until(lambda: "✔ finished" in progress(app), "the end")


def progress(app):
    return str(app.screen.query_one("#progress", DiffText).content)


def footer(app):
    return {key.key_display: key.description for key in app.screen.query(FooterKey) if key.region.area}
