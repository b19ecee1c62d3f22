"""Populations: who copies whom, and what the queue starts in each round, whatever happens to trainings and to it."""

from __future__ import annotations

import shutil
import socket
from collections import Counter
from random import Random

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from tests.tui.queued import FAILED, FINISHED, SPEC, FolderLauncher, experiment_of, measured
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import KnobsAvailable, PhaseChanged
from trainer_proc.contract.trainer_lock import Trainer
from tui.session.experiments.attempts import ENDED
from tui.session.experiments.experiment import Axis, ExperimentError, ExperimentFolder, Member
from tui.session.experiments.exploit import choose_copies, explored, sampled
from tui.session.experiments.operations import answer_copy
from tui.session.experiments.population import Copy, Population, Round
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.experiments.queue_runner import QueueRunner
from tui.session.experiments.rounds import updated
from tui.session.runs.checkpoints import first_iteration

WEIGHT = "reward/air_time/weight"
AXIS = Axis(WEIGHT, low=0.5, high=4.0, scale="log")
MEMBERS = [Member(f"m{number:02d}", 41 + number, {WEIGHT: float(number)}) for number in range(1, 5)]
NAMES = st.integers(0, 99).map("m{:02d}".format)
SCORES = st.dictionaries(NAMES, st.floats(-100, 100), max_size=12)


# --- decisions ---


