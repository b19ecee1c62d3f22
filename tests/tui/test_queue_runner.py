"""Steps of the queue: what is started, retried and resumed, whatever happens to trainings and to the queue."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import to_builtins
from msgspec.structs import replace

from tests.tui.queued import FAILED, FINISHED, FolderLauncher, experiment_of, measured
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import Trainer
from tui.session.experiments.attempts import ENDED, Attempt, status_of
from tui.session.experiments.experiment import Axis, ExperimentError, ExperimentFolder, Member, Search
from tui.session.experiments.launchers.local import LocalLauncher
from tui.session.experiments.members import make_members
from tui.session.experiments.plan import Candidate, next_start, used_by
from tui.session.experiments.queue_folder import Queue, QueueFolder
from tui.session.experiments.queue_runner import QueueRunner
from tui.session.experiments.sweep import combinations

WEIGHT = "reward/air_time/weight"


@pytest.fixture
def add(queue, tmp_path):
    def add(experiment):
        folder = ExperimentFolder(tmp_path / "logs" / experiment.name)
        folder.path.mkdir(parents=True)
        folder.write(experiment)
        known = queue.read()
        queue.write(replace(known, experiments=(*known.experiments, str(folder.path))))
        return folder

    return add


def statuses(runner):
    return [state.status for queued in runner.look() for state in queued.states]


MEMBERS = make_members(combinations([Axis(WEIGHT, (0.5, 1.0, 2.0))]), [42, 43])


def test_members_start_in_order_one_at_a_time_and_the_ended_experiment_leaves(add, runner, launcher, queue):
    add(experiment_of(MEMBERS))
    for member in MEMBERS:
        assert runner.step()
        (name,) = launcher.running
        spec = launcher.running[name].read_spec()
        assert (spec.name, spec.seed, spec.set) == (member.name, member.seed, member.values)
        launcher.end(name, FINISHED)
    assert not runner.step()
    assert queue.read().experiments == ()
    assert len(launcher.started) == 6


def test_a_failed_member_is_retried_before_the_others_and_then_reported(add, runner, launcher):
    add(experiment_of(MEMBERS[:2], retries=1))
    for _ in range(2):
        runner.step()
        (name,) = launcher.running
        assert launcher.running[name].read_spec().name == MEMBERS[0].name
        launcher.end(name, FAILED)
    runner.step()
    (looked,) = runner.look()
    assert [state.status for state in looked.states] == ["failed", "running"]
    assert looked.states[0].reason == "no such file"


def test_a_refused_launch_is_not_retried(add, runner, launcher):
    add(experiment_of(MEMBERS[:1], retries=5))
    runner.step()
    launcher.end(*launcher.running, PhaseChanged("failed", "no such task", refused=True))
    assert not runner.step()
    assert len(launcher.started) == 1


def test_a_retry_continues_from_the_newest_checkpoint_with_the_iterations_left(add, runner, launcher):
    add(experiment_of(MEMBERS[:1], retries=1))
    runner.step()
    launcher.end(*launcher.running, *measured(iteration=6), FAILED, checkpoint=5)
    runner.step()
    first, second = launcher.started
    spec = second.read_spec()
    assert (spec.checkpoint, spec.parent) == (str(first.checkpoint(5)), str(first.path))
    assert (spec.name, spec.iterations) == (MEMBERS[0].name, 4)  # 6 to 9


def test_a_run_that_a_reboot_has_ended_is_continued_and_counts_as_no_failure(add, runner, launcher):
    add(experiment_of(MEMBERS[:1], retries=0))
    runner.step()
    (folder,) = launcher.started
    folder.lock.write_bytes(tomli_w.dumps(to_builtins(Trainer(socket.gethostname(), 1, "another-boot 7"))).encode())
    launcher.end(*launcher.running, *measured(iteration=6), checkpoint=5)
    assert runner.step()
    assert [one.read_spec().checkpoint for one in launcher.started] == ["", str(folder.checkpoint(5))]


def test_a_member_whose_run_cannot_be_read_is_not_started_as_if_it_were_new(add, runner, launcher):
    folder = add(experiment_of(MEMBERS[:1]))
    runner.step()
    run = launcher.started[0]
    run.path.rename(folder.path / f"2026-01-01_00-00-00_{MEMBERS[0].name}")
    launcher.running.clear()
    next(folder.path.glob("*/run.toml")).write_text("preset = ")
    assert not QueueRunner(QueueFolder(folder.path.parents[1] / "queue"), launcher).step()
    assert len(launcher.started) == 1


@pytest.mark.parametrize("reader", ["same", "next"])
def test_a_member_whose_run_has_lost_its_run_toml_is_not_started_twice(add, runner, launcher, queue, reader):
    folder = add(experiment_of(MEMBERS[:1]))
    runner.step()
    run = launcher.running.pop(launcher.started[0].name)
    renamed = RunFolder(run.path.rename(folder.path / f"2026-01-01_00-00-00_{MEMBERS[0].name}"))
    launcher.running[renamed.name] = renamed
    renamed.lock.touch()
    renamed.spec_file.unlink()
    (runner if reader == "same" else QueueRunner(queue, launcher)).step()
    assert len(launcher.started) == 1
    assert statuses(runner) == ["running"]


SEARCH = {"axes": (Axis(WEIGHT, low=0.0, high=4.0, scale="linear"),), "search": Search(3), "objective": "Train/score"}


@pytest.mark.parametrize(
    ("fields", "values", "problem"),
    [
        ({"devices": ()}, {}, "devices"),
        ({}, {WEIGHT: {"a": 1}}, "expected a number, a text, true, false or a range"),
        ({}, {WEIGHT: [[1.0], [2.0]]}, "expected a number, a text, true, false or a range"),
        (SEARCH, {WEIGHT: 5.0}, "expected a value of the search"),
        (SEARCH, {"reward/other/weight": 1.0}, "expected a value of the search"),
        (SEARCH | {"axes": (Axis(WEIGHT, low=4.0, high=0.0, scale="linear"),)}, {WEIGHT: 1.0}, "an interval"),
        (SEARCH | {"axes": (Axis(WEIGHT, low=0.0, high=4.0, scale="log"),)}, {WEIGHT: 1.0}, "an interval"),
        (SEARCH | {"axes": (Axis(WEIGHT, (1.0, 2.0)),)}, {WEIGHT: 1}, "expected a value of the search"),
    ],
)
def test_an_experiment_that_was_edited_wrongly_does_not_stop_the_others(
    add, runner, launcher, caplog, fields, values, problem
):
    wrong = add(experiment_of([Member("m01", 42, values)], **fields))
    other = add(experiment_of(MEMBERS[:1], name="other"))
    assert runner.step()
    assert [folder.path.parent for folder in launcher.started] == [other.path]
    assert problem in caplog.text
    with pytest.raises(ExperimentError, match=problem):
        wrong.read()


def test_an_experiment_that_cannot_be_written_does_not_stop_the_others(add, runner, launcher, monkeypatch, caplog):
    full = add(experiment_of([], **SEARCH))
    other = add(experiment_of(MEMBERS[:1], name="other"))
    write = ExperimentFolder.write

    def fails(folder, experiment):
        if folder.path == full.path:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        write(folder, experiment)

    with monkeypatch.context() as patched:
        patched.setattr(ExperimentFolder, "write", fails)
        assert runner.step()
        assert runner.step()
    assert [folder.path.parent for folder in launcher.started] == [other.path]
    assert caplog.text.count("can't be written") == 1
    launcher.end(*launcher.running, FINISHED)
    assert runner.step()
    assert launcher.started[-1].path.parent == full.path


def test_runs_that_cannot_be_listed_are_not_started_again(add, runner, launcher, monkeypatch):
    folder = add(experiment_of(MEMBERS[:1]))

    def fails(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with monkeypatch.context() as patched:
        patched.setattr("os.listdir", fails)
        patched.setattr("os.scandir", fails)
        runner.step()
    assert launcher.started == []
    assert folder.file.exists()


def test_a_renamed_experiment_finds_its_runs(add, runner, launcher, queue):
    folder = add(experiment_of(MEMBERS[:1]))
    renamed = folder.path.with_name("renamed")
    folder.path.rename(renamed)
    queue.write(Queue(experiments=(str(renamed),)))
    runner.step()
    assert launcher.started[0].path.parent == renamed
    assert statuses(runner) == ["running"]


def test_a_trainer_that_cannot_be_started_is_reported_and_the_next_member_starts(add, runner, launcher):
    folder = add(experiment_of(MEMBERS[:2]))
    launcher.refuses = "backend mjlab is not installed"
    assert not runner.step()
    experiment = folder.read()
    assert experiment.refused == dict.fromkeys((member.name for member in MEMBERS[:2]), launcher.refuses)


def test_paused_and_cancelled_members_do_not_start(add, runner, launcher, queue):
    first = add(experiment_of(MEMBERS[:2], paused=True))
    second = add(experiment_of(MEMBERS[2:5], name="other", cancelled=(MEMBERS[2].name,)))
    assert runner.step()
    assert [folder.path.parent for folder in launcher.started] == [second.path]
    assert launcher.started[0].read_spec().name == MEMBERS[3].name
    queue.write(replace(queue.read(), paused=True))
    launcher.end(*launcher.running, FINISHED)
    assert not runner.step()  # nothing runs and nothing may start: the process ends, the experiments stay
    assert queue.read().experiments == (str(first.path), str(second.path))


def test_an_experiment_that_another_user_could_write_is_left_out(add, runner, launcher):
    folder = add(experiment_of(MEMBERS[:1]))
    folder.file.chmod(0o666)
    assert not runner.step()
    assert launcher.started == []


def test_a_search_makes_its_trials_one_after_another(add, runner, launcher):
    axis = Axis(WEIGHT, low=0.0, high=4.0, scale="linear")
    folder = add(experiment_of([], axes=(axis,), search=Search(12), objective="Train/score", seeds=(1, 2)))
    while runner.step():
        name = next(iter(launcher.running))
        weight = launcher.running[name].read_spec().set[WEIGHT]
        launcher.end(name, *measured(Train__score=-((weight - 3) ** 2)), FINISHED)
    members = folder.read().members
    assert [member.seed for member in members] == [1, 2] * 12
    weights = [member.values[WEIGHT] for member in members[::2]]
    assert len(set(weights)) == 12
    assert all(0 <= weight <= 4 for weight in weights)
    assert min(abs(weight - 3) for weight in weights) < 0.5


ATTEMPTS = st.lists(st.sampled_from(["failed", "killed", "lost", "starting", "finished", "stopped"]), max_size=6)


@given(ATTEMPTS, st.integers(0, 3))
def test_a_member_has_ended_only_by_its_last_attempt_or_too_many_failures(ends, retries):
    attempts = [Attempt(None, "cpu", is_active=False, status=end) for end in ends]
    failures = sum(end in ("failed", "killed", "starting") for end in ends)
    status = status_of(attempts, retries, is_cancelled=False)
    if ends and ends[-1] in ("finished", "stopped"):
        assert status == ends[-1]
    elif ends and ends[-1] != "lost":
        assert status == ("failed" if failures > retries else "waiting")
    else:
        assert status == "waiting"


@given(st.data())
def test_no_device_gets_more_than_its_places_and_nothing_is_overtaken(data):
    gpus = [f"cuda:{number}" for number in range(data.draw(st.integers(1, 4)))]
    places = data.draw(st.integers(1, 3))
    choices = st.one_of(st.just(tuple(gpus)), st.sampled_from(gpus).map(lambda gpu: (gpu,)))
    candidates = []
    for number in range(data.draw(st.integers(0, 8))):
        processes = data.draw(st.integers(1, len(gpus)))
        candidates.append(Candidate(number, (gpus[0],) if processes > 1 else data.draw(choices), processes))
    used = Counter(data.draw(st.dictionaries(st.sampled_from(gpus), st.integers(0, places))))
    started, waiting = [], list(candidates)
    while (start := next_start(waiting, used, lambda device: places)) is not None:
        used.update(start.devices)
        assert max(used.values()) <= places
        started.append(start.what)
        waiting = [candidate for candidate in waiting if candidate.what != start.what]
    for candidate in waiting:  # each waits for a full device, or for one that an earlier candidate waits for
        earlier = [one for one in waiting if one.what < candidate.what]
        wanted = used_by(candidate.devices[0], candidate.processes) if candidate.processes > 1 else candidate.devices
        blocked = {device for one in earlier for device in (used_by(one.devices[0], one.processes))}
        assert any(used[device] >= places or device in blocked for device in wanted)


class AnyQueue(RuleBasedStateMachine):
    """Trainings end in any way and order, queue processes die at any time, users cancel and pause."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self.queue = QueueFolder(root / "queue")
        self.queue.path.mkdir()
        self.folder = ExperimentFolder(root / "logs" / "sweep")
        self.folder.path.mkdir(parents=True)
        members = [Member(f"m{number:02d}", number) for number in range(1, 6)]
        self.folder.write(experiment_of(members, devices=("cuda:0", "cuda:1"), retries=1))
        self.queue.write(Queue(experiments=(str(self.folder.path),)))
        self.launcher = FolderLauncher()
        self.runner = QueueRunner(self.queue, self.launcher)
        self.ends = Counter()

    def teardown(self):
        while self.runner.step() or self.folder.read().paused:
            self.folder.write(replace(self.folder.read(), paused=False))
            for name in list(self.launcher.running):
                self.launcher.end(name, FINISHED)
        states = self.runner_states()
        assert all(state.status in ENDED for state in states)
        for state in states:
            failures = self.ends[state.member.name]
            assert len(state.attempts) <= failures + 1 + self.ends["lost", state.member.name]
            assert (state.status == "failed") == (failures > 1) or state.status == "cancelled"
        self._folder.cleanup()

    def runner_states(self):
        from tui.session.experiments.attempts import Attempts

        return Attempts(self.launcher).read(self.folder, self.folder.read())

    @rule()
    def look_and_start(self):
        self.runner.step()

    @rule()
    def die_and_continue(self):
        self.runner = QueueRunner(self.queue, self.launcher)

    @rule(paused=st.booleans())
    def pause(self, paused):
        self.folder.write(replace(self.folder.read(), paused=paused))

    @rule(number=st.integers(1, 5))
    def cancel(self, number):
        experiment = self.folder.read()
        self.folder.write(replace(experiment, cancelled=tuple({*experiment.cancelled, f"m{number:02d}"})))

    @precondition(lambda self: self.launcher.running)
    @rule(data=st.data())
    def finish(self, data):
        self.launcher.end(data.draw(st.sampled_from(sorted(self.launcher.running))), FINISHED)

    @precondition(lambda self: self.launcher.running)
    @rule(data=st.data())
    def fail(self, data):
        name = data.draw(st.sampled_from(sorted(self.launcher.running)))
        self.ends[self.launcher.running[name].read_spec().name] += 1
        self.launcher.end(name, FAILED)

    @precondition(lambda self: self.launcher.running)
    @rule(data=st.data())
    def die_at_once(self, data):
        """A trainer that is killed before its first frame."""
        name = data.draw(st.sampled_from(sorted(self.launcher.running)))
        self.ends[self.launcher.running.pop(name).read_spec().name] += 1

    @invariant()
    def nothing_runs_twice_and_no_device_has_two(self):
        specs = [folder.read_spec() for folder in self.launcher.running.values()]
        assert max(Counter(spec.name for spec in specs).values(), default=0) <= 1
        assert max(Counter(spec.device for spec in specs).values(), default=0) <= 1


AnyQueue.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
test_any_queue = AnyQueue.TestCase


def test_a_run_that_is_just_being_started_is_active(make_run):
    folder = make_run("2026-01-01_00-00-00_m01")
    launcher = LocalLauncher()
    assert launcher.active([folder]) == {folder.path}
    os.utime(folder.spec_file, (1e9, 1e9))
    assert launcher.active([folder]) == set()
