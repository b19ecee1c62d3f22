import shutil

from msgspec.structs import replace
from textual.widgets import DataTable, Static

from tests.tui.screens.recorded import before_the_first_iteration, make_run, told, until
from tui.app import HumanoidTui
from tui.screens.dashboard import DashboardScreen
from tui.screens.launch import LaunchScreen
from tui.screens.runs import RunsScreen
from tui.session.runs import run_folders


def rows(app):
    table = app.screen.query_one(DataTable)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


def chosen(app):
    return rows(app)[app.screen.query_one(DataTable).cursor_row][-1]


async def shows_runs(app, pilot, count):
    """Go from the launch screen to the runs and wait until there are so many."""
    await until(lambda: isinstance(app.screen, LaunchScreen) and app.screen.query("#presets"), "the launch screen")
    await pilot.press("r")
    await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the runs screen")
    await until(lambda: len(rows(app)) == count, f"{count} runs")


async def test_runs_are_listed_newest_first_with_what_became_of_them(log_root):
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00")
    make_run(log_root, "g1-walk", before_the_first_iteration("g1-walk", 5), name="2026-01-02_00-00-00")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 2)
        assert rows(app) == [
            ["✘ killed", "0 of 120", "–", "g1_velocity", "2026-01-02_00-00-00"],
            ["✔ finished", "40 of 40", "88.82", "cartpole", "2026-01-01_00-00-00"],
        ]


async def test_a_run_that_goes_on_from_another_names_it(log_root):
    folder = make_run(log_root, "cartpole", name="2026-01-02_00-00-00")
    folder.write_spec(replace(folder.read_spec(), parent="/runs/2026-01-01_00-00-00", checkpoint="/runs/x/model_20.pt"))
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        assert rows(app)[0][-1] == "2026-01-02_00-00-00  from 2026-01-01_00-00-00 at 20"


async def test_the_headline_names_the_folder_from_home(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        assert str(app.screen.query(Static).first().content) == "runs in ~/logs/rsl_rl"


async def test_the_headline_names_a_folder_elsewhere_in_full(log_root, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "someone"))
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        assert str(app.screen.query(Static).first().content) == f"runs in {log_root.resolve()}"


async def test_enter_opens_the_dashboard_of_the_chosen_run(log_root):
    make_run(log_root, "cartpole", name="2026-01-02_00-00-00")
    make_run(log_root, "g1-walk", name="2026-01-01_00-00-00_older")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 2)
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.query("#headline"), "the dashboard")
        assert "2026-01-01_00-00-00_older" in str(app.screen.query_one("#headline", Static).content)


async def test_from_a_dashboard_r_leads_back_to_the_runs(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "cartpole"))
    async with app.run_test() as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.query("#knobs"), "the dashboard")
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the runs")
        await until(lambda: rows(app), "a run")
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_an_empty_list_says_how_to_start(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        empty = app.screen.query_one("#empty", Static)
        await until(lambda: empty.display, "the hint")
        assert str(empty.content) == "no runs yet: n starts one"
        await pilot.press("enter", "a")
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")


async def test_a_folder_that_cannot_be_read_is_told(log_root, monkeypatch):
    def fail(log_root):
        raise PermissionError(13, "Permission denied", str(log_root))

    monkeypatch.setattr("tui.screens.runs.run_folders", fail)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        empty = app.screen.query_one("#empty", Static)
        await until(lambda: "Permission denied" in str(empty.content) and empty.display, "the problem")


async def test_a_broken_run_tells_its_problem_and_is_not_opened(log_root):
    make_run(log_root, "cartpole").spec_file.write_text("preset = ")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        assert rows(app)[0][0] == "✘ unreadable"
        await pilot.press("enter")
        await until(lambda: any("run.toml can't be read" in text for text in told(app)), "the problem")
        assert isinstance(app.screen, RunsScreen)


async def test_a_damaged_journal_makes_a_run_unreadable_but_not_the_list(log_root):
    make_run(log_root, "cartpole", name="2026-01-02_00-00-00").journal.write_bytes(b"not a journal")
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 2)
        assert [row[0] for row in rows(app)] == ["✘ unreadable", "✔ finished"]


async def test_the_cursor_stays_on_its_run_when_a_newer_one_appears(log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.runs._REFRESH_SECONDS", 0.05)
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00")
    make_run(log_root, "cartpole", name="2026-01-02_00-00-00")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 2)
        await pilot.press("down")
        assert chosen(app) == "2026-01-01_00-00-00"
        newest = make_run(log_root, "cartpole", name="2026-01-03_00-00-00")
        await until(lambda: len(rows(app)) == 3, "the new run")
        assert chosen(app) == "2026-01-01_00-00-00"
        shutil.rmtree(newest.path)
        await until(lambda: len(rows(app)) == 2, "its end")
        assert chosen(app) == "2026-01-01_00-00-00"


async def test_a_list_that_says_the_same_is_not_drawn_again(log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.runs._REFRESH_SECONDS", 0.01)
    looks, clears = [], []
    folders, clear = run_folders, DataTable.clear
    monkeypatch.setattr("tui.screens.runs.run_folders", lambda root: looks.append(root) or folders(root))
    monkeypatch.setattr(DataTable, "clear", lambda table, columns=False: clears.append(table) or clear(table, columns))
    make_run(log_root, "cartpole")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        seen = len(looks)
        await until(lambda: len(looks) > seen + 5, "more looks at the disk")
        assert len(clears) == 1


async def test_escape_goes_back_and_q_quits(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")
        await shows_runs(app, pilot, 0)
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")
