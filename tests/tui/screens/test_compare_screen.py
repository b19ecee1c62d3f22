"""Several runs on the same charts."""

import pytest
from textual.color import Color
from textual.widgets import Static

from tests.tui.screens.recorded import bodies_of, make_run, told, until
from trainer_proc.contract.messages import IterationFinished
from tui.app import HumanoidTui
from tui.navigation import ShowCompare, ShowRuns
from tui.screens.compare.compared_runs import ComparedRuns, DifferenceTable
from tui.screens.compare.screen import CompareScreen
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.runs.chosen_runs import read_choice
from tui.widgets.board import ChartBoard
from tui.widgets.board.run_legend import RunLegend

NARROW, WIDE = (80, 24), (200, 60)


def cells(app, kind):
    table = app.screen.query_one(kind)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


def legend(app):
    return str(app.screen.query_one(RunLegend).content).replace("\u2800", " ")


async def is_filled(app, count):
    await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.query("#compared"), "the screen")
    await until(lambda: app.screen.query_one(ComparedRuns).row_count == count, "its runs")
    await until(lambda: all("0 of" not in row[3][:4] for row in cells(app, ComparedRuns)), "their iterations")


@pytest.fixture
def two(log_root):
    """A steered G1 and a longer one on the same task."""
    return [make_run(log_root, "g1-steered", name="2026-01-02_00-00-00_a"), make_run(log_root, "g1-gpu", name="mine")]


async def test_runs_are_on_the_same_charts_with_their_differences(log_root, two):
    app = HumanoidTui(log_root, ShowCompare(two))
    async with app.run_test(size=WIDE) as pilot:
        await is_filled(app, 2)
        await pilot.pause()
        assert legend(app) == "● a   ■ mine"
        assert [row[:4] for row in cells(app, ComparedRuns)] == [
            ["●", "a", "✔ finished", "330 of 330"],
            ["■", "mine", "■ stopped", "670 of 700"],
        ]
        sources = app.screen.query_one(ChartBoard)._sources
        assert [source.history.series["Train/mean_reward"].count for source in sources] == [330, 670]
        assert [len(source.marks) for source in sources] == [7, 2]
        rows = {row[0]: row[1:] for row in cells(app, DifferenceTable)}
        assert rows["iterations"] == ["", "330", "700"]
        weight = app.screen.query_one(DifferenceTable).get_row("knob reward/track_linear_velocity/weight")
        assert [str(cell) for cell in weight[1:]] == ["2", "4", "3"]
        headline = f"2 runs, {len(cells(app, DifferenceTable))} differences  Mjlab-Velocity-Flat-Unitree-G1"
        assert str(app.screen.query_one("#headline", Static).content) == headline


async def test_runs_have_the_colours_of_their_curves_in_both_tables(log_root, two):
    app = HumanoidTui(log_root, ShowCompare(two))
    async with app.run_test(size=WIDE) as pilot:
        await is_filled(app, 2)
        await until(lambda: app.screen.query_one(DifferenceTable).row_count, "the differences")

        def colours():
            runs, table = app.screen.query_one(ComparedRuns), app.screen.query_one(DifferenceTable)
            rows = [[runs.get_row_at(row)[column].style.color for column in (0, 1)] for row in (0, 1)]
            heads = [column.label.style.color for column in table.ordered_columns[2:]]
            assert rows == [[head, head] for head in heads]
            return heads

        def of_theme():
            variables = app.theme_variables
            return [Color.parse(variables[f"series-{number}"]).rich_color for number in (1, 2)]

        assert colours() == of_theme()
        before = colours()
        app.theme = "tol"
        await until(lambda: colours() != before, "the colours of the other theme")
        assert colours() == of_theme()
        await pilot.press("space")
        await until(lambda: "hidden" in cells(app, ComparedRuns)[0], "the hidden run")


async def test_a_value_is_told_whole_for_the_row_under_the_cursor(log_root, two):
    app = HumanoidTui(log_root, ShowCompare(two))
    async with app.run_test(size=NARROW) as pilot:
        await is_filled(app, 2)
        await pilot.press("t")
        await until(lambda: app.screen.query_one(DifferenceTable).has_focus, "the table")
        table = app.screen.query_one(DifferenceTable)
        table.move_cursor(row=table.get_row_index("intervention from iteration 423"))
        whole = app.screen.query_one("#whole", Static)
        await until(lambda: "intervention  from iteration 423" in str(whole.content), "the last change")
        assert "● a: –" in str(whole.content)
        assert "■ mine: reward/action_rate_l2/weight -0.1 → -0.15" in str(whole.content)
        await pilot.press("t")
        await until(lambda: app.screen.query_one(ComparedRuns).has_focus, "the runs")


async def test_a_run_is_hidden_and_shown_and_that_is_kept(log_root, two):
    app = HumanoidTui(log_root, ShowCompare(two))
    async with app.run_test(size=WIDE) as pilot:
        await is_filled(app, 2)
        await pilot.press("space")
        await until(lambda: legend(app) == "● a (hidden)   ■ mine", "the legend")
        counts = [one.history.series["Loss/value"].count for one in app.screen.query_one(ChartBoard)._sources]
        assert counts == [0, 670]
        await until(lambda: read_choice(log_root)[1] == {two[0].path}, "the file")
    again = HumanoidTui(log_root, ShowCompare(two))
    async with again.run_test(size=WIDE) as pilot:
        await is_filled(again, 2)
        await until(lambda: legend(again) == "● a (hidden)   ■ mine", "what was hidden before")
        await pilot.press("space")
        await until(lambda: legend(again) == "● a   ■ mine", "both")


