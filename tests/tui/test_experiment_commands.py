"""The commands of experiments and of the queue, with folders in the place of trainings."""

from __future__ import annotations

import shutil

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.tui.queued import FAILED, FINISHED, SPEC, FolderLauncher, experiment_of, measured, write_frames
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import KnobsAvailable, PhaseChanged
from tui.cli import run
from tui.session.backends.devices import Device
from tui.session.experiments.experiment import Axis, ExperimentFolder, Member
from tui.session.experiments.make import ExperimentChoice, make_experiment
from tui.session.experiments.members import make_members
from tui.session.experiments.population import Population
from tui.session.experiments.queue_folder import Queue, QueueFolder
from tui.session.experiments.queue_runner import QueueRunner
from tui.session.launching.launcher import Overrides, make_spec

pytestmark = pytest.mark.usefixtures("empty_working_directory")

WEIGHT = "reward/air_time/weight"
LAUNCH = ("launch", "cartpole", "--device", "cpu")
POPULATION = ("--population", "4", "--every", "5", "--perturb", "a/b=1:2", "--objective", "Train/mean_reward")


@pytest.fixture(autouse=True)
def processes(monkeypatch):
    """What would have started a queue process."""
    started = []

    def start(folder):
        started.append(folder.path)
        return False  # as if it ran

    monkeypatch.setattr(QueueFolder, "start_process", start)
    return started


@pytest.fixture
def ended(tmp_path):
    """An experiment of two values with two seeds that has ended; one member has failed."""
    members = make_members([{WEIGHT: 0.5}, {WEIGHT: 2.0}], [42, 43])
    folder = ExperimentFolder(tmp_path / "logs" / "sweep")
    folder.path.mkdir(parents=True)
    folder.write(experiment_of(members))
    queue = QueueFolder()
    with queue.editing():
        queue.write(Queue(experiments=(str(folder.path),)))
    launcher = FolderLauncher()
    runner = QueueRunner(queue, launcher)
    for reward in (1.0, 3.0, 10.0, None):
        runner.step()
        bodies = (FAILED,) if reward is None else (*measured(Train__mean_reward=reward), FINISHED)
        launcher.end(*launcher.running, *bodies)
    runner.step()
    return folder


def fill(count):
    """Fill the queue with an experiment of `count` members."""
    queue = QueueFolder()
    folder = ExperimentFolder(queue.path.parent / "logs" / "full")
    folder.path.mkdir(parents=True)
    folder.write(experiment_of(make_members([{}], range(count)), name="full", paused=True))
    with queue.editing():
        queue.write(Queue(experiments=(str(folder.path),)))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--seeds", "0"], "0 is not in the range 1<=x<=1000"),
        (["--sweep", "weight"], "expected PATH=VALUE,VALUE…"),
        (["--trials", "3"], "--trials needs --sweep"),
        (["--sweep", "a/b=1:2", "--trials", "3"], "--trials needs --objective METRIC such as Evaluation/score"),
        (["--retries", "3"], "--retries needs --seeds N, --sweep PATH=VALUE,VALUE… or --population N"),
        (["--objective", "x"], "--objective needs --seeds N, --sweep"),
        (["--seeds", "2", "--sampler", "tpe"], "--sampler needs --trials N"),
        (["--seeds", "600", "--sweep", "a/b=1,2"], "at most 1,000 members, got 1,200"),
        (["--seeds", "600", "--sweep", "a/b=1:2", "--trials", "2", "--objective", "x"], "at most 1,000 members"),
        (["--set", "a/b=1", "--sweep", "a/b=1,2"], "a/b is given by --sweep and by --set"),
        (["--seeds", "2", "--name", ".x"], "expected the name of one folder as experiment"),
        (["--sweep", "agent.max_iterations=1,2"], "agent.max_iterations"),
        (["--population", "1"], "1 is not in the range 2<=x<=1000"),
        (["--every", "5"], "--every needs --population N"),
        (["--no-ask"], "--no-ask needs --population N"),
        (["--population", "4"], "--population needs --every ITERATIONS: when members are compared"),
        (["--population", "4", "--every", "5"], "--population needs --perturb KNOB=LOW:HIGH"),
        (["--population", "4", "--every", "5", "--perturb", "a/b=1:2"], "--population needs --objective METRIC"),
        ([*POPULATION, "--seeds", "2"], "--population and --seeds exclude each other"),
        ([*POPULATION, "--perturb", "a/b=1:3"], "--perturb: a/b is given twice: expected one interval"),
        ([*POPULATION, "--perturb", "a/c=1,3"], "--perturb: expected KNOB=LOW:HIGH such as"),
        ([*POPULATION, "--perturb", "a/c=0:3:log"], "--perturb a/c: expected two numbers above 0"),
        ([*POPULATION, "--perturb", "agent.algorithm.gamma=0.9:1"], "--perturb: expected a knob, got agent.algorithm"),
        ([*POPULATION, "--set", "a/b=1"], "a/b is given by --perturb and by --set"),
        ([*POPULATION, "--iterations", "5"], "--every: expected fewer than the 5 iterations, got 5"),
        ([*POPULATION, "--quantile", "0.6"], "0.6 is not in the range 0<x<=0.5"),
    ],
)
def test_a_wrong_experiment_is_one_line_and_leaves_nothing(fails, tmp_path, processes, options, line):
    assert line in fails(2, *LAUNCH, *options)
    assert not (tmp_path / "logs").exists()
    assert processes == []


