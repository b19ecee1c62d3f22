"""Which episodes succeed: the arithmetic over steps, iterations and windows, against a slow reference."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets.success import Success
from trainer_proc.contract.errors import TrainingError


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global EpisodeWindow, MjlabSimulator, SuccessRate, torch
    import torch

    from trainer_proc.metrics.success.rate import EpisodeWindow, SuccessRate
    from trainer_proc.simulators.mjlab.simulator import MjlabSimulator


TASKS = ("stand", "walk")
LONGEST = 4
"""Steps after which an episode may end by time-out; the test's episodes may be longer."""
LIMIT = 0.25
"""Of all errors."""


class World:
    """Stands in for an environment: a robot, a command and a task in each, all set by the test."""

    step_dt = 1.0
    max_episode_length = LONGEST

    def __init__(self, environments):
        self.data = SimpleNamespace(
            indexing=SimpleNamespace(free_joint_v_adr=torch.arange(2, 8), root_body_id=1),
            data=SimpleNamespace(
                xpos=torch.zeros(environments, 3, 3),
                xquat=torch.zeros(environments, 3, 4),
                qvel=torch.zeros(environments, 9),
            ),
        )
        self.robot = SimpleNamespace(data=self.data, is_fixed_base=False)
        self.twist = SimpleNamespace(
            robot=self.robot,
            command=torch.zeros(environments, 3),
            episode_success=torch.zeros(environments),
            task_names=TASKS,
            task_ids=torch.zeros(environments, dtype=torch.long),
        )
        self.command_manager = SimpleNamespace(active_terms=["twist"], get_term=lambda name: self.twist)
        self.scene = SimpleNamespace(entities={"terrain": object(), "robot": self.robot})

    def show(self, states):
        """Set the state of each environment; the robot looks along x."""
        self.data.data.xpos[:, 1, 0] = torch.tensor([s.place for s in states])
        self.data.data.xquat[:, 1, 0] = torch.tensor([math.cos(s.tilt / 2) for s in states])
        self.data.data.xquat[:, 1, 1] = torch.tensor([math.sin(s.tilt / 2) for s in states])
        self.data.data.qvel[:, 2] = torch.tensor([s.speed for s in states])
        self.data.data.qvel[:, 7] = torch.tensor([s.turn for s in states])
        self.twist.command[:, 0] = torch.tensor([s.commanded for s in states])
        self.twist.episode_success[:] = torch.tensor([float(s.says_success) for s in states])
        self.twist.task_ids[:] = torch.tensor([s.task for s in states])


STATES = st.builds(
    SimpleNamespace,
    done=st.booleans(),
    time_out=st.booleans(),
    place=st.sampled_from((0.0, 0.25, 0.75, math.nan)),
    tilt=st.sampled_from((0.0, 0.25, 1.0)),
    speed=st.sampled_from((0.0, 0.1875, 1.0, math.nan)),
    turn=st.sampled_from((0.0, 0.0, 0.75)),
    commanded=st.sampled_from((0.0, 0.0, 1.0)),
    says_success=st.booleans(),
    task=st.integers(0, 1),
)


@st.composite
def trainings(draw):
    """What the environments are in at first, and after each step of each iteration."""
    count = draw(st.integers(1, 3))
    environments = st.lists(STATES, min_size=count, max_size=count)
    return draw(environments), draw(st.lists(st.lists(environments, min_size=1, max_size=5), min_size=1, max_size=5))


def judged(kind, episode, state, before, window):
    """Return what the definition says of an episode that ends with `state`, by metric."""
    seen, length = episode["seen"], len(episode["seen"]) + 1
    due = length if state.time_out else max(length, LONGEST)
    found = {"Success/score/survival": length / due}
    if kind == "environment":
        return found | {"Train/success_rate": before.says_success}
    if kind == "time-out":
        return found | {"Train/success_rate": state.time_out, "Success/score": length / due}
    if kind == "upright":
        stays = [abs(s.place - episode["began"].place) <= 0.5 and s.tilt <= 0.5 for s, _ in seen]
        found["Success/score"] = sum(stays) / max(due - 1, 1)
        return found | {"Train/success_rate": state.time_out and all(stays)}
    steps = [errors_of_step(seen[: i + 1], window) for i in range(len(seen))]
    means = [sum(one) / len(seen) if seen else math.inf for one in zip(*steps, strict=True)] or [math.inf] * 3
    scores = [sum(math.exp(-((error / LIMIT) ** 2)) for error in one) for one in zip(*steps, strict=True)] or [0] * 3
    for score, part, mean, error in zip(scores, ("forward", "lateral", "yaw"), means, ERRORS, strict=True):
        found[f"Success/part/{part}"] = state.time_out and mean < LIMIT
        found[f"Success/score/{error}"] = score / max(due - 1, 1)
    found["Success/score"] = sum(found[f"Success/score/{error}"] for error in ERRORS) / 3
    return found | {"Train/success_rate": state.time_out and max(means) < LIMIT}


