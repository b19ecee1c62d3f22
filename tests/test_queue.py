"""A queue of real trainings: its process is killed and continued, and nothing starts twice."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections import Counter
from pathlib import Path

import psutil
import pytest

from presets import load_preset
from tests.program import program
from tests.waiting import TRAINING_SECONDS, wait_for
from tui.session.backends.devices import Device
from tui.session.experiments.experiment import ExperimentFolder
from tui.session.experiments.make import ExperimentChoice, make_experiment
from tui.session.experiments.make_population import PopulationChoice
from tui.session.experiments.operations import create, look_at, look_at_queue
from tui.session.experiments.queue_folder import Queue, QueueFolder
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.program_log import log_file
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

CPU = Device("cpu", "CPU", 1.0, 2.0)
WEIGHT = "reward/smooth_reward/weight"


def queue_process(folder: QueueFolder) -> psutil.Process | None:
    for process in psutil.process_iter(["cmdline"]):
        if str(folder.path) in (process.info["cmdline"] or []):
            return process
    return None


@pytest.fixture
def queue():
    """The queue of this test, whose processes end with it."""
    folder = QueueFolder()
    yield folder
    trainers = [attempt.folder for one in look_at_queue(folder) for state in one.states for attempt in state.attempts]
    if process := queue_process(folder):
        process.kill()
    for process in psutil.process_iter(["cmdline"]):
        if any(str(run.path) in (process.info["cmdline"] or []) for run in trainers):
            process.kill()


def kill_queue(folder: QueueFolder) -> None:
    process = wait_for(lambda: queue_process(folder), "the queue process")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)


def running(folder: ExperimentFolder) -> list[str]:
    return [state.member.name for state in look_at(folder).states if state.status == "running"]


def run_count(folder: ExperimentFolder) -> int:
    return sum(len(state.attempts) for state in look_at(folder).states)


def make(log_root: Path, *sweeps: str, name: str, retries: int, seeds: int, iterations: int = 2):
    spec = make_spec(
        load_preset("cartpole"), Overrides(num_envs=4, iterations=iterations, name=name, device="cpu"), [CPU]
    )
    choice = ExperimentChoice(seeds=seeds, sweeps=sweeps, retries=retries)
    return make_experiment(spec, choice, [CPU], log_root, any_device=False)


def test_a_sweep_of_six_survives_the_death_of_its_queue(tmp_path, queue):
    logs = tmp_path / "logs"
    (tmp_path / "work").mkdir()
    program(tmp_path / "work", "queue", "--places", "2")
    unknown = make(logs, "ppo/nothing=1", name="broken", retries=1, seeds=1)
    broken = create(unknown, logs, queue)
    folder = create(make(logs, f"{WEIGHT}=0.5,1,2", name="sweep", retries=0, seeds=2), logs, queue)
    wait_for(lambda: len(running(folder)) == 1 and len(running(broken)) == 1, "two trainings")
    kill_queue(queue)
    assert len(running(folder)) == 1  # its trainings do not end with it
    program(tmp_path / "work", "queue")  # starts it again
    wait_for(lambda: sum(s.status == "finished" for s in look_at(folder).states) >= 2, "two members", TRAINING_SECONDS)
    kill_queue(queue)
    program(tmp_path / "work", "queue")
    wait_for(lambda: look_at(folder).has_ended and look_at(broken).has_ended, "the end", TRAINING_SECONDS)
    states = look_at(folder).states
    assert [state.status for state in states] == ["finished"] * 6
    assert Counter(len(state.attempts) for state in states) == {1: 6}
    for state in states:
        assert state.run is not None
        knob = read_state(state.run).knobs[WEIGHT]
        assert knob.value == state.member.values[WEIGHT]
    (failed,) = look_at(broken).states
    assert (failed.status, len(failed.attempts)) == ("failed", 2)
    shown = json.loads(program(tmp_path / "work", "experiment", str(folder.path), "--by", "Loss/value", "--json"))
    assert [group["count"] for group in shown["groups"]] == [2, 2, 2]
    assert all(group["low"] <= group["mean"] <= group["high"] for group in shown["groups"])
    said = program(tmp_path / "work", "experiment", str(broken.path))
    assert "no such knob: ppo/nothing" in said
    wait_for(lambda: not queue.has_process(), "the end of the queue process")


def test_of_two_queues_on_one_log_folder_only_one_runs_an_experiment(tmp_path, queue):
    logs, work, first = tmp_path / "logs", tmp_path / "work", QueueFolder(tmp_path / "elsewhere")
    work.mkdir()
    shared = make(logs, f"{WEIGHT}=0.5,1", name="shared", retries=0, seeds=1, iterations=1_000_000)
    folder = create(shared, logs, first)
    try:
        wait_for(lambda: run_count(folder) == 1, "a training")
        holder = wait_for(lambda: queue_process(first), "its queue process")
        held = f"it is run by the queue of {socket.gethostname()} (process {holder.pid})"
        assert f"shared: {held}" in program(work, "experiment", str(folder.path), "--resume", code=1)
        with queue.editing():  # as after --resume at a time when no queue ran it
            queue.write(Queue(places=2, experiments=(str(folder.path),)))
        assert f"shared  2 members: 1 waiting, 1 running, {held}" in program(work, "queue", "--resume")
        wait_for(lambda: f"shared waits: {held}" in log_file().read_text(), "who has it")
        assert run_count(folder) == 1  # though the second queue has a place
    finally:
        kill_queue(first)
    wait_for(lambda: len(running(folder)) == 2, "a training by the second queue", TRAINING_SECONDS)
    assert [len(state.attempts) for state in look_at(folder).states] == [1, 1]


def test_a_population_copies_once_though_its_queue_is_killed_in_both_rounds(tmp_path, queue):
    logs, work = tmp_path / "logs", tmp_path / "work"
    work.mkdir()
    program(work, "queue", "--places", "2")
    spec = make_spec(load_preset("cartpole"), Overrides(num_envs=4, iterations=4, name="pop", device="cpu"), [CPU])
    population = PopulationChoice(members=4, every=2, perturbed=(f"{WEIGHT}=0.5:4:log",))
    choice = ExperimentChoice(objective="Loss/value", minimize=True, population=population)
    folder = create(make_experiment(spec, choice, [CPU], logs, any_device=False), logs, queue)
    for count in (2, 6):  # in the first round, and in the second
        wait_for(
            lambda count=count: sum(len(s.attempts) for s in look_at(folder).states) >= count, "runs", TRAINING_SECONDS
        )
        kill_queue(queue)
        program(work, "queue")
    wait_for(lambda: look_at(folder).has_ended, "the end", TRAINING_SECONDS)
    looked = look_at(folder)
    assert Counter((state.status, len(state.attempts)) for state in looked.states) == {("finished", 2): 4}
    assert looked.experiment.population is not None
    (copy,) = looked.experiment.population.rounds[0].copies
    for state in looked.states:
        first, second = (attempt.folder for attempt in state.attempts)
        is_copy = state.member.name == copy.member
        assert Path(second.read_spec().parent) == (folder.path / copy.run if is_copy else first.path)
        applied = [one for one in read_state(second).interventions.values() if one.note == copy.reason]
        assert [(one.iteration, one.changes[0].new) for one in applied] == [(2, copy.values[WEIGHT])] * is_copy
        assert read_state(second).iteration == 3
    shown = json.loads(program(work, "experiment", str(folder.path), "--json"))
    members = [member for group in shown["groups"] for member in group["members"]]
    lineages = {member["name"]: [one["member"] for one in member["lineage"]] for member in members}
    assert lineages[copy.member] == [copy.source, copy.member]
