"""What a client reads of recorded runs, and asks of a trainer that this test plays on a real wire."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from tests.http.served import CURL, ServedDoor, with_curl
from tests.program import bodies_of, program, published
from tests.tui.screens.recorded import make_run
from tests.waiting import wait_for
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from trainer_proc.contract.requests import Stop

METRIC = "Train/mean_reward"
KNOB = "reward/upright/weight"
STARTED = RunStarted(
    run="x", preset="cartpole", backend="mjlab", task="t", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("recorded")


@pytest.fixture(scope="module")
def run(place):
    return make_run(place / "logs", "g1-steered")


@pytest.fixture(scope="module")
def door(place, run):
    door = ServedDoor(place, "--most", "0")
    yield door
    door.close()


@pytest.fixture(scope="module")
def job(door):
    (job,) = door.client.get("/reinforcement-learning").json()["jobs"]
    return job


@pytest.fixture
def ask(door, job):
    """Ask for something of the recorded run."""
    return lambda path, **options: door.client.get(f"/reinforcement-learning/{job['job_id']}/{path}", **options)


def events_of(text):
    """Return server-sent events as (name, id, data)."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return events


def test_a_job_is_what_the_list_of_runs_shows(door, job, run, place):
    (row,) = json.loads(program(place, "runs", "--logs", str(door.logs), "--json"))
    assert job["job_id"] == f"{run.path.parent.name}:{run.name}"
    same = ("status", "preset", "task", "iteration", "reward", "success", "seconds")
    assert {name: job[name] for name in same} == {name: row[name] for name in same}
    assert job["estimated_completion_hours"] is None
    assert door.client.get(job["log_link"]).content == run.console.read_bytes()
    assert door.job(job["job_id"]) == job


def test_the_list_comes_in_pages(door, job):
    assert door.client.get("/reinforcement-learning?offset=1").json() == {"total": 1, "offset": 1, "jobs": []}
    for query in ("limit=0", "limit=1000", "offset=-1", "offset=x", "page=1"):
        assert door.client.get(f"/reinforcement-learning?{query}").status_code == 422


@pytest.mark.parametrize(
    "job_id", ["nothing", "..", "%2e%2e", "..%2f..", "g1:..", "%00", "%ff", "latest", ":", "a" * 3000]
)
def test_a_job_is_no_path(door, job, job_id):
    assert door.client.get(f"/reinforcement-learning/{job_id}/log").status_code == 404


@with_curl
def test_a_log_is_read_by_curl_in_ranges(door, job, run):
    log = run.console.read_bytes()
    assert len(log) > 200

    def curl(*options):
        command = [CURL, "-s", "-H", f"Authorization: Bearer {door.token}", *options, job["log_link"]]
        return subprocess.run(command, capture_output=True, check=True).stdout

    assert curl() == log
    assert curl("-r", "10-19") == log[10:20]
    assert curl("-r", "-7") == log[-7:]
    assert curl("-r", "20-") == log[20:]
    assert curl("-C", "15") == log[15:]
    assert b"206 Partial Content" in curl("-i", "-r", f"0-{10**17}")
    assert b"416 " in curl("-i", "-r", f"{len(log)}-")
    assert curl("-r", "0-1,5-6") == log  # several ranges: all of it, as RFC 9110 allows
    assert b"200 OK" in curl("-I")


def test_a_followed_log_of_an_ended_run_ends(ask, run):
    assert ask("log?follow=true").content == run.console.read_bytes()
    assert ask(f"log?follow=true&start={2**53}").content == b""


def test_metrics_are_those_of_the_journal(ask, run):
    values = published(run, METRIC)
    answer = ask("metrics", params={"name": METRIC}).json()
    assert answer["points"][METRIC] == {"iterations": list(values), "values": list(values.values())}
    assert answer["iteration"] == max(values)
    assert answer["latest"][METRIC] == values[max(values)]
    first = sorted(values)[5]
    answer = ask("metrics", params={"name": [METRIC, "Loss/value"], "since": first, "limit": 3}).json()
    assert answer["points"][METRIC]["iterations"] == sorted(values)[-3:]
    assert set(answer["points"]) == {METRIC, "Loss/value"}
    assert ask("metrics", params={"name": METRIC, "since": 10**9}).json()["points"][METRIC]["iterations"] == []
    answer = ask("metrics", params={"name": "Loss/valu"})
    assert answer.status_code == 422
    assert METRIC in answer.json()["expected"]