ERRORS = ("linear", "lateral", "yaw")


def difference(state, commanded):
    """Return velocity minus command of a step: forward, lateral, yaw."""
    if math.isnan(state.speed):
        return 1e6, 1e6, state.turn  # in the robot's frame, both are unknown
    return state.speed - commanded, 0.0, state.turn


def errors_of_step(seen, window):
    """Return the errors of an episode's newest step, averaged over at most `window` steps."""
    newest_steps = [difference(*one) for one in seen[-window:]]
    return [abs(sum(one) / len(one)) for one in zip(*newest_steps, strict=True)]


def reference(kind, first, iterations, window, average):
    """Return the expected metrics after each iteration, one environment and one step at a time."""
    episodes = [{"began": state, "seen": []} for state in first]
    before = first
    finished = []
    of_tasks = defaultdict(list)
    for steps in iterations:
        finished.append([])
        errors, instant_errors = [], []
        for task in TASKS:
            of_tasks[task].append([])
        for states in steps:
            for i, state in enumerate(states):
                if state.done:
                    outcome = judged(kind, episodes[i], state, before[i], average)
                    finished[-1].append(outcome)
                    of_tasks[TASKS[before[i].task]][-1].append(outcome)
                    episodes[i] = {"began": state, "seen": []}
                else:
                    episodes[i]["seen"].append((state, before[i].commanded))
                    errors.append(errors_of_step(episodes[i]["seen"], average))
                    instant_errors.append(errors_of_step(episodes[i]["seen"], 1))
            before = states
        metrics = {"Train/finished_episodes": len(finished[-1]), "Train/success_window": window}
        metrics["Train/noise_free_environments"] = 0
        metrics["Train/success_episodes"] = len(newest(finished, window))
        for name in {name for outcomes in finished for outcome in outcomes for name in outcome}:
            metrics |= rate(name, finished, window, name)
        for task in TASKS:
            metrics |= rate(f"Success/task/{task}", of_tasks[task], window)
        if kind == "velocity":
            metrics |= means("error", errors) | means("instant_error", instant_errors)
        yield metrics


def means(name, of_steps):
    columns = zip(*of_steps, strict=True)
    return {f"Success/{name}/{error}": sum(one) / len(one) for error, one in zip(ERRORS, columns, strict=False)}


def newest(iterations, window):
    """Return the outcomes of the newest whole iterations that hold at least `window`, or of all."""
    outcomes = []
    for of_iteration in reversed(iterations):
        if len(outcomes) >= window:
            break
        outcomes = of_iteration + outcomes
    return outcomes


def rate(name, iterations, window, measure="Train/success_rate"):
    outcomes = [outcome[measure] for outcome in newest(iterations, window)]
    return {name: sum(outcomes) / len(outcomes)} if outcomes else {}


@pytest.mark.parametrize("kind", ["time-out", "velocity", "upright", "environment"])
@given(trainings(), st.integers(1, 6), st.integers(1, 5))
def test_metrics_are_those_of_a_slow_reference(kind, training, window, average):
    first, iterations = training
    world = World(len(first))
    world.show(first)
    definition = Success(kind=kind, window=window, average=average * world.step_dt)
    success = SuccessRate(world, definition, simulator=MjlabSimulator(world))
    success.begin()
    for steps, expected in zip(iterations, reference(kind, first, iterations, window, average), strict=True):
        with torch.inference_mode():  # as rsl-rl's rollout
            for states in steps:
                world.show(states)
                dones = torch.tensor([int(state.done) for state in states])
                success.step(dones, {"time_outs": torch.tensor([state.time_out for state in states])})
        assert success.collect() == pytest.approx(expected, abs=1e-9)


def test_a_window_holds_whole_iterations():
    window = EpisodeWindow(100)
    window.add(100, 0)
    assert (window.episodes, window.rate) == (100, 0.0)
    window.add(50, 50)
    assert (window.episodes, window.rate) == (150, pytest.approx(1 / 3))
    window.add(50, 50)
    assert (window.episodes, window.rate) == (100, 1.0)
    window.add(103, 3)
    assert (window.episodes, window.rate) == (103, pytest.approx(3 / 103))


# --- What rsl-rl and the environment hand over ---


def ended(success, *outcomes):
    """One step in which each environment ends by time-out (True), by termination (False), or goes on (None)."""
    dones = torch.tensor([int(outcome is not None) for outcome in outcomes])
    success.step(dones, {"time_outs": torch.tensor([outcome is True for outcome in outcomes])})


@pytest.mark.parametrize(("time_out", "rate"), [(False, 1.0), (True, 0.5)])
def test_the_success_of_a_command_may_need_a_time_out(time_out, rate):
    lift = SimpleNamespace(command=torch.zeros(2, 3), episode_success=torch.ones(2))
    commands = SimpleNamespace(active_terms=["lift"], get_term=lambda name: lift)
    definition = Success(kind="environment", time_out=time_out)
    success = SuccessRate(SimpleNamespace(command_manager=commands), definition)
    success.begin()
    ended(success, True, False)
    assert success.collect()["Train/success_rate"] == rate


