"""A real training over HTTP: started once, followed, steered, exported, evaluated and stopped by a client."""

from __future__ import annotations

import json
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.http.served import CURL, ServedDoor, with_curl
from tests.program import paused
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder
from tui.session.stopping import signal_trainer

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

JOBS = "/reinforcement-learning"
LAUNCH = {"task": "cartpole", "policy_type": "PPO", "num_iterations": 5000, "num_envs": 16, "device": "cpu"}
KNOB = "reward/smooth_reward/weight"
KEY = {"Idempotency-Key": "pipeline-17"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of all servers of this file; no training outlives it."""
    place = tmp_path_factory.mktemp("place")
    yield place
    for folder in map(RunFolder, (place / "logs").glob("*/*")):
        signal_trainer(folder, signal.SIGKILL)
        wait_for(lambda folder=folder: not is_live(folder), "the end of the trainer")


@pytest.fixture(scope="module")
def door(place):
    door = ServedDoor(place, "--most", "1")
    yield door
    door.close()


@pytest.fixture(scope="module")
def job_id(door):
    """A launch that is asked for five times at once."""
    with ThreadPoolExecutor(5) as clients:
        answers = list(clients.map(lambda _: door.client.post(JOBS, json=LAUNCH, headers=KEY), range(5)))
    assert {answer.status_code for answer in answers} == {201}
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    first = answers[0].json()
    assert first["estimated_completion_hours"] is None
    assert first["num_iterations"] == 5000
    assert first["log_link"] == f"{door.address}{JOBS}/{job_id}/log"
    return job_id


def reach(door, job_id, iteration):
    def reached():
        job = door.job(job_id)
        assert job["status"] in ("starting", "building", "compiling", "training"), job
        return job if (job["iteration"] or 0) >= iteration else None

    return wait_for(reached, f"iteration {iteration}", TRAINING_SECONDS)


def test_one_training_starts_and_its_end_is_estimated(door, job_id):
    assert door.client.get(JOBS).json()["total"] == 1
    job = reach(door, job_id, 2)
    assert job["status"] == "training"
    assert job["estimated_completion_hours"] > 0


def test_another_request_needs_another_key(door, job_id):
    answer = door.client.post(JOBS, json=LAUNCH | {"seed": 1}, headers=KEY)
    assert (answer.status_code, "another request" in answer.json()["error"]) == (422, True)
    answer = door.client.post(JOBS, json=LAUNCH)
    assert (answer.status_code, "limit of this server" in answer.json()["error"]) == (409, True)
    assert door.client.get(JOBS).json()["total"] == 1


def test_a_change_takes_effect_and_is_undone(door, job_id):
    reach(door, job_id, 1)
    answer = door.client.post(f"{JOBS}/{job_id}/changes", json={"values": {KNOB: 3.0}, "reason": "smoother"})
    path = f"{JOBS}/{job_id}/changes/{answer.json()['change']}"
    change = wait_for(lambda: (one := door.client.get(path).json())["state"] == "applied" and one, "the change")
    assert change["note"] == "smoother"

    def weight():
        knobs = door.client.get(f"{JOBS}/{job_id}/knobs").json()["knobs"]
        return next(knob["value"] for knob in knobs if knob["name"] == KNOB)

    assert weight() == 3.0
    assert door.client.post(f"{path}/undo", json={"reason": "slower"}).status_code == 202
    wait_for(lambda: weight() == 1.0, "the undo")
    answer = door.client.post(f"{JOBS}/{job_id}/changes", json={"values": {KNOB: 1e12}, "reason": "more"})
    assert answer.status_code == 422


@with_curl
def test_metrics_and_log_are_followed_by_curl(door, job_id):
    command = [CURL, "-sN", "-H", f"Authorization: Bearer {door.token}"]
    stream = subprocess.Popen(
        [*command, f"{door.address}{JOBS}/{job_id}/metrics/stream"], stdout=subprocess.PIPE, text=True
    )
    seen = []
    for line in stream.stdout:
        if line.startswith("data: "):
            seen.append(json.loads(line.removeprefix("data: "))["iteration"])
        if len(seen) == 3:
            break
    stream.kill()
    stream.communicate()
    assert seen == list(range(seen[0], seen[0] + 3))
    log = subprocess.run([*command, "-r", "0-99", door.job(job_id)["log_link"]], capture_output=True, check=True)
    assert len(log.stdout) == 100


def test_a_checkpoint_is_evaluated_and_the_live_policy_exported(door, job_id):
    path = f"{JOBS}/{job_id}"
    asked = [door.client.post(f"{path}/evaluations", json={"episodes": 2, "checkpoint": "0"}).json() for _ in range(2)]
    assert asked[0]["evaluation"] == asked[1]["evaluation"]
    assert door.client.post(f"{path}/export").status_code == 202
    export = wait_for(
        lambda: (one := door.client.get(f"{path}/export").json())["state"] != "running" and one,
        "the export",
        TRAINING_SECONDS,
    )
    assert export["state"] == "done", export
    folder = RunFolder(door.logs / job_id.replace(":", "/"))
    assert (folder.exported / "policy.onnx").is_file()
    number = asked[0]["evaluation"]

    def evaluated():
        one = door.client.get(f"{path}/evaluations/{number}").json()
        return one if one["state"] not in ("queued", "running") else None

    with paused(folder):
        evaluation = wait_for(evaluated, "the evaluation", TRAINING_SECONDS)
    assert evaluation["state"] == "done", evaluation
    assert evaluation["result"]["evaluations"]
    assert door.client.post(f"{path}/evaluations", json={"checkpoint": "/etc/passwd"}).status_code == 422
    assert door.client.post(f"{path}/evaluations", json={"checkpoint": "99999999"}).status_code == 409


def test_a_killed_server_hurts_no_training_and_the_next_one_knows_the_key(door, place, job_id):
    before = reach(door, job_id, 1)["iteration"]
    assert door.interrupt(signal.SIGKILL) == -signal.SIGKILL
    next_door = ServedDoor(place, "--most", "1")
    try:
        assert next_door.client.post(JOBS, json=LAUNCH, headers=KEY).json()["job_id"] == job_id
        reach(next_door, job_id, before + 2)
        assert next_door.client.get(JOBS).json()["total"] == 1
        follower = httpx.Client(headers=next_door.authorization, timeout=TRAINING_SECONDS)
        with follower.stream("GET", next_door.job(job_id)["log_link"] + "?follow=true") as log:
            for _ in range(2):
                assert next_door.client.post(f"{JOBS}/{job_id}/stop").status_code == 202
            assert len(b"".join(log.iter_bytes())) >= 100  # ends with the run
        assert next_door.client.post(f"{JOBS}/{job_id}/stop").json()["status"] == "stopped"
        assert next_door.job(job_id)["estimated_completion_hours"] is None
    finally:
        next_door.close()


def test_a_launch_that_the_trainer_refuses_is_reported_and_leaves_no_run(tmp_path):
    door = ServedDoor(tmp_path)
    other = LAUNCH | {"set": {"reward/nothing/weight": 1.0}, "num_iterations": 1, "name": "unknown-knob"}
    job_id = door.client.post(JOBS, json=other).json()["job_id"]
    job = wait_for(
        lambda: (one := door.job(job_id))["status"] in ("failed", "refused") and one, "the refusal", TRAINING_SECONDS
    )
    assert "reward/nothing/weight" in job["reason"]
    door.close()
