"""An agent at a real training: it reads, turns a knob with confirmation, reads the impact, and undoes it."""

from __future__ import annotations

import pytest

from tests.agents.session import SHOWN, answered, called, connected, refused
from tests.program import launched, paused, program, reach_iteration, running, stop
from tests.waiting import wait_for
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import InterventionQueued
from tui.session.agents.questions import open_questions
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

WEIGHT = "reward/smooth_reward/weight"
WINDOW = 24
"""Iterations on each side of a change: enough for an interval."""
REASON = "the pole sways: more reward for holding it"
MANY = 1000
SHORT = ("--override", "agent.num_steps_per_env=8", "--override", "env.episode_length_s=0.4")
"""Iterations that cost little, in each of which episodes end."""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def training(work):
    """A training that is paused, unless a test needs iterations of it."""
    options = ("--iterations", "100000", "--num-envs", "4", "--seed", "7", "--device", "cpu", *SHORT)
    folder = launched(work, "launch", "cartpole", *options, "--bound", "reward/*=0:5")
    reach_iteration(folder, WINDOW + 8)  # in the first, no episode has ended
    with paused(folder):
        yield folder
    stop(work, folder)


def weight(folder):
    return read_state(folder).knobs[WEIGHT].value


def changes(folder):
    """Numbers of all changes, and the knob."""
    state = read_state(folder)
    return sorted(state.queued.keys() | state.interventions.keys()), state.knobs[WEIGHT].value


async def test_a_knob_is_turned_with_confirmation_its_impact_read_and_undone(work, training):
    run = training.name
    async with connected(work) as client:
        with running(training):
            state = await called(client, "get_run", run=run)
        assert state["status"] == "training"
        (knob,) = (await called(client, "list_knobs", run=run, pattern=WEIGHT))["knobs"]
        assert (knob["value"], knob["minimum"], knob["maximum"]) == (1.0, 0.0, 5.0)
        assert knob["takes_effect"] == "next iteration"

        program(work, "save", run)  # so that a control can begin before the change
        wait_for(lambda: read_state(training).checkpoints, "the checkpoint")
        call = called(client, "tune", run=run, values={WEIGHT: 3}, reason=REASON)
        done, question = await answered(work, training, "accept", call)
        assert (question.agent, question.why) == (SHOWN, REASON)
        assert question.what == f"{WEIGHT} 1 → 3"
        assert (done["state"], done["changes"]) == ("applied", [{"knob": WEIGHT, "old": 1.0, "new": 3.0}])
        assert weight(training) == 3.0
        number, at = done["number"], done["iteration"]
        applied = read_state(training).interventions[number]
        assert (applied.origin, applied.agent, applied.note) == ("person", SHOWN, REASON)
        assert f"agent       applied  {WEIGHT} 1 → 3" in program(work, "history", run)

        with running(training):
            reach_iteration(training, at + WINDOW)
        impact = await called(client, "get_impact", run=run, number=number, iterations=WINDOW)
        assert (impact["agent"], impact["after"]["first"]) == (SHOWN, at)
        reward = next(one for one in impact["metrics"] if one["metric"] == "Train/mean_reward")
        assert reward["before"]["count"] == reward["after"]["count"] == WINDOW
        read = await called(client, "get_metrics", run=run, metrics=["reward"], points=5)
        assert [mark["author"] for mark in read["marks"]] == ["agent"]
        assert len(read["metrics"][0]["curve"]) == 5

        call = called(client, "fork_run", run=run, without=number, iterations=at + WINDOW, reason="a control for #1")
        forked, question = await answered(work, training, "accept", call)
        control = type(training)(training.path.with_name(forked["run"]))
        assert "fork" in question.what
        reach_iteration(control, at + WINDOW)
        stop(work, control)
        arguments = {"run": run, "number": number, "iterations": WINDOW, "control": control.name}
        compared = (await called(client, "get_impact", **arguments))["control"]
        assert compared["control"] == control.name
        assert compared["window"]["last"] - compared["window"]["first"] + 1 >= WINDOW // 2
        assert weight(control) == 1.0

        done, question = await answered(work, training, "accept", called(client, "undo", run=run, reason="no effect"))
        assert question.what == f"undo of #{number}: {WEIGHT} 3 → 1"
        assert done["state"] == "applied"
        assert weight(training) == 1.0
        assert read_state(training).interventions[done["number"]].agent == SHOWN


async def test_what_the_user_refuses_changes_nothing(work, training):
    before = changes(training)
    async with connected(work) as client:
        call = refused(client, "tune", run=training.name, values={"reward/*/weight": "x2"}, reason=REASON)
        line, question = await answered(work, training, "refuse", call)
    assert question.what == f"{WEIGHT} 1 → 2"
    assert line == "refused by the user; ask them before you try again"
    assert changes(training) == before


async def test_a_thousand_requests_out_of_bounds_reach_neither_the_user_nor_the_training(work, training):
    before, lines = changes(training), []
    iteration = read_state(training).iteration
    async with connected(work) as client:
        for number in range(MANY):
            arguments = {"run": training.name, "values": {WEIGHT: 6 + number}, "reason": REASON}
            lines.append(await refused(client, "tune", **arguments))
        assert open_questions(training) == []
    assert lines[0] == f"{WEIGHT}: expected at most 5, got 6"
    assert sum("requests for changes in a minute" in line for line in lines) > MANY / 2
    assert changes(training) == before
    with running(training):
        reach_iteration(training, iteration + 1)


async def test_without_an_answer_a_request_is_refused(work, training, monkeypatch, tmp_path):
    config = tmp_path / "config" / "humanoid-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[agents]\nconfirm_seconds = 1\n")
    async with connected(work) as client:
        line = await refused(client, "tune", run=training.name, values={WEIGHT: 2}, reason=REASON)
    assert line.startswith("refused: no answer by the user in 1 s")
    assert open_questions(training) == []


async def test_without_confirmation_changes_are_limited_and_guards_are_the_user_s(work, training, tmp_path):
    config = tmp_path / "config" / "humanoid-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[agents]\nconfirm = false\nchanges_per_minute = 2\n")
    run, before, refusals = training.name, len(times_of_changes(training)), []
    async with connected(work) as client:
        line = await refused(client, "tune", run=run, values={"guard/kl/mode": "off"}, reason=REASON)
        assert line == "guard/kl/mode is the user's: agents can't change guards"
        line = await refused(client, "tune", run=run, values={WEIGHT: 2}, reason="")
        assert line.startswith("expected a reason of 8 to 1000 characters, got 0")
    for value in (2, 4):
        async with connected(work) as client:  # a new process has the same limit
            for weight in (value, value + 1):
                result = await client.call_tool("tune", {"run": run, "values": {WEIGHT: weight}, "reason": REASON})
                refusals += [result.content[0].text] * result.is_error
    times = times_of_changes(training)[before:]
    assert all(later - earlier > 55.0 for earlier, later in zip(times, times[2:], strict=False))
    assert len(times) + len(refusals) == 4
    assert all("at most 2 changes by agents in a minute" in line for line in refusals)


def times_of_changes(training):
    frames = JournalReader(training.journal).read_new()
    return [frame.time for frame in frames if isinstance(frame.body, InterventionQueued) and frame.body.number]
