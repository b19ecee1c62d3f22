"""Ray's Jobs server, as its REST API answers; `tests/test_ray.py` has a real cluster."""

from __future__ import annotations

import fcntl
import json
import shlex
import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.tui.queued import SPEC, experiment_of
from tests.waiting import wait_for
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import TrainerLock
from tui.session.engines.job import EngineError, EngineSilent, Job, JobState, read_job, write_job
from tui.session.engines.jobs import JOBS
from tui.session.engines.ray import Ray, is_of, new_id
from tui.session.engines.ray_jobs import RayJobs, Unconfirmed
from tui.session.experiments.experiment import ExperimentFolder
from tui.session.experiments.launchers.ray import RayLauncher
from tui.session.experiments.launchers.ray_request import job_request
from tui.session.experiments.members import make_members
from tui.session.experiments.queue_folder import Queue, QueueFolder
from tui.session.experiments.queue_runner import QueueRunner
from tui.session.launching.launcher import TrainerCommand
from tui.session.settings.config import config_file
from tui.session.settings.engines import RaySettings
from tui.session.stopping import Patience, stop_in_steps

EXISTS = """Traceback (most recent call last):
  File "job_head.py", line 419, in submit_job
    resp = await job_agent_client.submit_job_internal(submit_request)
RuntimeError: Request failed with status code 400: Traceback (most recent call last):
  File "job_manager.py", line 553, in submit_job
    raise ValueError(
ValueError: Job with submission_id one already exists. Please use a different submission_id.
.
"""
FAILED = (
    "Job entrypoint command failed with exit code 2, last available logs (truncated to 20,000 chars):\n"
    "Running entrypoint for job one: exec\n/bin/sh: 1: cannot create /nfs/console.log: Directory nonexistent\n"
)
NODE_DIED = "The actor died because its node has died"
NOT_STARTED = "Job supervisor actor failed to start within 900.0 seconds. This timeout can be configured."


class JobsServer:
    """Answers each request with the next of `answers`: a status and a text. Without any, it takes all `jobs`."""

    def __init__(self):
        self.answers = [(200, "[]")]
        self.jobs = {}
        self.on_stop = lambda: None
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((f"{self.command} {self.path}", dict(self.headers), body))
                if self.path.endswith("/stop"):
                    outer.on_stop()
                if body and not outer.answers:
                    id = json.loads(body)["submission_id"]
                    outer.jobs[id] = listed("PENDING", id=id)
                taken = (200, json.dumps([*outer.jobs.values()]))
                status, text = outer.answers.pop(0) if len(outer.answers) > 1 else [*outer.answers, taken][0]
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(autouse=True)
def no_token(tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token"))


@pytest.fixture
def server():
    server = JobsServer()
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'[engines.ray]\naddress = "{server.address}"\ngpus = 0\n')
    yield server
    server.close()


def listed(status, message=None, error_type=None, id="one"):
    return {"type": "SUBMISSION", "submission_id": id, "status": status, "message": message, "error_type": error_type}


@pytest.mark.parametrize(
    ("job", "state"),
    [
        (listed("PENDING", "Job has not started yet."), JobState("waiting", "not started yet")),
        (listed("RUNNING"), JobState("running")),
        (listed("SUCCEEDED"), JobState("finished")),
        (listed("STOPPED"), JobState("cancelled", "stopped in Ray")),
        (
            listed("FAILED", FAILED, "JOB_ENTRYPOINT_COMMAND_ERROR"),
            JobState(
                "failed",
                "Job entrypoint command failed with exit code 2: "
                "/bin/sh: 1: cannot create /nfs/console.log: Directory nonexistent",
            ),
        ),
        (
            listed("FAILED", NOT_STARTED, "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"),
            JobState("lost", "Job supervisor actor failed to start within 900.0 seconds"),
        ),
        (
            listed("FAILED", f"Job supervisor actor died: {NODE_DIED}", "JOB_SUPERVISOR_ACTOR_DIED"),
            JobState("lost", f"Job supervisor actor died: {NODE_DIED}"),
        ),
        (
            listed("FAILED", "Job supervisor actor died: out of memory", "JOB_SUPERVISOR_ACTOR_DIED"),
            JobState("failed", "Job supervisor actor died: out of memory"),
        ),
        (listed("FAILED"), JobState("failed", "failed without a message")),
    ],
)
def test_states_of_the_list(server, job, state):
    connected = {"type": "DRIVER", "submission_id": None, "status": "RUNNING"}
    server.answers = [(200, json.dumps([connected, job]))]
    assert RayJobs(server.address).states() == {"one": state}


