"""Trainings on a Ray cluster of one node with one CPU: what waits, what is found again, what is stopped."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.program import launched, program, reach_iteration
from tests.ray_cluster import RAY, ray_cluster
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import Device
from tui.session.engines.job import JobState, read_job
from tui.session.engines.ray_jobs import RayJobs
from tui.session.experiments.make import ExperimentChoice, make_experiment
from tui.session.experiments.operations import create, look_at
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.runs.names import own_name
from tui.session.runs.run_index import read_state
from tui.session.settings.config import config_file

pytestmark = [pytest.mark.real, pytest.mark.engine]

CPU = Device("cpu", "CPU", 1.0, 2.0)
ON_RAY = {"name": "ray", "cpus": 1.0, "gpus": 0.0}


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster(cpus=1) as address:
        yield RayJobs(address)


@pytest.fixture
def jobs(cluster):
    """The cluster of the user's settings; what a test leaves there ends with it."""
    config_file().parent.mkdir(parents=True)
    python = RAY.with_name("python")
    config_file().write_text(f'[engines.ray]\naddress = "{cluster.address}"\npython = "{python}"\ngpus = 0\n')
    yield cluster
    for id, state in cluster.states().items():
        if state.is_active:
            cluster.stop(id)
    wait_for(
        lambda: not any(state.is_active for state in cluster.states().values()), "the end of all jobs", TRAINING_SECONDS
    )


@pytest.fixture
def queue():
    folder = QueueFolder()
    yield folder
    kill_queue(folder)


def kill_queue(folder: QueueFolder) -> None:
    for process in psutil.process_iter(["cmdline"]):
        if str(folder.path) in (process.info["cmdline"] or []):
            os.kill(process.pid, signal.SIGKILL)
            process.wait(60)


def experiment(log_root: Path, name: str, seeds: int):
    overrides = Overrides(num_envs=4, iterations=100_000, name=name, device="cpu", engine=ON_RAY)
    spec = make_spec(load_preset("cartpole"), overrides, [CPU])
    return make_experiment(spec, ExperimentChoice(seeds=seeds), [CPU], log_root, any_device=False)


def statuses(folder):
    return [state.status for state in look_at(folder).states]


def job_of(folder: RunFolder) -> str:
    job = read_job(folder)
    assert job is not None
    return job.id


def test_members_are_placed_found_again_cancelled_and_stopped_with_a_checkpoint(tmp_path, jobs, queue):
    work = tmp_path / "work"
    work.mkdir()
    folder = create(experiment(tmp_path / "logs", "seeds", 2), tmp_path / "logs", queue)
    wait_for(
        lambda: statuses(folder) == ["running", "submitted"], "one that trains and one that waits", TRAINING_SECONDS
    )
    kill_queue(queue)
    assert "2 members: 1 submitted, 1 running" in program(work, "experiment", str(folder.path))  # starts it again
    first, second = (state.run for state in look_at(folder).states)
    assert first is not None
    assert second is not None
    logs = ("--logs", str(tmp_path / "logs"))
    assert f"waits in Ray, job {job_of(second)}, reason not started yet" in program(work, "runs", *logs)
    program(work, "experiment", str(folder.path), "--cancel", "--member", own_name(second.name))
    wait_for(lambda: statuses(folder) == ["running", "stopped"], "the cancelled job's end", TRAINING_SECONDS)
    wait_for(first.journal.exists, "the first training", TRAINING_SECONDS)
    reach_iteration(first, 0)
    assert "#1 applied" in program(work, "tune", str(first.path), "ppo/desired_kl=0.02", "--applied")
    jobs.stop(job_of(first))  # as `ray job stop` does
    wait_for(lambda: statuses(folder) == ["stopped", "stopped"], "the end of the first member", TRAINING_SECONDS)
    assert first.checkpoints()
    wait_for(lambda: jobs.states()[job_of(second)].status == "cancelled", "the end of the second job", TRAINING_SECONDS)
    assert not second.journal.exists()
    assert [len(state.attempts) for state in look_at(folder).states] == [1, 1]
    wait_for(lambda: not queue.has_process(), "the end of the queue process", TRAINING_SECONDS)


def test_a_member_that_can_t_begin_fails_with_what_ray_says(tmp_path, jobs, queue):
    gone = tmp_path / "gone"
    gone.mkdir()
    made = replace(experiment(tmp_path / "logs", "broken", 1), working_folder=str(gone))
    gone.rmdir()
    folder = create(made, tmp_path / "logs", queue)
    wait_for(lambda: look_at(folder).has_ended, "the end", TRAINING_SECONDS)
    (state,) = look_at(folder).states
    assert state.status == "failed"
    assert "Job entrypoint command failed with exit code 2" in state.reason
    assert state.run is not None
    assert "gone" in state.run.console.read_text()


def test_two_nodes_train_one_run(tmp_path, jobs):
    options = ("--num-envs", "4", "--iterations", "2", "--resource", "nodes=2", "--resource", "cpus=0.5")
    folder = launched(tmp_path, "launch", "cartpole", "--engine", "ray", *options)
    wait_for(lambda: not jobs.states()[job_of(folder)].is_active, "the end of the job", TRAINING_SECONDS)
    assert jobs.states()[job_of(folder)] == JobState("finished")
    assert read_state(folder).status(is_alive=False) == "finished"
    assert re.search(
        r"Total steps: 512\b", folder.console.read_text()
    )  # 2 iterations of 32 steps, 4 environments a node
