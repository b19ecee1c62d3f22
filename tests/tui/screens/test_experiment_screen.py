"""An experiment in the list of runs and on its own screen."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from tests.tui.queued import experiment_of
from tests.tui.screens.recorded import SIZES, SMALL, bodies_of, make_run, told, until
from trainer_proc.contract.codec import pack_values, unpack_values
from trainer_proc.contract.messages import IterationFinished, PhaseChanged
from tui.app import HumanoidTui
from tui.navigation import ShowExperiment, ShowRuns
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.experiment.member_table import MemberTable
from tui.screens.experiment.screen import ExperimentScreen
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.experiments.experiment import ExperimentFolder
from tui.session.experiments.members import make_members
from tui.session.experiments.queue_folder import QueueFolder
from tui.widgets.board import ChartBoard
from tui.widgets.dialogs import Confirm

WEIGHT = "reward/smooth_reward/weight"
WIDE = SIZES["200x60"]
MEMBERS = make_members([{WEIGHT: 0.5}, {WEIGHT: 2.0}], [42, 43, 44])
FACTORS = {0: 0.8, 1: 0.9, 2: 1.0, 3: 0.5, 4: 0.6}
"""By the member's number; the last member has no run."""


def scaled(factor, until_iteration=None):
    """The recording of a cartpole with all metrics multiplied."""
    for body in bodies_of("cartpole", until_iteration):
        if isinstance(body, IterationFinished):
            body = replace(body, values=pack_values([factor * value for value in unpack_values(body.values)]))
        yield body


@pytest.fixture
def experiment(log_root):
    """Two values with three seeds: five members have a run, of which one has failed; another run lies beside it."""
    folder = ExperimentFolder(log_root / "sweep")
    folder.path.mkdir(parents=True)
    folder.write(experiment_of(MEMBERS, seeds=(42, 43, 44), objective="Train/mean_reward"))
    for number, factor in FACTORS.items():
        bodies = list(scaled(factor, until_iteration=20 if number == 4 else None))
        bodies += [PhaseChanged("failed", "RuntimeError: a tensor is NaN")] * (number == 4)
        name = f"2026-11-20_0{number}-00-00_{MEMBERS[number].name}"
        run = make_run(log_root, "cartpole", bodies, name=name)
        run.write_spec(replace(run.read_spec(), name=MEMBERS[number].name, experiment="sweep"))
        run.path.rename(folder.path / name)
    make_run(log_root, "cartpole", name="2026-11-19_00-00-00_alone")
    return folder


def cells(app, kind):
    table = app.screen.query_one(kind)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


async def is_filled(app):
    await until(lambda: isinstance(app.screen, ExperimentScreen) and app.screen.query("#members"), "the screen")
    await until(lambda: app.screen.query_one(MemberTable).row_count == 8, "its members")

    def is_read():
        sources = app.screen.query_one(ChartBoard)._sources
        counts = [one.history.series["Train/mean_reward"].count for one in sources]
        return counts[:2] == [40, 40]

    await until(is_read, "their journals")
    await until(lambda: app.screen.query(FooterKey) and app.screen.query(FooterKey).first().region, "the footer")


@pytest.fixture
def app(log_root, experiment):
    return HumanoidTui(log_root)


async def lists(app, count):
    app.go_to(ShowRuns())
    await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the list")
    await until(lambda: app.screen.query_one(RunTable).row_count == count, f"{count} rows")


async def test_runs_of_an_experiment_are_one_row_that_unfolds(app):
    async with app.run_test(size=WIDE) as pilot:
        await lists(app, 2)
        group, alone = cells(app, RunTable)
        assert group[:3] == ["▸", "… waiting", "5 of 6"]
        assert group[-1] == "sweep  6 members, 1 waiting"
        assert alone[-1] == "2026-11-19_00-00-00_alone"
        await pilot.press("right")
        await until(lambda: app.screen.query_one(RunTable).row_count == 7, "its runs")
        assert cells(app, RunTable)[1][-1].startswith("  2026-11-20_04-00-00_m05_2_s43")
        await pilot.press("down", "down", "left")
        await until(lambda: app.screen.query_one(RunTable).row_count == 2, "the folded group")
        await pilot.press("E")
        assert told(app) == ["expected a run: list those of the experiment with →"]
        await pilot.press("space")
        counts = app.screen.query_one("#counts", Static)
        await until(lambda: "5 chosen" in str(counts.content), "the chosen runs")
        await pilot.press("up", "enter")
        await is_filled(app)