@pytest.mark.parametrize(
    ("status", "text", "line"),
    [
        (500, EXISTS, "refuses: Job with submission_id one already exists"),
        (404, "Job one does not exist", "refuses: Job one does not exist"),
        (401, "Unauthorized", "refuses the token; set RAY_AUTH_TOKEN"),
        (302, "", "refuses: status 302"),
        (500, "", "refuses: status 500"),
    ],
)
def test_a_refusal_is_one_line_and_no_redirect_is_followed(server, status, text, line):
    server.answers = [(status, text)]
    with pytest.raises(EngineError, match=line) as refusal:
        RayJobs(server.address).stop("one")
    assert "\n" not in str(refusal.value)
    assert [path for path, _, _ in server.requests] == ["POST /api/jobs/one/stop"]


@pytest.mark.parametrize("text", ["<html>", '{"a": 1}', "[" * 100_000, "\xff"])
def test_another_server_is_none_of_ray(server, text):
    server.answers = [(200, text)]
    with pytest.raises(EngineError, match="answers with no list of jobs"):
        RayJobs(server.address).states()


def test_the_token_is_read_where_ray_reads_it(server, tmp_path, monkeypatch):
    jobs = RayJobs(server.address)
    jobs.check()
    (tmp_path / "token").write_text("of-file\n")
    jobs.check()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of-variable")
    jobs.check()
    sent = [headers.get("Authorization") for _, headers, _ in server.requests]
    assert sent == [None, "Bearer of-file", "Bearer of-variable"]


