"""A population on the screen of its experiment: lineages, joined curves, and the question about a copy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from tests.tui.queued import SPEC, experiment_of
from tests.tui.screens.recorded import SIZES, SMALL, bodies_of, make_run, until
from trainer_proc.contract.messages import Change, InterventionApplied, IterationFinished, PhaseChanged
from trainer_proc.contract.products import CheckpointLoaded
from tui.app import HumanoidTui
from tui.navigation import ShowExperiment, ShowRuns
from tui.screens.experiment.member_table import MemberTable
from tui.screens.experiment.screen import ExperimentScreen
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.experiments.experiment import Axis, ExperimentFolder, Member
from tui.session.experiments.population import Copy, Population, Round
from tui.session.experiments.queue_folder import QueueFolder
from tui.widgets.board import ChartBoard

WEIGHT = "reward/smooth_reward/weight"
MEMBERS = [Member("m01", 42, {WEIGHT: 1.0}), Member("m02", 43, {WEIGHT: 2.0}), Member("m03", 44, {WEIGHT: 3.0})]
REASON = f"copied from m01 at iteration 20, {WEIGHT} 1 → 1.2 (Train/mean_reward 35, here 12)"
COPY = Copy(member="m02", source="m01", run="2026-11-20_00-00-00_m01", values={WEIGHT: 1.2}, reason=REASON)
ASKED = Copy(
    member="m03",
    source="m01",
    run="2026-11-20_00-00-00_m01",
    values={WEIGHT: 0.8},
    reason=f"copied from m01 at iteration 20, {WEIGHT} 1 → 0.8 (Train/mean_reward 35, here 20)",
    answer="waiting",
)


def part(first, end):
    """The recording of a cartpole from one iteration to before another one; it has finished them."""
    for body in bodies_of("cartpole"):
        if not isinstance(body, IterationFinished):
            if not isinstance(body, PhaseChanged | InterventionApplied | CheckpointLoaded):
                yield body
        elif first <= body.iteration < end:
            if body.iteration == first and first:
                changes = (Change(WEIGHT, 1.0, 1.2),)
                yield InterventionApplied(1, "checkpoint", first, 1, (Change(WEIGHT, 2.0, 1.0),), note="continues")
                yield InterventionApplied(2, "launch", first, 2, changes, note=REASON)
            yield body
    yield PhaseChanged("finished")


@pytest.fixture
def experiment(log_root):
    """Three members have finished a round; then m02 was replaced by a copy of m01, and m03 waits for the answer."""
    folder = ExperimentFolder(log_root / "evolve")
    folder.path.mkdir(parents=True)
    last = Round(iteration=20, made=0.0, copies=(COPY, ASKED))
    folder.write(
        experiment_of(
            MEMBERS,
            name="evolve",
            spec=replace(SPEC, iterations=40),
            axes=(Axis(WEIGHT, low=0.5, high=4.0, scale="log"),),
            objective="Train/mean_reward",
            population=Population(every=20, ask_seconds=60.0, rounds=(last,)),
        )
    )
    first = [add_run(log_root, folder, name, 0, 20) for name in ("m01", "m02", "m03")]
    add_run(log_root, folder, "m02", 20, 40, parent=first[0])
    return folder


def add_run(log_root, folder, member, first, end, parent=None):
    run = make_run(log_root, "cartpole", list(part(first, end)), name=f"2026-11-20_{first:02d}-00-00_{member}")
    checkpoint, origin = ("", "") if parent is None else (str(parent.checkpoint(first - 1)), str(parent.path))
    spec = replace(run.read_spec(), name=member, experiment="evolve", checkpoint=checkpoint, parent=origin)
    run.write_spec(replace(spec, iterations=end - first))
    return type(run)(run.path.rename(folder.path / run.path.name))


async def is_filled(app):
    await until(lambda: isinstance(app.screen, ExperimentScreen) and app.screen.query("#members"), "the screen")
    await until(lambda: app.screen.query_one(MemberTable).row_count == 3, "its members")
    await until(lambda: [count_of(app, name) for name in ("m01", "m02")] == [20, 40], "their journals")


def source_of(app, member):
    sources = app.screen.query_one(ChartBoard)._sources
    return next((source for source in sources if source.name.startswith(member)), None)


def count_of(app, member):
    source = source_of(app, member)
    return 0 if source is None else source.history.series["Train/mean_reward"].count


def rows(app):
    table = app.screen.query_one(MemberTable)
    found = [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]
    return {row[1].split()[0]: row for row in found}


async def test_curves_and_table_follow_the_lineage(log_root, experiment):
    app = HumanoidTui(log_root, ShowExperiment(experiment.path))
    async with app.run_test(size=SIZES["200x60"]):
        await is_filled(app)
        curve = source_of(app, "m02")
        assert curve.history.series["Train/mean_reward"].xs.tolist() == list(range(40))
        assert [mark.text for mark in curve.marks] == [REASON]
        own = source_of(app, "m01")
        assert own.history.series["Train/mean_reward"].xs.tolist() == list(range(20))
        shown = rows(app)
        assert shown["m02"][1].endswith("weight=1.2")
        assert shown["m02"][2:5:2] == ["✔ finished", "from m01 @20"]
        assert shown["m03"][-1] == ""


async def test_a_copy_is_vetoed_with_a_key(log_root, experiment, monkeypatch):
    monkeypatch.setattr(QueueFolder, "start_process", lambda folder: False)
    app = HumanoidTui(log_root, ShowExperiment(experiment.path))
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await is_filled(app)
        question = app.screen.query_one("#question", Static)
        assert "m03 would be replaced in" in str(question.content)
        await pilot.press("n")
        await until(lambda: not question.has_class("asked"), "the answer")
        assert [copy.answer for copy in experiment.read().population.rounds[0].copies] == ["accepted", "vetoed"]


async def test_population(log_root, experiment, sizes_look_as_before):
    app = HumanoidTui(log_root, ShowExperiment(experiment.path))
    async with app.run_test(size=SMALL) as pilot:
        await is_filled(app)
        await sizes_look_as_before(pilot)


async def test_a_population_between_two_rounds_waits_in_the_list_of_runs(log_root, experiment):
    app = HumanoidTui(log_root)
    async with app.run_test(size=SIZES["200x60"]):
        app.go_to(ShowRuns())
        await until(lambda: isinstance(app.screen, RunsScreen) and app.screen.query("#runs"), "the list")
        table = app.screen.query_one(RunTable)
        await until(lambda: table.row_count == 1, "the population")
        whole = "evolve  3 members, round 2 of 2"  # a member waits until its run is read
        await until(lambda: str(table.get_row_at(0)[-1]) == whole, "its runs")
        assert str(table.get_row_at(0)[1]) == "… waiting"
