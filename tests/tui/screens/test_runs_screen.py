import shutil
from threading import Event

import pytest
from msgspec.structs import replace
from textual.widgets import Input, Static

from tests.tui.screens.recorded import SMALL, before_the_first_iteration, bodies_of, make_run, told, type_at_once, until
from tests.waiting import PATIENCE_SECONDS
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.launch.screen import LaunchScreen
from tui.screens.runs.delete_dialog import DeleteDialog
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.runs.chosen_runs import read_choice
from tui.session.runs.labels import Labels, read_labels


def rows(app):
    """What the table says, a row a dict by column."""
    table = app.screen.query_one(RunTable)
    columns = [str(key.value) for key in table.columns]
    lines = [map(str, table.get_row_at(row)) for row in range(table.row_count)]
    return [dict(zip(columns, line, strict=True)) for line in lines]


def column(app, name):
    return [row[name] for row in rows(app)]


def chosen(app):
    return app.screen.query_one(RunTable).summary.folder.name


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
        assert column(app, "status") == ["✘ killed", "✔ finished"]
        assert column(app, "iteration") == ["0 of 120", "40 of 40"]
        assert column(app, "reward") == ["–", "88.82"]
        assert column(app, "success") == ["–", "100%"]
        assert column(app, "run") == ["01-02 00:00", "01-01 00:00"]
        assert column(app, "curve") == ["", "▁▂▂▃▄▅▆█"]


async def test_a_run_that_goes_on_from_another_names_it(log_root):
    folder = make_run(log_root, "cartpole", name="2026-01-02_00-00-00")
    folder.write_spec(replace(folder.read_spec(), parent="/runs/2026-01-01_00-00-00", checkpoint="/runs/x/model_20.pt"))
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        details = str(app.screen.query_one("#details", Static).content)
        assert details.startswith("2026-01-02_00-00-00  from 2026-01-01_00-00-00 at 20  cartpole  Mjlab-Cartpole")


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
        assert str(empty.content) == "no runs yet: press n to start one"
        await pilot.press("enter", "a")
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")


async def test_a_folder_that_cannot_be_read_is_told(log_root, monkeypatch):
    def fail(log_root):
        raise PermissionError(13, "Permission denied", str(log_root))

    monkeypatch.setattr("tui.session.runs.run_list.run_folders", fail)
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
        assert column(app, "status") == ["✘ unreadable"]
        await pilot.press("enter")
        await until(lambda: any("run.toml can't be read" in text for text in told(app)), "the problem")
        assert isinstance(app.screen, RunsScreen)


async def test_a_damaged_journal_makes_a_run_unreadable_but_not_the_list(log_root):
    make_run(log_root, "cartpole", name="2026-01-02_00-00-00").journal.write_bytes(b"not a journal")
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 2)
        assert column(app, "status") == ["✘ unreadable", "✔ finished"]


async def test_the_cursor_stays_on_its_run_when_a_newer_one_appears(log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.runs.run_list_screen._REFRESH_SECONDS", 0.05)
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


@pytest.mark.parametrize("count", [1, 40])
async def test_a_list_that_says_the_same_is_not_drawn_again(log_root, monkeypatch, count):
    monkeypatch.setattr("tui.screens.runs.run_list_screen._REFRESH_SECONDS", 1000.0)
    shown, clears = [], []
    show, clear = RunTable.show, RunTable.clear
    monkeypatch.setattr(RunTable, "show", lambda table, *rows: shown.append(table) or show(table, *rows))
    monkeypatch.setattr(RunTable, "clear", lambda table, columns=False: clears.append(table) or clear(table, columns))
    for number in range(count):
        make_run(log_root, "cartpole", [], name=f"2026-01-01_00-00-{number:02}")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, count)
        await pilot.pause()
        for _ in range(3):
            shows, drawn = len(shown), len(clears)
            app.screen.reload()
            await until(lambda before=shows: len(shown) >= before + 2, "another look at the disk")
            await pilot.pause()
            assert len(clears) == drawn


async def test_escape_goes_back_and_q_quits(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 0)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")
        await shows_runs(app, pilot, 0)
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")


# --- order and filter ---


@pytest.fixture
def three(log_root):
    """Three runs, the newest first: a cartpole that died at iteration 20, a G1, and a whole cartpole."""
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00_whole")
    make_run(log_root, "g1-walk", name="2026-01-02_00-00-00_walk")
    make_run(log_root, "cartpole", bodies_of("cartpole", 19), name="2026-01-03_00-00-00_died")
    return HumanoidTui(log_root)