def test_a_population_does_not_begin_with_another_task_s_weights(fails, make_run):
    run = make_run()
    run.checkpoint(5).write_bytes(WHOLE_CHECKPOINT)
    line = fails(2, *LAUNCH, *POPULATION, "--iterations", "20", "--checkpoint", str(run.checkpoint(5)), "--other-task")
    assert line.startswith("expected a checkpoint of the same task for a population, got --other-task: train one run")


def test_an_unknown_knob_is_found_by_an_earlier_run_that_was_configured_alike(fails, make_run):
    run = make_run()
    run.write_spec(replace(run.read_spec(), success={}))
    write_frames(run, KnobsAvailable(1, (Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration"),)))
    run.write_spec(replace(run.read_spec(), success=load_preset("cartpole").success))
    line = fails(2, *LAUNCH, "--sweep", "reward/air_tim/weight=1,2", "--json")
    assert line == f"--sweep: no such knob: reward/air_tim/weight; nearest: {WEIGHT}"


def test_a_full_queue_refuses_more(fails, tmp_path):
    fill(999)
    line = fails(1, *LAUNCH, "--seeds", "2")
    assert line.startswith("the queue is full: expected at most 1,000 waiting members and 100 experiments, got 1,001")
    assert line.endswith("cancel some with humanoid-tui experiment NAME --cancel")
    assert not (tmp_path / "logs").exists()


def test_a_removed_experiment_is_named_with_the_file_that_lists_it(prints):
    fill(2)
    queue = QueueFolder()
    (path,) = queue.read().experiments
    shutil.rmtree(path)
    assert f"{path} can't be read: repair it, or take it out of {queue.file}" in prints("queue")
    assert prints("queue", "--json")["unreadable"] == [path]


def test_optuna_is_named_where_it_is_missing(fails, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = fails(2, *LAUNCH, "--sweep", "a/b=1:2", "--trials", "3", "--objective", "x")
    assert line.startswith("--trials needs Optuna, which is not installed: uv ")
    assert "sweep" in line


def test_an_experiment_waits_behind_others(prints, processes, capsys):
    fill(3)
    assert run([*LAUNCH, "--seeds", "2", "--name", "second", "--json"]) == 0
    assert "second" in capsys.readouterr().out
    listed = prints("queue", "--json")
    assert [(one["name"], one["counts"]) for one in listed["experiments"]] == [
        ("full", {"waiting": 3}),
        ("second", {"waiting": 2}),
    ]
    assert processes


def test_members_are_ranked_with_mean_and_interval_over_seeds(prints, ended):
    best, other = prints("experiment", "sweep", "--json")["groups"]
    assert (best["values"], best["mean"], best["count"], best["low"]) == ({WEIGHT: 2.0}, 10.0, 1, None)
    assert (other["mean"], other["count"]) == (2.0, 2)
    assert other["low"] == pytest.approx(2 - 12.7062)  # Student, one degree of freedom, standard error 1
    assert [member["value"] for member in other["members"]] == [3.0, 1.0]
    assert [member["status"] for member in best["members"]] == ["finished", "failed"]
    text = prints("experiment", "swe")
    assert "4 members: 3 finished, 1 failed; ranked by Train/mean_reward" in text
    assert f"{WEIGHT}=2  10 (1 value)" in text
    assert "no such file" in text


def test_an_experiment_whose_value_the_trainer_refuses_leaves_nothing(capsys, tmp_path, monkeypatch):
    queue, launcher = QueueFolder(), FolderLauncher()
    reason = "no such knob: reward/nothing/weight; there are smooth_reward"

    def run_queue(folder):
        if launcher.started:
            return False
        with folder.editing():
            QueueRunner(folder, launcher).step()
        launcher.end(*launcher.running, PhaseChanged("failed", reason, refused=True))
        return True

    monkeypatch.setattr(QueueFolder, "start_process", run_queue)
    assert run([*LAUNCH, "--sweep", "reward/nothing/weight=1,2"]) == 2
    assert capsys.readouterr().err == f"humanoid-tui: {reason}\n"
    assert list((tmp_path / "logs").iterdir()) == []
    assert queue.read().experiments == ()


def test_a_queue_whose_process_ends_at_once_is_reported(capsys, monkeypatch):
    monkeypatch.setattr(QueueFolder, "start_process", lambda folder: True)
    monkeypatch.setattr("tui.commands.shared.start_experiment._POLL_SECONDS", 0.0)
    assert run([*LAUNCH, "--seeds", "2"]) == 1
    assert "the process of the queue ends again and again; see" in capsys.readouterr().err


def test_an_experiment_that_no_queue_has_says_so(prints, ended):
    ended.write(replace(ended.read(), members=(*ended.read().members, *make_members([{}], [9], first=5))))
    assert "1 waiting, 3 finished, 1 failed, not in the queue: add it with --resume" in prints("experiment", "sweep")


def test_without_a_device_members_take_any_gpu_that_is_visible(monkeypatch, tmp_path):
    devices = [Device(name, name, 20.0, 24.0) for name in ("cuda:0", "cuda:1", "cpu")]
    spec = make_spec(load_preset("cartpole"), Overrides(), devices)
    choice = ExperimentChoice(seeds=2)

    def chosen(**options):
        return make_experiment(spec, choice, devices, tmp_path, **options).devices

    assert chosen(any_device=True) == ("cuda:0", "cuda:1")
    assert chosen(any_device=False) == ("cuda:0",)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert chosen(any_device=True) == ("cuda:0",)  # as torch numbers it


def test_an_ended_experiment_has_left_the_queue(prints, ended):
    assert prints("queue", "--json")["experiments"] == []
    assert "empty" in prints("queue")


def test_pause_resume_and_cancel(prints, fails, ended, processes):
    ended.write(replace(ended.read(), members=(*ended.read().members, *make_members([{}], [9], first=5))))
    assert prints("experiment", "sweep", "--pause", "--json")["paused"]
    assert processes == []
    assert not prints("experiment", "sweep", "--resume", "--json")["paused"]
    assert QueueFolder().read().experiments == (str(ended.path),)
    assert processes
    assert fails(2, "experiment", "sweep", "--cancel", "--member", "m5").startswith("no such member: m5; nearest: m05")
    assert prints("experiment", "sweep", "--cancel", "--json")["counts"]["cancelled"] == 1
    assert prints("queue", "--pause", "--places", "3", "--json")["paused"]
    assert QueueFolder().read().places == 3
    assert fails(2, "experiment", "sweep", "--keep-running") == "--member and --keep-running need --cancel"


@pytest.fixture
def population(tmp_path):
    """A population of two whose first round has ended: the second member waits for the user's answer."""
    spec = replace(SPEC, iterations=10)
    members = (Member("m01", 42, {WEIGHT: 1.0}), Member("m02", 43, {WEIGHT: 2.0}))
    folder = ExperimentFolder(tmp_path / "logs" / "sweep")
    folder.path.mkdir(parents=True)
    axes, asks = (Axis(WEIGHT, low=0.5, high=4.0, scale="log"),), Population(every=5, ask_seconds=3600.0)
    folder.write(experiment_of(members, spec=spec, axes=axes, objective="Train/mean_reward", population=asks))
    queue, launcher = QueueFolder(), FolderLauncher()
    with queue.editing():
        queue.write(Queue(experiments=(str(folder.path),)))
    runner = QueueRunner(queue, launcher)
    for reward in (3.0, 1.0):
        runner.step()
        launcher.end(*launcher.running, *measured(4, Train__mean_reward=reward), FINISHED, checkpoint=4)
    runner.step()
    launcher.end(*launcher.running, *measured(9, Train__mean_reward=4.0), FINISHED, checkpoint=9)
    return folder


def test_a_population_is_shown_with_what_waits_for_the_user(prints, population):
    text = prints("experiment", "sweep")
    assert "2 members: 1 waiting, 1 finished; ranked by Train/mean_reward; round 2 of 2" in text
    assert "m02 would be replaced in " in text
    assert f"copied from m01 at iteration 5, {WEIGHT} 1 → " in text
    assert "keep a member with humanoid-tui experiment sweep --veto MEMBER" in text


def test_a_copy_is_vetoed_or_accepted_and_the_lineage_is_shown(prints, fails, population):
    line = fails(2, "experiment", "sweep", "--veto", "m01")
    assert line == "no copy for m01 waits for an answer; there are m02"
    value = prints("experiment", "sweep", "--accept", "m02", "--json")
    (copy,) = value["population"]["rounds"][0]["copies"]
    assert (copy["answer"], copy["source"]) == ("accepted", "m01")
    second = value["groups"][1]["members"][0]
    assert second["values"] == copy["values"]
    assert second["lineage"] == [
        {"member": "m01", "iteration": 0, "values": {WEIGHT: 1.0}},
        {"member": "m02", "iteration": 5, "values": copy["values"]},
    ]
    assert "from m01 @5" in prints("experiment", "sweep")
    assert "there are none" in fails(2, "experiment", "sweep", "--veto", "m02")


def test_the_members_of_a_population_have_seeds_and_values_of_their_own(tmp_path):
    fill(3)
    assert run([*LAUNCH, *POPULATION, "--ask", "--name", "pop", "--json"]) == 0
    experiment = ExperimentFolder(tmp_path / "logs" / "pop").read()
    assert [member.name for member in experiment.members] == ["m01", "m02", "m03", "m04"]
    assert [member.seed for member in experiment.members] == [42, 43, 44, 45]
    values = {member.values["a/b"] for member in experiment.members}
    assert len(values) == 4
    assert all(1 <= value <= 2 for value in values)
    assert experiment.population == Population(every=5, ask_seconds=120.0)


def test_an_unknown_experiment_names_the_nearest(fails, ended):
    assert fails(2, "experiment", "sweeep") == "no such experiment: sweeep; nearest: sweep"


def test_a_name_is_used_once(fails, ended):
    assert fails(1, *LAUNCH, "--seeds", "2", "--name", "sweep").endswith("sweep exists; choose another --name")