@given(SCORES, st.sets(NAMES, max_size=4), st.floats(0.01, 0.5), st.booleans(), st.randoms(use_true_random=False))
def test_the_worst_share_copies_better_members_of_the_best_share(scores, failed, quantile, minimize, random):
    failed = sorted(failed - scores.keys())
    copies = choose_copies(scores, failed, quantile, minimize=minimize, random=random)
    sign = 1 if minimize else -1
    ranked = sorted(sign * score for score in scores.values())
    share = min(max(1, -(-len(scores) * quantile // 1)), len(scores) // 2)
    scored = [name for name in copies if name in scores]
    assert len(scored) <= share
    assert set(failed) <= copies.keys() if scores else not copies
    for name, source in copies.items():
        assert source not in copies
        assert sign * scores[source] <= ranked[max(int(share) - 1, 0)]
        assert name in failed or sign * scores[source] < sign * scores[name]
    if len(set(scores.values())) == len(scores) >= 2:
        assert len(scored) == share


AXES = st.one_of(
    st.just(AXIS),
    st.builds(Axis, st.just(WEIGHT), low=st.floats(-9, 0), high=st.floats(0.1, 9), scale=st.just("linear")),
)


@given(AXES, st.floats(-20, 20), st.integers())
def test_explored_values_stay_in_the_interval_and_differ(axis, value, seed):
    new = explored(axis, value, Random(seed))
    assert axis.low <= new <= axis.high
    assert new != value
    assert new == explored(axis, value, Random(seed))
    assert axis.low <= sampled(axis, Random(seed)) <= axis.high


def test_a_value_is_perturbed_by_a_fifth_three_times_of_four():
    new = Counter(explored(AXIS, 1.0, Random(seed)) for seed in range(1000))
    assert 700 < new[0.8] + new[1.2] < 800
    assert new[0.8] > 300 < new[1.2]


# --- rounds ---


def make(queue, **fields):
    """A population of four that compares each 5 of 15 iterations."""
    given = {"every": 5, **fields.pop("population", {})}
    spec = fields.pop("spec", replace(SPEC, iterations=15))
    folder = ExperimentFolder(queue.path.parent / "logs" / "sweep")
    folder.path.mkdir(parents=True)
    parts = {"spec": spec, "axes": (AXIS,), "objective": "Train/score", "population": Population(**given)}
    folder.write(experiment_of(MEMBERS, **parts | fields))
    queue.write(replace(queue.read(), experiments=(str(folder.path),)))
    return folder


def knobs(value):
    return KnobsAvailable(1, (Knob(WEIGHT, "reward", value, 1.0, "next iteration", minimum=0.0, maximum=3.0),))


def finish(launcher, scores=None, *, value=None, checkpoint=True):
    """Let each running training finish its round with its score."""
    for name, run in list(launcher.running.items()):
        spec = run.read_spec()
        last = first_iteration(spec) + spec.iterations - 1
        score = (scores or {}).get(spec.name)
        metrics = {"Train__score": score} if score is not None else {"Train__other": 1.0}
        bodies = (knobs(spec.set.get(WEIGHT, 1.0) if value is None else value), *measured(last, **metrics), FINISHED)
        launcher.end(name, *bodies, checkpoint=last if checkpoint else None)


def play(runner, launcher, scores=None, **options):
    """Train the members of a round one after another."""
    begun = len(launcher.started)
    for _ in MEMBERS:
        runner.step()
        finish(launcher, scores, **options)
    return launcher.started[begun:]


SCORED = {"m01": 4.0, "m02": 3.0, "m03": 2.0, "m04": 1.0}


def test_a_round_trains_each_member_to_its_end_then_the_worst_becomes_a_copy_of_the_best(queue, runner, launcher):
    folder = make(queue)
    first = play(runner, launcher, SCORED)
    assert [run.read_spec().iterations for run in first] == [5, 5, 5, 5]
    second = play(runner, launcher, SCORED)
    specs = {run.read_spec().name: run.read_spec() for run in second}
    assert {name: spec.checkpoint for name, spec in specs.items()} == {
        "m01": str(first[0].checkpoint(4)),
        "m02": str(first[1].checkpoint(4)),
        "m03": str(first[2].checkpoint(4)),
        "m04": str(first[0].checkpoint(4)),
    }
    copy = specs["m04"]
    assert (copy.seed, copy.parent, copy.iterations) == (45, str(first[0].path), 5)
    assert specs["m01"].set == {}
    assert specs["m01"].set_note == ""
    (value,) = copy.set.values()
    assert value != 1.0
    start = f"copied from m01 at iteration 5, {WEIGHT} 1 → {value:.4g} (Train/score 4, here 1)"
    assert copy.set_note == start
    play(runner, launcher, SCORED)
    assert not runner.step()
    assert queue.read().experiments == ()
    (one, two) = folder.read().population.rounds
    assert (one.iteration, two.iteration) == (5, 10)
    assert len(launcher.started) == 12


def test_all_members_of_a_round_are_submitted_to_an_engine_at_once(queue, runner, launcher):
    folder = make(queue, spec=replace(SPEC, iterations=15, engine={"name": "slurm", "gpus": 0}))
    for _ in range(3):
        assert runner.step()
        assert sorted(run.read_spec().name for run in launcher.running.values()) == ["m01", "m02", "m03", "m04"]
        assert runner.step()  # the round lasts
        finish(launcher, SCORED)
    assert not runner.step()
    assert len(launcher.started) == 12
    assert [[copy.member for copy in one.copies] for one in folder.read().population.rounds] == [["m04"], ["m04"]]
    copies = [run for run in launcher.started if run.read_spec().set_note]
    assert [run.read_spec().parent for run in copies] == [str(launcher.started[0].path), str(launcher.started[4].path)]


def test_values_that_the_user_has_changed_are_perturbed_within_the_knobs_bounds(queue, runner, launcher):
    make(queue)
    play(runner, launcher, SCORED, value=3.0)
    runner.step()
    (looked,) = runner.look()
    (copy,) = looked.experiment.population.rounds[0].copies
    assert f"{WEIGHT} 3 →" in copy.reason
    assert copy.values[WEIGHT] <= 3.0


def test_the_lineage_of_a_member_follows_its_copies(queue, runner, launcher):
    make(queue)
    play(runner, launcher, SCORED)
    play(runner, launcher, {"m01": 1.0, "m02": 3.0, "m03": 2.0, "m04": 9.0})
    play(runner, launcher, SCORED)
    (looked,) = [*runner.look()]
    lineages = [[(one.member, one.iteration) for one in state.lineage] for state in looked.states]
    assert lineages == [
        [("m01", 0), ("m04", 5), ("m01", 10)],
        [("m02", 0)],
        [("m03", 0)],
        [("m01", 0), ("m04", 5)],
    ]
    assert looked.states[0].lineage[0].values == {WEIGHT: 1.0}
    assert looked.states[0].values == dict(looked.experiment.population.rounds[1].copies[0].values)


def test_a_failed_member_is_retried_in_its_round_then_replaced(queue, runner, launcher):
    make(queue, retries=1)
    runner.step()
    launcher.end(*launcher.running, FAILED)
    runner.step()
    assert [run.read_spec().name for run in launcher.started] == ["m01", "m01"]
    launcher.end(*launcher.running, FAILED)
    for _ in MEMBERS:
        runner.step()
        finish(launcher, SCORED)
    (looked,) = runner.look()
    copies = {copy.member: copy for copy in looked.experiment.population.rounds[0].copies}
    assert copies["m01"].source == "m02"
    assert copies["m01"].reason.endswith("(Train/score 3, failed here)")
    names = [run.read_spec().name for run in play(runner, launcher, SCORED)]
    assert "m01" in names


def test_a_retry_continues_inside_the_round_and_a_copy_that_died_early_begins_again_as_a_copy(queue, runner, launcher):
    make(queue, retries=1)
    play(runner, launcher, SCORED)
    runner.step()
    launcher.end(*launcher.running, *measured(7), FAILED, checkpoint=6)
    runner.step()
    spec = launcher.started[-1].read_spec()
    assert (spec.name, spec.iterations) == ("m01", 3)  # 7 to 9
    for _ in range(3):
        finish(launcher, SCORED)
        runner.step()
    copy = launcher.started[-1].read_spec()
    assert copy.name == "m04"
    launcher.end(*launcher.running, FAILED)
    runner.step()
    assert launcher.started[-1].read_spec() == copy


def test_a_population_whose_members_all_fail_ends(queue, runner, launcher):
    make(queue)
    for _ in MEMBERS:
        assert runner.step()
        launcher.end(*launcher.running, FAILED)
    assert not runner.step()
    assert len(launcher.started) == 4


def test_without_the_objective_nothing_is_copied_and_all_go_on(queue, runner, launcher):
    folder = make(queue)
    play(runner, launcher)
    runner.step()
    (round,) = folder.read().population.rounds
    assert round.copies == ()
    assert round.problem.startswith("m01 has no Train/score; m02 has no Train/score")
    assert launcher.started[-1].read_spec().checkpoint == str(launcher.started[0].checkpoint(4))


def test_a_member_without_its_checkpoint_is_no_source_and_is_replaced(queue, runner, launcher):
    folder = make(queue)
    runner.step()
    finish(launcher, SCORED, checkpoint=False)
    for _ in MEMBERS[1:]:
        runner.step()
        finish(launcher, SCORED)
    runner.step()
    (round,) = folder.read().population.rounds
    assert round.problem == "m01 has no whole model_4.pt"
    assert {copy.member: copy.source for copy in round.copies} == {"m01": "m02", "m04": "m02"}
    assert launcher.started[-1].read_spec().checkpoint == str(launcher.started[1].checkpoint(4))


def test_a_member_whose_last_run_was_deleted_fails_and_is_replaced(queue, runner, launcher):
    folder = make(queue)
    play(runner, launcher, SCORED)
    runner.step()
    finish(launcher, SCORED)
    shutil.rmtree(launcher.started[1].path)
    for _ in range(2):
        runner = QueueRunner(queue, launcher)
        runner.step()
        finish(launcher, SCORED)
    assert folder.read().refused == {"m02": "m02 has no run that has finished iteration 4"}
    runner.step()
    experiment = folder.read()
    assert experiment.population.rounds[1].copy_of("m02").source == "m01"
    assert experiment.refused == {}


def test_a_member_that_has_reached_its_goal_takes_no_further_part(queue, runner, launcher):
    make(queue)
    runner.step()
    launcher.end(*launcher.running, *measured(4, Train__score=9.0), PhaseChanged("finished", "goal reached: 9"))
    for _ in MEMBERS[1:]:
        runner.step()
        finish(launcher, SCORED)
    runner.step()
    (looked,) = runner.look()
    assert [state.status for state in looked.states] == ["finished", "running", "waiting", "waiting"]


def test_stopped_and_cancelled_members_take_no_further_part(queue, runner, launcher):
    folder = make(queue, cancelled=("m02",))
    runner.step()
    launcher.end(*launcher.running, *measured(2, Train__score=9.0), PhaseChanged("finished", "stopped"))
    for _ in range(2):
        runner.step()
        finish(launcher, SCORED)
    runner.step()
    (looked,) = runner.look()
    assert [state.status for state in looked.states] == ["stopped", "cancelled", "running", "waiting"]
    assert {copy.member: copy.source for copy in folder.read().population.rounds[0].copies} == {"m04": "m03"}


# --- vetoes ---


def ask(queue, runner, launcher, *, seconds):
    folder = make(queue, population={"ask_seconds": seconds})
    play(runner, launcher, SCORED)
    return folder


def test_a_member_waits_for_the_answer_while_others_train_and_a_veto_keeps_it(queue, runner, launcher):
    folder = ask(queue, runner, launcher, seconds=3600.0)
    second = play(runner, launcher, SCORED)
    assert [run.read_spec().name for run in second] == ["m01", "m02", "m03"]
    assert runner.step()
    answer_copy(folder, "m04", accepted=False)
    runner.step()
    spec = launcher.started[-1].read_spec()
    assert (spec.name, spec.checkpoint, spec.set) == ("m04", str(launcher.started[3].checkpoint(4)), {})
    (looked,) = runner.look()
    assert [one.member for one in looked.states[3].lineage] == ["m04"]


def test_an_accepted_copy_starts_at_once_and_is_answered_only_once(queue, runner, launcher):
    folder = ask(queue, runner, launcher, seconds=3600.0)
    play(runner, launcher, SCORED)
    answer_copy(folder, "m04", accepted=True)
    runner.step()
    assert launcher.started[-1].read_spec().set_note.startswith("copied from m01")
    with pytest.raises(Exception, match="no copy for m04 waits for an answer; there are none"):
        answer_copy(folder, "m04", accepted=False)


def test_without_an_answer_in_time_the_copy_goes_ahead(queue, runner, launcher):
    folder = ask(queue, runner, launcher, seconds=0.001)
    play(runner, launcher, SCORED)
    assert folder.read().population.rounds[0].copies[0].answer == "accepted"
    assert launcher.started[-1].read_spec().set_note.startswith("copied from m01")


def test_the_same_runs_give_the_same_decision(queue, runner, launcher):
    make(queue)
    play(runner, launcher, SCORED)
    (looked,) = runner.look()
    decisions = [updated(looked.experiment, looked.states).population.rounds[0].copies for _ in range(2)]
    assert decisions[0] == decisions[1]


@pytest.mark.parametrize(
    ("copy", "problem"),
    [
        ({"source": "m09"}, "expected copies of members"),
        ({"values": {WEIGHT: 9.0}}, "expected values inside the intervals"),
        ({"values": {}}, "expected values inside the intervals"),
    ],
)
def test_a_population_that_was_edited_wrongly_is_not_read(queue, copy, problem):
    whole = Copy(member="m04", source="m01", run="run", values={WEIGHT: 1.0}, reason="")
    round = Round(iteration=5, made=0.0, copies=(replace(whole, **copy),))
    folder = make(queue, population={"rounds": (round,)})
    with pytest.raises(ExperimentError, match=problem):
        folder.read()


ENDS = st.sampled_from(["finished", "failed", "lost"])
MOST_REBOOTS = 3


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_nothing_starts_twice_whatever_dies(tmp_path_factory, data):
    """Trainings end in any order and any way, also with their machine; each step is that of another queue process."""
    queue, launcher = QueueFolder(tmp_path_factory.mktemp("user") / "queue"), FolderLauncher()
    queue.path.mkdir()
    asks = data.draw(st.sampled_from([0.0, 3600.0]))
    folder = make(queue, retries=1, population={"ask_seconds": asks}, spec=replace(SPEC, iterations=10))
    queue.write(replace(queue.read(), places=data.draw(st.integers(1, 4))))
    failures, reboots = Counter(), Counter()
    for _ in range(60):
        runner = QueueRunner(queue, launcher)
        if not runner.step():
            break
        names = [run.read_spec().name for run in launcher.running.values()]
        assert len(set(names)) == len(names) <= queue.read().places
        for copy in folder.read().population.waiting():
            answer_copy(folder, copy.member, accepted=data.draw(st.booleans()))
        if not launcher.running:
            continue
        name = data.draw(st.sampled_from(sorted(launcher.running)))
        spec = launcher.running[name].read_spec()
        round_of = spec.name, (first_iteration(spec)) // 5
        end = data.draw(ENDS.filter(lambda end: end != "lost" or reboots.total() < MOST_REBOOTS))
        if end == "finished":
            last = first_iteration(spec) + spec.iterations - 1
            score = data.draw(st.sampled_from([1.0, 2.0, 3.0, None]))
            metrics = {} if score is None else {"Train__score": score}
            launcher.end(name, knobs(1.0), *measured(last, **metrics), FINISHED, checkpoint=last)
        elif end == "failed":
            failures[round_of] += 1
            launcher.end(name, FAILED)
        else:
            reboots[round_of] += 1
            trainer = Trainer(socket.gethostname(), 1, "another-boot 7")
            launcher.running[name].lock.write_bytes(tomli_w.dumps(to_builtins(trainer)).encode())
            launcher.end(name, *measured(first_iteration(spec)))
    (looked,) = QueueRunner(replace_queue(queue, folder), launcher).look()
    assert all(state.status in ENDED for state in looked.states)
    assert max(failures.values(), default=0) <= 2
    started = Counter((run.read_spec().name, first_iteration(run.read_spec()) // 5) for run in launcher.started)
    assert all(count <= failures[key] + reboots[key] + 1 for key, count in started.items())


def replace_queue(queue, folder):
    queue.write(replace(queue.read(), experiments=(str(folder.path),)))
    return queue
