"""The code of runs on the screen: from the list, from a dashboard, and of two runs."""

from __future__ import annotations

from tests.tui.screens.recorded import SIZES, SMALL, make_run, until
from trainer_proc.contract.code_state import CodeState, write_code
from tui.app import HumanoidTui
from tui.navigation import ShowCompare
from tui.screens.compare.compared_runs import ComparedRuns
from tui.screens.compare.screen import CompareScreen
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.widgets.code_dialog import CodeDialog, CodeView

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIFF = """\
diff --git a/tasks/rewards.py b/tasks/rewards.py
index 1..2 100644
--- a/tasks/rewards.py
+++ b/tasks/rewards.py
@@ -10,4 +10,4 @@ def feet_air_time(env, sensor, threshold):
     contact = env.sensors[sensor].data
-    return contact.first_contact * (contact.last_air_time - threshold)
+    return contact.first_contact * (contact.last_air_time - threshold).clamp(max=0.5)  # no jumps, which are loud
     # end
diff --git a/meshes/foot.stl b/meshes/foot.stl
index 1..2 100644
Binary files a/meshes/foot.stl and b/meshes/foot.stl differ
""" + "".join(f"diff --git a/file-{n}.py b/file-{n}.py\n@@ -1 +1 @@\n-{n}\n+{n + 1}\n" for n in range(40))


async def shows_code(app, text):
    def shown():
        lines = [] if not isinstance(app.screen, CodeDialog) else app.screen.query_one(CodeView).lines
        return any(text in line.text for line in lines)

    await until(shown, text)


async def test_the_code_of_runs_is_shown(log_root, looks_as_before):
    first = make_run(log_root, "cartpole", name="2026-11-20_09-00-00_before")
    second = make_run(log_root, "cartpole", name="2026-11-21_09-00-00_a-long-name-of-the-run-after-the-change")
    write_code(first, CodeState("/home/me/walk", COMMIT, "main", versions={"torch": "2.11.0"}), b"")
    state = CodeState("/home/me/walk", COMMIT, "main", 42, 3, "ab" * 32, versions={"torch": "2.12.0"})
    write_code(second, state, DIFF.encode())
    app = HumanoidTui(log_root, ShowCompare([first, second]))
    async with app.run_test(size=SMALL) as pilot:
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.query("#compared"), "the comparison")
        await until(lambda: app.screen.query_one(ComparedRuns).row_count == 2, "its runs")
        await pilot.press("g")
        await shows_code(app, "tasks/rewards.py")
        await looks_as_before(pilot, "80x24")
        view = app.screen.query_one(CodeView)
        await pilot.press("n", "n")
        assert view.lines[view.scroll_offset.y].kind in ("title", "file")
        assert view.scroll_offset.y > 0
        await pilot.press("N", "N", "N")
        assert view.scroll_offset.y == 0
        await pilot.resize_terminal(*SIZES["200x60"])
        await looks_as_before(pilot, "200x60")
        await pilot.press("escape", "r")
        await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the list")
        await until(lambda: app.screen.query_one(RunTable).row_count == 2, "its runs")
        await pilot.press("g")
        await shows_code(app, "torch 2.12.0")
        await pilot.press("g", "enter")
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.query("#headline"), "the dashboard")
        await pilot.press("G")
        await shows_code(app, "torch 2.12.0")