def test_a_stream_has_every_iteration_once_and_continues_where_it_was_cut(ask, run):
    values = published(run, METRIC)
    *iterations, end = events_of(ask("metrics/stream?since=0").text)
    assert [number for _, number, _ in iterations] == [str(iteration) for iteration in values]
    assert [data["values"][METRIC] for _, _, data in iterations] == list(values.values())
    assert end == ("end", None, {"status": "finished"}) or end[0] == "end"
    middle = sorted(values)[len(values) // 2]
    *later, end = events_of(ask("metrics/stream", headers={"Last-Event-ID": str(middle)}).text)
    assert later == [one for one in iterations if int(one[1]) > middle]
    assert end[0] == "end"
    assert [number for _, number, _ in events_of(ask("metrics/stream").text)] == [str(max(values)), None]
    for wrong in ("x", "0" * 20 + "9" * 5000):
        assert ask("metrics/stream", headers={"Last-Event-ID": wrong}).status_code == 422


def test_a_number_of_thousands_of_digits_names_nothing(ask):
    for path in ("changes", "evaluations"):
        assert ask(f"{path}/{'9' * 5000}").status_code == 404


def test_knobs_and_changes_are_those_of_the_commands(door, ask, run, place):
    assert ask("knobs").json() == json.loads(program(place, "knobs", str(run.path), "--json"))
    history = json.loads(program(place, "history", str(run.path), "--json"))
    answer = ask("changes").json()
    assert answer["changes"] == history["interventions"]
    assert answer["guards"] == history["guards"]
    assert len(answer["changes"]) > 1
    number = answer["changes"][0]["number"]
    assert ask(f"changes/{number}").json() == answer["changes"][0]
    assert ask("changes/999999").status_code == 404
    assert ask("changes/x").status_code == 404


def test_an_ended_run_is_changed_no_more(door, job, ask, run):
    knob = ask("knobs").json()["knobs"][0]
    path = f"/reinforcement-learning/{job['job_id']}"
    before = run.journal.read_bytes()
    answer = door.client.post(f"{path}/changes", json={"values": {knob["name"]: knob["value"]}, "reason": "late"})
    assert answer.status_code == 409
    assert "has ended" in answer.json()["error"]
    for _ in range(2):
        answer = door.client.post(f"{path}/stop")
        assert (answer.status_code, answer.json()["status"]) == (202, job["status"])
    assert run.journal.read_bytes() == before


# --- a trainer on a real wire ---


@pytest.fixture
def live(make_run, link, folder, tmp_path):
    """A door to the folder of a run whose trainer is this process."""
    link.emit(STARTED)
    link.emit(KnobsAvailable(0, (Knob(KNOB, "reward", 1.0, 1.0, "next iteration", minimum=0.0, maximum=5.0),)))
    link.emit(PhaseChanged("training"))
    link.emit(MetricSet(0, (METRIC,)))
    wait_for(lambda: MetricSet(0, (METRIC,)) in bodies_of(folder), "the frames in the journal")
    door = ServedDoor(tmp_path)
    yield door
    door.close()


@pytest.fixture
def path(folder):
    return f"/reinforcement-learning/{folder.path.parent.name}:{folder.name}"


def test_a_change_needs_a_reason_and_obeys_the_bounds(live, path, link, folder):
    for wrong in (
        {"values": {KNOB: 2.0}},
        {"values": {KNOB: 2.0}, "reason": ""},
        {"values": {KNOB: 2.0}, "reason": " \n"},
        {"values": {}, "reason": "none"},
        {"values": {KNOB: 5.5}, "reason": "too much"},
        {"values": {KNOB: [1, 2]}, "reason": "a range"},
        {"values": {KNOB: 2.0}, "reason": "x" * 1001},
        {"values": {KNOB: 2.0}, "reason": "why", "origin": "guard"},
    ):
        answer = live.client.post(f"{path}/changes", json=wrong)
        assert answer.status_code == 422, wrong
        assert len(answer.json()["error"].splitlines()) == 1
    answer = live.client.post(f"{path}/changes", json={"values": {"reward/uprigt/weight": 1}, "reason": "typo"})
    assert answer.json()["expected"] == [KNOB]
    assert not [body for body in bodies_of(folder) if isinstance(body, InterventionQueued)]
    answer = live.client.post(f"{path}/changes", json={"values": {KNOB: 2.0}, "reason": "walk\nsooner"})
    assert (answer.status_code, answer.json()) == (202, {"change": 1, "state": "queued", "message": ""})
    (queued,) = wait_for(lambda: link.receive(0.1), "the order")
    assert (queued.changes[0].new, queued.note) == (2.0, "walk sooner")
    stale = {"values": {KNOB: 3.0}, "reason": "again", "revision": 0}
    answer = live.client.post(f"{path}/changes", json=stale)
    assert answer.status_code == 409
    assert "changed since revision 0" in answer.json()["error"]


def test_a_change_is_followed_and_undone(live, path, link, folder):
    answer = live.client.post(f"{path}/changes", json={"values": {KNOB: 2.0}, "reason": "try", "ramp_iterations": 3})
    (queued,) = wait_for(lambda: link.receive(0.1), "the order")
    assert queued.ramp.iterations == 3
    assert live.client.get(f"{path}/changes/1").json()["state"] == "queued"
    applied = InterventionApplied(1, "person", 7, queued.revision, queued.changes, queued.note)
    link.emit(applied)
    wait_for(lambda: live.client.get(f"{path}/changes/1").json()["state"] == "applied", "the change")
    assert live.client.get(f"{path}/knobs").json()["knobs"][0]["value"] == 2.0
    answer = live.client.post(f"{path}/changes/1/undo", json={"reason": "worse"})
    assert answer.status_code == 202
    (undo,) = wait_for(lambda: link.receive(0.1), "the order")
    assert (undo.undoes, undo.changes[0].new, undo.note) == (1, 1.0, "worse")
    assert live.client.post(f"{path}/changes/77/undo", json={"reason": "none"}).status_code == 404


def test_a_thousand_values_out_of_bounds_reach_no_trainer(live, path, link, folder):
    statuses = [
        live.client.post(f"{path}/changes", json={"values": {KNOB: 6.0 + number}, "reason": "more"}).status_code
        for number in range(1000)
    ]
    assert set(statuses) <= {422, 429}
    assert link.receive() == []
    assert not [body for body in bodies_of(folder) if isinstance(body, InterventionQueued)]


def test_an_iteration_reaches_a_stream_while_the_run_lasts(live, path, link, folder):
    with live.client.stream("GET", f"{path}/metrics/stream?since=0") as stream:
        lines = stream.iter_lines()
        for iteration in range(3):
            link.emit(IterationFinished(iteration, 0, b"\0\0\x80?", 10, 7200.0))
            event = [next(lines) for _ in range(4)]
            assert event[0] == f"id: {iteration}"
            assert json.loads(event[2].removeprefix("data: "))["values"] == {METRIC: 1.0}
    job = live.client.get(path).json()
    assert (job["iteration"], job["estimated_completion_hours"]) == (3, 2.0)


def test_the_head_of_a_stream_does_not_wait_for_the_run_to_end(live, path, link, folder):
    url = f"{path}/metrics/stream"
    answer = live.client.head(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert live.client.head(url, headers={"Last-Event-ID": "x"}).status_code == 422


def test_values_that_are_no_number_are_null(live, path, link, folder):
    link.emit(IterationFinished(0, 0, b"\0\0\xc0\x7f", 10, float("nan")))
    wait_for(lambda: live.client.get(f"{path}/metrics").json()["iteration"] == 0, "the iteration")
    answer = live.client.get(f"{path}/metrics", params={"name": METRIC}).json()
    assert answer["latest"] == {METRIC: None}
    assert answer["points"][METRIC] == {"iterations": [0], "values": [None]}
    assert live.client.get(path).json()["estimated_completion_hours"] is None


def test_a_stop_is_asked_for_once(live, path, link, folder):
    link.emit(IterationFinished(0, 0, b"\0\0\x80?", 10, 1.0))
    wait_for(lambda: live.client.get(path).json()["iteration"] == 1, "the iteration")
    assert live.client.post(f"{path}/stop").json()["status"] == "stopping"
    assert wait_for(lambda: link.receive(0.1), "the order") == [Stop()]
    link.emit(PhaseChanged("stopping"))
    wait_for(lambda: live.client.get(path).json()["status"] == "stopping", "the phase")
    assert live.client.post(f"{path}/stop").status_code == 202
    assert link.receive() == []


def test_streams_are_limited_and_free_their_place(live, path, link, folder):
    streams = [live.client.stream("GET", f"{path}/log?follow=true") for _ in range(32)]
    folder.console.write_text("line\n")
    opened = [stream.__enter__() for stream in streams]
    assert {response.status_code for response in opened} == {200}
    parts = [response.iter_bytes() for response in opened]  # one that is dropped closes its stream
    assert {next(part) for part in parts} == {b"line\n"}
    answer = httpx.get(f"{live.address}{path}/log?follow=true", headers=live.authorization)
    assert answer.status_code == 429
    assert live.client.get(path).status_code == 200
    for stream in streams:
        stream.__exit__(None, None, None)

    def has_room():
        with live.client.stream("GET", f"{path}/metrics/stream") as response:
            return response.status_code == 200

    wait_for(has_room, "room for a stream")