def test_a_cluster_that_does_not_answer_is_silent_and_one_that_breaks_off_may_have_taken_the_job():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        jobs = RayJobs(f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(EngineSilent, match=r"can't be reached: .*refused; start a cluster with ray start --head"):
        jobs.check()
    with pytest.raises(Unconfirmed, match="unknown whether the job was taken"):
        jobs.submit({"entrypoint": "true"})


def test_the_job_has_the_resources_of_the_run_and_quotes_paths(tmp_path):
    folder = RunFolder(tmp_path / "a b" / "run")
    spec = replace(SPEC, engine={"name": "ray", "cpus": 2.0, "gpus": 0.5, "memory": 1.5})
    command = TrainerCommand(["/opt/my python"], ["-m", "trainer_proc"], {"PYTHONUNBUFFERED": "1"})
    job = job_request(
        "one", folder, spec, command, Path("/my work"), RaySettings(custom=["accelerator_type:H100=0.001"])
    )
    assert (job["entrypoint_num_cpus"], job["entrypoint_num_gpus"]) == (2.0, 0.5)
    assert job["entrypoint_resources"] == {"accelerator_type:H100": 0.001}
    assert job["entrypoint_memory"] == 1.5 * 2**30
    assert shlex.split(job["entrypoint"])[-4:] == ["exec", "/opt/my python", "-m", "trainer_proc"]
    assert f"exec >>'{folder.console}'" in job["entrypoint"]
    assert "cd '/my work'" in job["entrypoint"]
    assert {"PYTHONSAFEPATH", "PYTHONUNBUFFERED"} < {*job["runtime_env"]["env_vars"]}
    assert not {"HOME", "PATH"} & {*job["runtime_env"]["env_vars"]}


def start(tmp_path, **engine):
    spec = replace(SPEC, engine={"name": "ray", "gpus": 0.0} | engine)
    return RayLauncher().start(spec, tmp_path / "logs", tmp_path)


def test_a_started_run_is_found_by_its_folder_until_its_job_has_ended(server, tmp_path):
    server.answers = [(200, "{}"), (200, "{}"), (200, "[]")]
    folder = start(tmp_path)
    job = read_job(folder)
    assert job is not None
    (submitted,) = [json.loads(body) for path, _, body in server.requests if path == "POST /api/jobs/"]
    assert submitted["submission_id"] == job.id
    server.answers = [(200, json.dumps([listed("RUNNING", id=job.id)]))]
    assert RayLauncher().active([folder]) == {folder.path}


@pytest.mark.parametrize("answer", [(500, EXISTS), (500, "No available agent to submit job, please try again later.")])
def test_a_refused_job_leaves_no_run(server, tmp_path, answer):
    server.answers = [(200, "{}"), answer]
    with pytest.raises(Exception, match=r"Ray at .*(already exists|no node that is ready)"):
        start(tmp_path)
    assert not [*(tmp_path / "logs").iterdir()]


def test_a_run_whose_cluster_is_unknown_may_train_until_its_trainer_has_ended(server, make_run):
    run = make_run("2026-01-01_00-00-00_a")
    elsewhere = new_id("http://other:8265")
    assert not is_of(elsewhere, server.address)
    write_job(run, Job("ray", elsewhere))
    assert RayLauncher().active([run]) == {run.path}
    assert not [path for path, _, _ in server.requests]  # nobody is asked whom a folder names
    lock = TrainerLock(run)
    lock.note_end("finished", "")
    lock.release()
    assert RayLauncher().active([run]) == set()


def test_a_job_that_its_cluster_has_forgotten_is_lost(server):
    id = new_id(server.address)
    assert Ray().states([id])[id].status == "lost"


def test_a_waiting_job_that_was_cancelled_counts_as_ended_at_once(server, make_run):
    run, id = make_run("2026-01-01_00-00-00_a"), new_id(server.address)
    write_job(run, Job("ray", id))
    server.answers = [(200, json.dumps([listed("PENDING", id=id)]))]
    assert JOBS.cancel_waiting(run) == f"job {id} of Ray is cancelled before it had a place"
    assert RayLauncher().active([run]) == set()
    assert JOBS.cancel_waiting(run) == ""


@pytest.fixture
def runner(tmp_path):
    """The queue of an experiment of six members."""
    spec = replace(SPEC, engine={"name": "ray", "gpus": 0.0})
    folder = ExperimentFolder(tmp_path / "logs" / "sweep")
    folder.path.mkdir(parents=True)
    folder.write(experiment_of(make_members([{}], range(42, 48)), spec=spec))
    queue = QueueFolder(tmp_path / "queue")
    queue.path.mkdir()
    queue.write(Queue(experiments=(str(folder.path),)))
    return QueueRunner(queue, RayLauncher())


def counts(runner):
    return Counter(state.status for queued in runner.look() for state in queued.states)


def test_few_members_wait_in_the_cluster_and_the_others_in_the_queue(server, runner):
    server.answers = []
    assert runner.step()
    assert counts(runner) == {"submitted": Ray.most_waiting, "waiting": 6 - Ray.most_waiting}
    first = next(iter(server.jobs))
    server.jobs[first] = listed("RUNNING", id=first)
    wait_for(lambda: counts(runner)["running"] == 1, "the first member")
    assert runner.step()
    assert counts(runner) == {"submitted": Ray.most_waiting, "waiting": 1, "running": 1}


def test_members_wait_while_no_cluster_answers(server, runner):
    server.answers = [(500, "No available agent to submit job, please try again later.")]
    assert runner.step()
    assert counts(runner) == {"waiting": 6}


def test_a_training_on_another_machine_is_ended_by_its_engine(server, make_run):
    run, id, steps = make_run("2026-01-01_00-00-00_a"), new_id(server.address), []
    write_job(run, Job("ray", id))
    server.answers = [(200, json.dumps([listed("RUNNING", id=id)]))]
    with open(run.lock, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.on_stop = lambda: fcntl.flock(lock, fcntl.LOCK_UN)
        stop_in_steps(run, Patience(0.0, 60.0, 0.0), steps.append)
    assert steps[-1] == f"Ray was asked to end job {id}"


def test_several_nodes_are_a_plan_for_the_cluster_s_python(tmp_path):
    folder = RunFolder(tmp_path / "run")
    spec = replace(SPEC, engine={"name": "ray", "nodes": 2, "cpus": 2.0, "gpus": 1.0}, processes=1)
    command = TrainerCommand(["python3"], ["-m", "trainer_proc"], {})
    job = job_request("one", folder, spec, command, tmp_path, RaySettings(python="/opt/ray/bin/python"))
    assert not [name for name in job if name.startswith("entrypoint_")]
    _, python, program, plan = shlex.split(job["entrypoint"])
    assert python == "/opt/ray/bin/python"
    assert json.loads(plan)["nodes"] == 2
    assert json.loads(plan)["bundle"] == {"CPU": 2.0, "GPU": 1.0}
    done = subprocess.run([sys.executable, program, plan], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("expected the cluster's Python, with Ray, got ")


def test_a_member_that_ray_could_not_start_in_time_starts_again_and_has_not_failed(server, runner):
    server.answers = []
    runner.step()
    late = next(iter(server.jobs))
    server.jobs[late] = listed("FAILED", NOT_STARTED, "JOB_SUPERVISOR_ACTOR_START_TIMEOUT", id=late)
    wait_for(lambda: counts(runner)["waiting"] == 3, "the member that was not started")
    runner.step()
    assert counts(runner) == {"submitted": Ray.most_waiting, "waiting": 2}
    (queued,) = runner.look()
    first = queued.states[0]
    assert (first.status, [attempt.status for attempt in first.attempts]) == ("submitted", ["lost", "training"])