def sorted_by(app):
    labels = [str(column.label) for column in app.screen.query_one(RunTable).columns.values()]
    return next(label for label in labels if label.endswith(("▴", "▾")))


async def test_s_orders_by_the_next_column_and_a_capital_s_the_other_way(three):
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        assert column(three, "run") == ["died", "walk", "whole"]
        seen = []
        for key in ("s", "s", "s", "s", "S"):
            await pilot.press(key)
            label = sorted_by(three)
            seen.append((label, column(three, "run")))
        assert seen == [
            ("run▴", ["died", "walk", "whole"]),
            ("status▴", ["walk", "whole", "died"]),
            ("iteration▾", ["walk", "whole", "died"]),
            ("reward▾", ["whole", "died", "walk"]),
            ("reward▴", ["walk", "died", "whole"]),
        ]


async def test_an_order_whose_column_has_no_room_is_told(three):
    async with three.run_test(size=(80, 24)) as pilot:
        await shows_runs(three, pilot, 3)
        counts = three.screen.query_one("#counts", Static)
        assert "by" not in str(counts.content)
        await pilot.press(*"ssssss", "S")
        await until(lambda: str(counts.content).endswith(", sorted by duration, reversed"), "the order")


async def test_a_click_on_a_label_orders_and_a_second_one_turns_round(three):
    async with three.run_test(size=(120, 40)) as pilot:
        await shows_runs(three, pilot, 3)
        label = next(x for x in range(120) if "reward" in words_at(three, x, 0))
        await pilot.click(RunTable, offset=(label, 0))
        await until(lambda: column(three, "run")[0].endswith("whole"), "the order by reward")
        await pilot.click(RunTable, offset=(label, 0))
        await until(lambda: column(three, "run")[2].endswith("whole"), "the other way round")


def words_at(app, x, y):
    table = app.screen.query_one(RunTable)
    return table.render_line(y).crop(x, x + 6).text


async def test_the_filter_finds_runs_by_name_preset_and_status(three):
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        await pilot.press("slash", *"killed")
        await until(lambda: column(three, "run") == ["died"], "the killed one")
        assert "1 of 3 runs" in str(three.screen.query_one("#counts", Static).content)
        await pilot.press("escape")
        await until(lambda: len(rows(three)) == 3, "all runs")
        await pilot.press("slash", *"cart fin", "enter", "down")
        assert column(three, "run") == ["whole"]
        await pilot.press("escape", "escape")
        await until(lambda: isinstance(three.screen, LaunchScreen), "the launch screen")


# --- choosing ---


async def test_chosen_runs_are_marked_counted_and_kept(three, log_root):
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        await pilot.press("space", "space")
        assert column(three, "chosen") == ["✓", "✓", ""]
        assert "2 chosen" in str(three.screen.query_one("#counts", Static).content)
        await until(lambda: len(read_choice(log_root)[0]) == 2, "the file")
    again = HumanoidTui(log_root)
    async with again.run_test() as pilot:
        await shows_runs(again, pilot, 3)
        await until(lambda: column(again, "chosen") == ["✓", "✓", ""], "the choice of before")
        await pilot.press("space")
        assert column(again, "chosen") == ["", "✓", ""]
        await pilot.press("u")
        assert column(again, "chosen") == ["", "", ""]
        await until(lambda: read_choice(log_root)[0] == [], "the file")


async def test_one_run_alone_is_not_compared(three):
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        await pilot.press("space", "c")
        await until(lambda: any("expected at least 2 chosen runs" in text for text in told(three)), "what to do")
        assert isinstance(three.screen, RunsScreen)


# --- deleting ---


def question(app):
    return str(app.screen.query_one(Static).content)


async def test_a_run_is_deleted_after_a_question(three, log_root):
    path = log_root / "cartpole" / "2026-01-03_00-00-00_died"
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        await pilot.press("d")
        await until(lambda: isinstance(three.screen, DeleteDialog), "the question")
        await until(lambda: "Delete 2026-01-03_00-00-00_died, " in question(three), "what goes with it")
        await pilot.press("enter")
        assert isinstance(three.screen, DeleteDialog)
        await pilot.press("n")
        await until(lambda: isinstance(three.screen, RunsScreen), "the list")
        assert path.exists()
        await pilot.press("d")
        await until(lambda: isinstance(three.screen, DeleteDialog), "the question")
        await until(lambda: "checkpoint" in question(three), "what goes with it")
        await pilot.press("y")
        await until(lambda: column(three, "run") == ["walk", "whole"], "its row to go")
        assert not path.exists()
        assert any("2026-01-03_00-00-00_died deleted" in text for text in told(three))