async def test_from_the_list_to_the_comparison_and_back_the_choice_stays(log_root, two):
    app = HumanoidTui(log_root)
    async with app.run_test(size=WIDE) as pilot:
        app.go_to(ShowRuns())
        await until(lambda: app.screen.query("#runs") and app.screen.query_one(RunTable).row_count == 2, "the runs")
        await pilot.press("space", "space", "c")
        await is_filled(app, 2)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#counts"), "the list")
        counts = app.screen.query_one("#counts", Static)
        await until(lambda: "2 chosen" in str(counts.content), "the choice")


async def test_enter_opens_the_dashboard_of_the_run_under_the_cursor(log_root, two):
    app = HumanoidTui(log_root, ShowCompare(two))
    async with app.run_test(size=WIDE) as pilot:
        await is_filled(app, 2)
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        assert app.screen.folder.path == two[1].path


async def test_a_live_run_goes_on_growing(log_root, two, trainer):
    bodies = bodies_of("g1-walk", until_iteration=40)
    middle = next(place for place, body in enumerate(bodies) if isinstance(body, IterationFinished))
    trainer.play(bodies[: middle + 1])
    app = HumanoidTui(log_root, ShowCompare([*two, trainer.folder]))
    async with app.run_test(size=WIDE):
        await is_filled(app, 3)
        await until(lambda: cells(app, ComparedRuns)[2][3] == "1 of 120", "its first iteration")
        trainer.play(bodies[middle + 1 :])
        await until(lambda: cells(app, ComparedRuns)[2][3] == "41 of 120", "its newest iteration")
        trainer.close()
        await until(lambda: cells(app, ComparedRuns)[2][2] == "✘ killed", "its end")


async def test_runs_of_different_tasks_are_compared(log_root, two):
    app = HumanoidTui(log_root, ShowCompare([two[0], make_run(log_root, "cartpole")]))
    async with app.run_test(size=WIDE):
        await is_filled(app, 2)
        rows = {row[0]: row[1:] for row in cells(app, DifferenceTable)}
        assert rows["preset"] == ["", "g1-flat", "cartpole"]


async def test_a_run_that_cannot_be_read_is_told_and_left_out(log_root, two):
    broken = make_run(log_root, "cartpole")
    broken.spec_file.write_text("preset = ")
    app = HumanoidTui(log_root, ShowCompare([*two, broken]))
    async with app.run_test(size=WIDE):
        await is_filled(app, 2)
        await until(lambda: any("run.toml can't be read" in text for text in told(app)), "the problem")


async def test_of_more_runs_than_there_are_signs_one_is_hidden_to_see_another(log_root):
    runs = [make_run(log_root, "cartpole", name=f"2026-01-02_00-00-{number:02}_r{number}") for number in range(10)]
    app = HumanoidTui(log_root, ShowCompare(runs))
    async with app.run_test(size=(200, 60)) as pilot:
        await is_filled(app, 10)
        rows = cells(app, ComparedRuns)
        assert [row[0] for row in rows] == [*"●■▲★◎□△☆", " ", " "]
        assert [row[1] for row in rows if row[2] == "hidden"] == ["r8", "r9"]
        assert "r7" in legend(app)
        assert "r8" not in legend(app)
        await pilot.press("end", "space")
        await until(lambda: any("at most 8 visible runs" in line for line in told(app)), "why not")
        await pilot.press("home", "space", "end", "space")
        await until(lambda: cells(app, ComparedRuns)[9][:3] == ["●", "r9", "✔ finished"], "the last run in its place")
        assert cells(app, ComparedRuns)[0][:3] == [" ", "r0", "hidden"]
        assert legend(app).startswith("● r9   ■ r1")
        heads = [str(column.label).split()[0] for column in app.screen.query_one(DifferenceTable).ordered_columns[1:]]
        assert (heads[1], heads[9]) == ("■", "●")
    hidden = read_choice(log_root)[1]
    assert {path.name[-2:] for path in hidden} == {"r0", "r8"}


async def test_values_that_have_no_room_come_into_sight_beside_their_names(log_root):
    runs = [make_run(log_root, "cartpole", name=f"2026-01-02_00-00-{number:02}_r{number}") for number in range(7)]
    runs.append(make_run(log_root, "g1-walk", name="2026-01-02_00-00-08_other"))
    app = HumanoidTui(log_root, ShowCompare(runs))
    async with app.run_test(size=NARROW) as pilot:
        await is_filled(app, 8)
        await pilot.press("t")
        table = app.screen.query_one(DifferenceTable)
        await until(lambda: table.has_focus and table.row_count, "the table")
        row = cells(app, DifferenceTable).index(
            next(one for one in cells(app, DifferenceTable) if one[0] == "num_envs")
        )

        def line():
            return table.render_line(row + 1 - round(table.scroll_y)).text

        await until(lambda: "num_envs" in line(), "the row")
        assert "16" not in line()
        await pilot.press(*["right"] * 40)
        await until(lambda: "16" in line(), "the last run's value")
        assert "num_envs" in line()