async def test_members_are_ranked_with_mean_and_interval(app, experiment):
    async with app.run_test(size=WIDE):
        app.go_to(ShowExperiment(experiment.path))
        await is_filled(app)
        rows = cells(app, MemberTable)
        assert [row[1].strip() for row in rows] == [
            "smooth_reward/weight=0.5", "m03_0.5_s44", "m02_0.5_s43", "m01_0.5_s42",
            "smooth_reward/weight=2", "m04_2_s42", "m05_2_s43", "m06_2_s44",
        ]  # fmt: skip
        assert rows[0][2:] == ["✔ 3 finished", "79.94", "57.87 to 102"]  # Student, two degrees of freedom
        assert rows[4][2] == "…1 ✔1 ✘1"
        assert rows[6][2] == "✘ failed"
        headline = app.screen.query_one("#headline", Static)
        assert str(headline.content) == "sweep  6 members: 1 waiting, 4 finished, 1 failed"


async def test_charts_have_means_with_intervals_and_a_member_on_demand(app, experiment):
    async with app.run_test(size=WIDE) as pilot:
        app.go_to(ShowExperiment(experiment.path))
        await is_filled(app)
        board = app.screen.query_one(ChartBoard)
        mean, other = (source.history.series["Train/mean_reward"] for source in board._sources)
        alone = [body for body in scaled(0.9) if isinstance(body, IterationFinished)]
        assert mean.count == len(alone) == 40
        (chart,) = [chart for chart in board.describe_charts()[0] if chart.title.startswith("reward")]
        first, second = chart.run_bands
        assert (first.label, second.label) == ("95 % interval", "")
        assert np.all(np.array(first.low) <= mean.ys + 1e-3)
        assert first.is_fitted
        await pilot.press("down", "space")
        await until(lambda: len(board._sources) == 3, "the member's own curve")
        own = board._sources[2]
        assert own.name == "m03_0.5_s44"
        await until(lambda: own.history.series["Train/mean_reward"].count == 40, "its values")
        assert own.history.series["Train/mean_reward"].last == pytest.approx(mean.last / 0.9, rel=1e-3)
        assert other.count == 40
        await pilot.press("up", "space")
        await until(lambda: board._sources[0].name == "(hidden)", "the hidden group")
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_an_experiment_is_paused_and_cancelled(app, experiment, monkeypatch):
    started = []
    monkeypatch.setattr(QueueFolder, "start_process", lambda folder: started.append(folder.path))
    async with app.run_test(size=SMALL) as pilot:
        app.go_to(ShowExperiment(experiment.path))
        await is_filled(app)
        await pilot.press("p")
        await until(lambda: experiment.read().paused, "the pause")
        headline = app.screen.query_one("#headline", Static)
        await until(lambda: "paused" in str(headline.content), "the headline")
        await pilot.press("p")
        await until(lambda: not experiment.read().paused and started, "the end of the pause")
        await pilot.press("x")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(lambda: experiment.read().cancelled == (MEMBERS[5].name,), "the cancelled member")


async def test_members_are_ranked_by_another_metric(log_root, experiment):
    app = HumanoidTui(log_root, ShowExperiment(experiment.path))
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await pilot.press("m")
        table = app.screen.query_one(MemberTable)
        await until(lambda: "by Evaluation/score" in str(table.border_title), "the next metric")


async def test_experiment(app, experiment, sizes_look_as_before):
    async with app.run_test(size=SMALL) as pilot:
        app.go_to(ShowExperiment(experiment.path))
        await is_filled(app)
        await pilot.press("down", "space")
        await until(lambda: len(app.screen.query_one(ChartBoard)._sources) == 3, "the member's own curve")
        own = app.screen.query_one(ChartBoard)._sources[2].history
        await until(lambda: own.series["Train/mean_reward"].count == 40, "its values")
        await sizes_look_as_before(pilot)


async def test_runs_with_an_experiment(app, sizes_look_as_before):
    async with app.run_test(size=SMALL) as pilot:
        await lists(app, 2)
        await pilot.press("right")
        await until(lambda: app.screen.query_one(RunTable).row_count == 7, "its runs")
        await sizes_look_as_before(pilot)
