"""Trainings as jobs of a real Slurm, reached from outside of it by TCP."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.program import bodies_of, launched, program
from tests.slurm_cluster import SlurmCluster, missing
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import InterventionApplied, IterationFinished, RunStarted
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunFolder
from tui.session.engines.job import read_job
from tui.session.follow import Follower

pytestmark = [pytest.mark.real, pytest.mark.engine, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]
LAUNCH = ("launch", "cartpole", "--engine", "slurm", "--resource", "gpus=0", "--num-envs", "4", "--logs", "logs")


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))  # paths of sockets must be short
    cluster = SlurmCluster(folder)
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def variables(cluster, monkeypatch):
    for name, value in cluster.variables.items():
        monkeypatch.setenv(name, value)


def listed(tmp_path, folder):
    """Return the run's row of the list of runs."""
    rows = json.loads(program(tmp_path, "runs", "--logs", "logs", "--json"))
    return next(row for row in rows if row["name"] == folder.name)


def count(folder, kind):
    return sum(isinstance(body, kind) for body in bodies_of(folder)) if folder.journal.exists() else 0


def continued(cluster, folder, times):
    """Wait until a run has continued so often from a checkpoint, and has trained an iteration since."""
    job = read_job(folder).id
    wait_for(lambda: cluster.state(job) == "PENDING", "the requeue", TRAINING_SECONDS)

    def starts_soon():
        """Shorten Slurm's wait of two minutes; a job that starts in the second of its end is killed as the old one."""
        return cluster.accepts("scontrol", "update", f"jobid={job}", "starttime=now+5")

    wait_for(starts_soon, "a start in five seconds", TRAINING_SECONDS)
    wait_for(lambda: count(folder, RunStarted) == times + 1, "another start", TRAINING_SECONDS)
    wait_for(lambda: count(folder, CheckpointLoaded) == times, "its checkpoint", TRAINING_SECONDS)

    def trains():
        bodies = bodies_of(folder)
        last = max(index for index, body in enumerate(bodies) if isinstance(body, CheckpointLoaded))
        return IterationFinished in map(type, bodies[last:])

    wait_for(trains, "an iteration", TRAINING_SECONDS)


def test_a_job_is_steered_from_outside_and_continues_when_it_is_requeued(cluster, tmp_path):
    folder = launched(tmp_path, *LAUNCH, "--iterations", "5000", "--resource", "cpus=2")
    job = read_job(folder).id
    waiting = launched(tmp_path, *LAUNCH, "--name", "later", "--resource", "cpus=2")
    wait_for(lambda: listed(tmp_path, waiting)["warning"].endswith("reason Resources"), "the reason", TRAINING_SECONDS)
    assert listed(tmp_path, waiting)["status"] == "waiting"
    cancelled = program(tmp_path, "stop", str(waiting.path))
    assert f"job {read_job(waiting).id} of Slurm is cancelled" in cancelled
    assert listed(tmp_path, waiting)["status"] == "stopped"

    wait_for(lambda: count(folder, IterationFinished), "an iteration", TRAINING_SECONDS)
    assert read_connection(folder).control.startswith("tcp://localhost:")
    with Follower(folder) as follower:
        knob = "reward/smooth_reward/weight=2"
        assert "applied @" in program(tmp_path, "tune", str(folder.path), knob, "--applied", "--note", "from outside")
        seen = []
        wait_for(
            lambda: seen.extend(frame.body for frame in follower.poll(0.1)) or InterventionApplied in map(type, seen),
            "it",
        )

    cluster.ask("scontrol", "requeue", job)
    continued(cluster, folder, 1)
    cluster.ask("scancel", "--signal=USR1", "--batch", job)  # as Slurm does before the time limit
    continued(cluster, folder, 2)
    assert bodies_of(folder)[-1].iteration > 1
    program(tmp_path, "stop", str(folder.path))
    wait_for(lambda: cluster.state(job) == "COMPLETED", "the end of the job", TRAINING_SECONDS)
    assert listed(tmp_path, folder)["status"] == "stopped"


def test_two_nodes_train_one_run(cluster, tmp_path):
    folder = launched(tmp_path, *LAUNCH, "--iterations", "2", "--resource", "nodes=2")
    wait_for(lambda: cluster.state(read_job(folder).id) == "COMPLETED", "the end of the job", TRAINING_SECONDS)
    assert listed(tmp_path, folder)["status"] == "finished"
    assert count(folder, RunStarted) == 1
    last = [body for body in bodies_of(folder) if isinstance(body, IterationFinished)][-1]
    assert last.environment_steps == 2 * 2 * 4 * 32  # iterations, nodes, environments on each, steps of an iteration


def test_seeds_are_one_array_and_wait_for_a_place(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # of the queue
    program(tmp_path, *LAUNCH, "--iterations", "2", "--resource", "cpus=2", "--seeds", "2", "--name", "seeds", "--wait")
    runs = [RunFolder(file.parent) for file in sorted((tmp_path / "logs" / "seeds").glob("*/run.toml"))]
    ids = [read_job(run).id for run in runs]
    assert [id.partition("_")[2] for id in ids] == ["0", "1"]
    assert len({id.partition("_")[0] for id in ids}) == 1
    assert [listed(tmp_path, run)["status"] for run in runs] == ["finished"] * 2
    assert [run.read_spec().seed for run in runs] == [42, 43]


def test_a_population_trains_in_rounds_of_jobs(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # of the queue
    weight = "reward/smooth_reward/weight"
    options = ("--population", "2", "--every", "2", "--quantile", "0.5", "--perturb", f"{weight}=0.5:4:log")
    objective = ("--objective", "Loss/value", "--minimize", "--iterations", "4", "--name", "pop", "--wait")
    program(tmp_path, *LAUNCH, *options, *objective)
    shown = json.loads(program(tmp_path, "experiment", "pop", "--logs", "logs", "--json"))
    members = {member["name"]: member for group in shown["groups"] for member in group["members"]}
    assert {member["status"] for member in members.values()} == {"finished"}
    runs = {name: [RunFolder(Path(path)) for path in member["attempts"]] for name, member in members.items()}
    assert [len(attempts) for attempts in runs.values()] == [2, 2]
    assert len({read_job(run).id for attempts in runs.values() for run in attempts}) == 4
    (copy,) = [member for member in members.values() if len({one["member"] for one in member["lineage"]}) == 2]
    first, second = runs[copy["name"]]
    source = next(name for name in runs if name != copy["name"])
    assert second.read_spec().parent == str(runs[source][0].path)
    applied = [one for one in bodies_of(second) if isinstance(one, InterventionApplied)]
    assert (applied[-1].changes[0].knob, applied[-1].changes[0].new) == (weight, copy["values"][weight])
    assert first.checkpoints()


def test_a_job_that_slurm_refuses_leaves_nothing(tmp_path):
    refusal = program(tmp_path, *LAUNCH, "--resource", "partition=nope", code=1)
    assert "Slurm's sbatch refuses: invalid partition specified: nope" in refusal
    assert not list((tmp_path / "logs").iterdir())


def test_seeds_that_slurm_refuses_are_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # of the queue
    refusal = program(tmp_path, *LAUNCH, "--resource", "partition=nope", "--seeds", "2", code=1)
    assert "2 of 2 members failed" in refusal
    assert "Slurm's sbatch refuses: invalid partition specified: nope" in refusal