async def test_a_key_that_comes_twice_at_once_asks_once(three):
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        type_at_once(three, "d", "d", "d")
        await until(lambda: isinstance(three.screen, DeleteDialog), "the question")
        await pilot.press("n")
        await until(lambda: isinstance(three.screen, RunsScreen), "the list")
        await pilot.pause()
        await three.workers.wait_for_complete()
        assert isinstance(three.screen, RunsScreen)
        await pilot.press("d")
        await until(lambda: isinstance(three.screen, DeleteDialog), "the question again")


async def test_keys_right_behind_that_for_deleting_delete_nothing(three, log_root, monkeypatch):
    go = Event()
    monkeypatch.setattr("tui.screens.runs.delete_dialog.check_deletable", lambda *_: go.wait(PATIENCE_SECONDS))
    async with three.run_test() as pilot:
        await shows_runs(three, pilot, 3)
        await pilot.press("d")
        assert isinstance(three.screen, DeleteDialog)  # at once, though nothing is known of the run yet
        await pilot.press("y", "enter")
        assert "Counting" in question(three)
        go.set()
        await until(lambda: "checkpoint" in question(three), "what goes with it")
        await pilot.press("enter", "escape")
        await until(lambda: isinstance(three.screen, RunsScreen), "the list")
        assert (log_root / "cartpole" / "2026-01-03_00-00-00_died").exists()


async def test_a_run_that_trains_is_not_deleted(log_root, trainer):
    trainer.play(bodies_of("g1-walk", until_iteration=5))
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await shows_runs(app, pilot, 1)
        await pilot.press("d")
        await until(lambda: any("is training; stop it first" in text for text in told(app)), "the refusal")
        await until(lambda: isinstance(app.screen, RunsScreen), "the list")
        assert trainer.folder.spec_file.exists()


async def test_what_is_in_sight_stays_where_it_was(log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.runs.run_list_screen._REFRESH_SECONDS", 0.05)
    for number in range(40):
        make_run(log_root, "cartpole", [], name=f"2026-01-01_00-00-{number:02}")
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows_runs(app, pilot, 40)
        await pilot.press("end", *["up"] * 5)
        await pilot.pause()
        table = app.screen.query_one(RunTable)
        scrolled = table.scroll_y
        assert (scrolled > 15, chosen(app)) == (True, "2026-01-01_00-00-05")
        make_run(log_root, "cartpole", [], name="2026-01-02_00-00-00")
        await until(lambda: len(rows(app)) == 41, "the new run")
        await pilot.pause()
        assert chosen(app) == "2026-01-01_00-00-05"
        assert table.scroll_y == scrolled


async def test_runs_are_labelled_found_and_archived_by_keys(log_root, looks_as_before):
    older = make_run(log_root, "cartpole", name="2026-01-01_00-00-00")
    newer = make_run(log_root, "g1-walk", name="2026-01-02_00-00-00_first-steps")
    app = HumanoidTui(log_root)
    async with app.run_test(size=SMALL) as pilot:
        await shows_runs(app, pilot, 2)
        await pilot.press("l")
        await until(lambda: app.screen.query("#tags"), "the dialog")
        await pilot.press(*"Soft", "space", *"landing", "tab")
        app.screen.query_one("#tags", Input).value = "baseline, two,g1#"
        await pilot.press("enter")
        await until(lambda: "expected a tag" in str(app.screen.query_one("#problem", Static).content), "the refusal")
        await looks_as_before(pilot, "dialog")
        await pilot.press("backspace", "enter")
        await until(lambda: column(app, "run")[0].startswith("Soft landing"), "the title")
        await pilot.press("asterisk")
        await until(lambda: column(app, "run")[0].startswith("★ Soft landing"), "the star")
        assert read_labels(newer) == Labels(title="Soft landing", tags=("baseline", "two", "g1"), starred=True)
        await pilot.press("down", "A")
        await until(lambda: len(rows(app)) == 1, "one run less")
        assert read_labels(older).archived
        await pilot.press("h")
        await until(lambda: len(rows(app)) == 2, "the archived run too")
        await looks_as_before(pilot, "list")
        await pilot.press("slash")
        await pilot.press("number_sign", *"base")
        await until(lambda: len(rows(app)) == 1, "the run with the tag")
        assert "1 of 2 runs" in str(app.screen.query_one("#counts", Static).content)