def test_there_is_no_rate_before_the_first_episode_has_finished():
    success = SuccessRate(SimpleNamespace())
    success.begin()
    counts = {
        "Train/finished_episodes": 0,
        "Train/success_episodes": 0,
        "Train/success_window": 100,
        "Train/noise_free_environments": 0,
    }
    assert success.collect() == counts
    ended(success, None, None)
    assert success.collect() == counts
    ended(success, True, False)
    counts |= {"Train/finished_episodes": 2, "Train/success_episodes": 2, "Train/success_rate": 0.5}
    assert success.collect() == counts
    assert success.collect() == counts | {"Train/finished_episodes": 0}


def test_a_task_of_finite_horizon_tells_its_time_outs_to_the_manager_alone():
    manager = SimpleNamespace(time_outs=torch.tensor([True, False, True]))
    success = SuccessRate(SimpleNamespace(unwrapped=SimpleNamespace(termination_manager=manager)))
    success.begin()
    success.step(torch.tensor([1, 1, 0]), {})
    assert success.collect()["Train/success_rate"] == 0.5


def test_dones_in_a_tensor_that_is_used_again_are_kept():
    success = SuccessRate(SimpleNamespace())
    success.begin()
    dones, time_outs = torch.zeros(2), torch.zeros(2, dtype=torch.bool)
    for done in (0.0, 1.0, 0.0):
        dones[0] = done
        time_outs[0] = bool(done)
        success.step(dones, {"time_outs": time_outs})
    dones[:] = 1.0
    assert success.collect()["Train/finished_episodes"] == 1


def test_what_was_seen_before_the_beginning_is_forgotten():
    world = World(1)
    success = SuccessRate(world, Success(kind="upright"), simulator=MjlabSimulator(world))
    success.begin()
    world.data.data.xpos[:, 1, 0] = 5.0
    ended(success, None)
    success.begin()
    ended(success, None)
    ended(success, True)
    assert success.collect()["Train/success_rate"] == 1.0


# --- A definition that doesn't fit ---


def without(**changes):
    world = World(2)
    for name, value in changes.items():
        setattr(world, name, value)
    return world


def scene_of(robot):
    return without(scene=SimpleNamespace(entities={"robot": robot}))


NO_COMMANDS = SimpleNamespace(active_terms=[], get_term=lambda name: None)


def bare(name):
    return SimpleNamespace(command=torch.zeros(2, 7))


def bare_commands():
    return without(command_manager=SimpleNamespace(active_terms=["twist", "reach"], get_term=bare))


def one_velocity():
    terms = {"twist": World(2).twist, "reach": bare("reach")}
    return without(command_manager=SimpleNamespace(active_terms=list(terms), get_term=terms.get))


def any_of_two():
    twist = World(2).twist
    return without(command_manager=SimpleNamespace(active_terms=["a", "b"], get_term=lambda name: twist))


def bolted():
    return scene_of(SimpleNamespace(data=World(2).data, is_fixed_base=True))


@pytest.mark.parametrize(
    ("definition", "make", "message"),
    [
        (
            {"kind": "velocity", "command": "base_velocity"},
            lambda: World(2),
            "no such command: base_velocity; there are twist",
        ),
        ({"kind": "velocity"}, SimpleNamespace, "the task has no velocity command of a robot; it has no commands"),
        ({"kind": "velocity"}, lambda: without(command_manager=NO_COMMANDS), "it has no commands"),
        (
            {"kind": "velocity", "command": "reach"},
            one_velocity,
            "expected a velocity command, got reach; there are twist",
        ),
        (
            {"kind": "velocity"},
            bare_commands,
            "the task has no velocity command of a robot; there are twist, reach",
        ),
        (
            {"kind": "velocity"},
            any_of_two,
            "expected `command` to be one of a, b, got none",
        ),
        (
            {"kind": "environment"},
            bare_commands,
            "got neither; there are twist, reach",
        ),
        ({"kind": "upright"}, SimpleNamespace, "needs a robot of mjlab or of Isaac Lab: use kind time-out"),
        (
            {"kind": "upright"},
            lambda: without(scene=SimpleNamespace(entities={"terrain": 1, "a": 1, "b": 1})),
            "expected an entity called robot, got a, b",
        ),
        (
            {"kind": "upright"},
            bolted,
            "needs a robot that can move",
        ),
        (
            {"kind": "upright"},
            lambda: scene_of(object()),
            "needs a robot of mjlab or of Isaac Lab",
        ),
    ],
)
def test_a_definition_that_does_not_fit_is_refused_in_one_line(definition, make, message):
    env = make()
    with pytest.raises(TrainingError, match=message) as refused:
        SuccessRate(env, Success(**definition), simulator=MjlabSimulator(env) if hasattr(env, "scene") else None)
    assert re.match(f"success (is )?of kind {definition['kind']}", str(refused.value))
    assert len(str(refused.value).splitlines()) == 1
