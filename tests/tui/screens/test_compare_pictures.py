"""What the list of runs and the comparison look like in a small, a common and a large terminal."""

import pytest
from textual.widgets._footer import FooterKey

from tests.tui.screens.recorded import SMALL, bodies_of, make_run, until
from trainer_proc.contract.messages import PhaseChanged
from tui.app import HumanoidTui
from tui.navigation import ShowCompare, ShowRuns
from tui.screens.compare.compared_runs import ComparedRuns
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.runs.journal_summary import JournalSummary
from tui.widgets.board import ChartBoard
from tui.widgets.dialogs import Confirm


@pytest.fixture
def runs(log_root, trainer, monkeypatch):
    """Runs of all kinds: live, finished, stopped, failed, killed, starting, unreadable."""
    monkeypatch.setattr(JournalSummary, "seconds", 3661.0)  # the live one has just begun
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    for day, recording in enumerate(("cartpole", "g1-gpu", "g1-steered", "g1-curricula", "g1-levels"), start=11):
        make_run(log_root, recording, name=f"2026-11-{day}_09-00-00_{recording}")
    make_run(log_root, "cartpole", bodies_of("cartpole", until_iteration=20), name="2026-11-20_08-00-00_died")
    failed = [*bodies_of("cartpole", until_iteration=7), PhaseChanged("failed", "RuntimeError: a tensor is NaN")]
    make_run(log_root, "cartpole", failed, name="2026-11-20_07-00-00_diverged")
    long_name = "2026-11-20_06-00-00_" + "a-name-of-eighty-letters-" * 3 + "x1234"
    make_run(log_root, "cartpole", name=long_name)
    make_run(log_root, "cartpole", [], name="2026-11-20_05-00-00_just-started")
    make_run(log_root, "cartpole", name="2026-11-20_04-00-00_broken").spec_file.write_text("preset = ")
    return HumanoidTui(log_root)


async def lists_runs(app, count):
    app.go_to(ShowRuns())
    await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the list")
    await until(lambda: app.screen.query_one(RunTable).row_count == count, "its rows")
    await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")


async def test_runs_with_two_chosen(runs, sizes_look_as_before):
    async with runs.run_test(size=SMALL) as pilot:
        await lists_runs(runs, 11)
        await pilot.press("down", "space", "down", "down", "space", "s", "s", "s", "s", "home")
        await sizes_look_as_before(pilot)


async def test_runs_that_match(runs, looks_as_before):
    async with runs.run_test(size=(80, 24)) as pilot:
        await lists_runs(runs, 11)
        await pilot.press("slash", *"cart")
        await looks_as_before(pilot)


async def test_question_before_a_run_is_deleted(runs, sizes_look_as_before, monkeypatch):
    monkeypatch.setattr("tui.session.runs.delete._size", lambda path: 1_234_567_890)  # file systems differ
    async with runs.run_test(size=SMALL) as pilot:
        await lists_runs(runs, 11)
        await pilot.press("end", "d")
        await until(lambda: isinstance(runs.screen, Confirm), "the question")
        await sizes_look_as_before(pilot)


@pytest.fixture
def compared(log_root):
    names = ("g1-steered", "g1-gpu", "g1-walk")
    return HumanoidTui(
        log_root, ShowCompare([make_run(log_root, name, name=f"2026-11-20_09-00-00_{name}") for name in names])
    )


async def is_filled(app):
    def is_read():
        sources = app.screen.query_one(ChartBoard)._sources
        return [one.history.series["Loss/value"].count for one in sources] == [330, 670, 120]

    await until(lambda: app.screen.query("#compared") and app.screen.query_one(ComparedRuns).row_count == 3, "the runs")
    await until(is_read, "their journals")
    await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")


async def test_compared_runs(compared, sizes_look_as_before):
    async with compared.run_test(size=SMALL) as pilot:
        await is_filled(compared)
        await sizes_look_as_before(pilot)


async def test_compared_runs_with_one_hidden_without_colour(compared_without_colour, looks_as_before):
    app = compared_without_colour
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        await pilot.press("down", "space")
        await looks_as_before(pilot)


@pytest.fixture
def compared_without_colour(monkeypatch, request):
    monkeypatch.setenv("NO_COLOR", "1")
    return request.getfixturevalue("compared")


async def test_table_of_differences(compared, sizes_look_as_before):
    async with compared.run_test(size=SMALL) as pilot:
        await is_filled(compared)
        await pilot.press("t")
        await pilot.pause()
        await pilot.press("down", "down", "down", "down", "down")
        await sizes_look_as_before(pilot)
