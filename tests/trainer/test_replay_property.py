"""Whatever is done to a run, its recording does the same to another: every value at the same iteration.

Both runs are the real ones but for their sockets and the simulator: requests pass the validator, steering applies
them, frames go through MessagePack, and the recording through a preset's file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import event, given, settings
from hypothesis import strategies as st

from curricula.load import make_curricula
from presets import Preset, read_preset
from tests.fake_training import DESCRIPTIONS, MASS, SPEED, TAUGHT, TAUGHT_RANGE, WEIGHT, FakeTraining
from tests.steered import healthy_actions
from trainer_proc.contract.codec import decode_frame, decode_order, decode_request, encode, pack_values
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import (
    Frame,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    MetricSet,
    Ramp,
    RampAdvanced,
    RunStarted,
)
from trainer_proc.contract.requests import Pause, Redo, Request, Resume, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.curriculum.driver import CurriculumDriver
from trainer_proc.steering.boundary import Steering
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.recordings.recorded_preset import recorded_preset

ITERATIONS = 14
SUCCESS, EPISODES = "Train/success_rate", "Train/finished_episodes"
METRICS = (SUCCESS, EPISODES)
GROWTH = {
    "kind": "growth",
    "ranges": {MASS: {"from": [1, 1], "to": [0.5, 1.5]}},
    "steps": 4,
    "stay": 2,
    "episodes": 0,
    "down": 0.3,
}
SCHEDULE = {"kind": "schedule", "points": [{"at": 0, "set": {SPEED: [0, 1]}}, {"at": 9, "set": {SPEED: [-3, 3]}}]}
IGNORED = ("curriculum/recording",)
"""The level of the recording itself."""
CURRICULA = {"growth": GROWTH, "plan": SCHEDULE}
CURRICULUM_KNOBS = (
    "curriculum/growth/level",
    "curriculum/growth/mode",
    "curriculum/growth/stay",
    "curriculum/plan/mode",
)

ends = st.sampled_from([-3.0, 0.0, 0.2, 0.5, 1.0, 1.1 / 3, 4.0])
values_of_type = {
    "number": ends,
    "range": st.tuples(ends, ends).map(sorted).map(tuple),
    "integer": st.sampled_from([1.0, 2.0, 7.0]),
    "choice": st.sampled_from(["adaptive", "fixed"]),
}
names = [knob.name for knob in DESCRIPTIONS]
settings_of_knobs = st.lists(st.sampled_from(DESCRIPTIONS), min_size=1, max_size=3, unique_by=lambda k: k.name).flatmap(
    lambda knobs: st.fixed_dictionaries({knob.name: values_of_type[knob.type] for knob in knobs})
)
settings_of_curricula = st.sampled_from(
    [
        {CURRICULUM_KNOBS[0]: 2.0},
        {CURRICULUM_KNOBS[0]: 3.0, CURRICULUM_KNOBS[1]: "auto"},
        {CURRICULUM_KNOBS[1]: "auto"},
        {CURRICULUM_KNOBS[1]: "hold", MASS: (0.7, 0.9)},
        {CURRICULUM_KNOBS[2]: 1.0},
        {CURRICULUM_KNOBS[3]: "hold"},
        {CURRICULUM_KNOBS[3]: "auto"},
    ]
)
ramps = st.none() | st.builds(Ramp, st.sampled_from([1, 2, 3, 6]), st.sampled_from(["linear", "geometric"]))
numbers = st.none() | st.integers(1, 9)
some_knobs = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)
requests = (
    st.builds(Tune, settings_of_knobs, ramp=ramps, when=st.sampled_from(["on reset", "now"]))
    | st.builds(Tune, st.sampled_from([{TAUGHT: 3.0}, {TAUGHT_RANGE: (0.0, 2.0)}, {WEIGHT: 4.0}]))
    | st.builds(Undo, numbers)
    | st.builds(Redo, numbers)
    | st.builds(Unpin, some_knobs | st.sampled_from([(TAUGHT,), (TAUGHT_RANGE,)]))
    | st.builds(StopRamp, some_knobs)
)
writes = st.sampled_from([(TAUGHT, 0.3), (TAUGHT, 0.7), (TAUGHT_RANGE, (-0.5, 0.5)), (TAUGHT_RANGE, (-0.2, 0.2))])


@dataclass
class World:
    """Events of a training by iteration that no request causes.

    Its success rate, what its task's curriculum writes, and which knobs can't be written.
    """

    success: list[float]
    writes: list[list[tuple[str, Value]]]
    failing: list[set[str]]


@dataclass
class Batch:
    """Requests during an iteration, and in a pause after it, if any."""

    requests: list = field(default_factory=list)
    paused: list | None = None


some_requests = st.lists(requests, min_size=1, max_size=3)
batches = st.lists(st.builds(Batch, some_requests, st.none() | some_requests), min_size=4, max_size=ITERATIONS - 2)
steered = st.lists(requests | st.builds(Tune, settings_of_curricula), min_size=1, max_size=3)
steered_batches = st.lists(st.builds(Batch, steered, st.none() | steered), min_size=4, max_size=ITERATIONS - 2)
worlds = st.builds(
    World,
    st.lists(st.sampled_from([0.1, 0.5, 0.9, math.nan]), min_size=ITERATIONS, max_size=ITERATIONS),
    st.lists(st.lists(writes, max_size=2), min_size=ITERATIONS, max_size=ITERATIONS),
    st.lists(st.just(set()) | st.sets(st.sampled_from(names), max_size=1), min_size=ITERATIONS, max_size=ITERATIONS),
)


class Training:
    """A steered training from its first iteration to its last; it is the link as well."""

    def __init__(self, world: World, launch, curricula, bounds, batches: list[Batch]) -> None:
        self.validator, self.frames, self.orders = RequestValidator(), [], []
        self.paused: list | None = None
        training = FakeTraining()
        self.resampled = training.resampled
        steering = Steering(self)
        training.curriculum.on_competing_writer = steering.interventions.competing_writer_found
        self.emit(
            RunStarted(
                run="run",
                preset="preset",
                backend="mjlab",
                task="task",
                device="cpu",
                num_envs=1,
                iterations=ITERATIONS,
                seed=1,
                pid=1,
            )
        )
        self.emit(MetricSet(0, METRICS))
        steering.publish_knobs(training.knobs(), dict(launch), bounds, CurriculumDriver(make_curricula(curricula)))
        steering.start_iterating(0)
        actions = healthy_actions()
        for iteration in range(ITERATIONS):
            for name, value in world.writes[iteration]:
                training.curriculum.overwrite(name, value)
            training.failing = world.failing[iteration]
            batch = batches[iteration] if iteration < len(batches) else Batch()
            self.ask(batch.requests)
            self.paused = batch.paused
            if batch.paused is not None:
                self.orders.append(Pause())
            metrics = {SUCCESS: world.success[iteration], EPISODES: 1.0}
            self.emit(IterationFinished(iteration, 0, pack_values([*metrics.values()]), 0, 0.0))
            steering.at_boundary(iteration, metrics, actions)

    def ask(self, commands) -> None:
        for command in commands:
            answer = self.validator.answer(decode_request(encode(Request(1, command))).command)
            if isinstance(answer, InterventionQueued):
                self.publish(answer)
                self.orders.append(decode_order(encode(answer)))

    def emit(self, body) -> None:
        self.publish(self.validator.observe(body))

    def publish(self, body) -> None:
        self.frames.append(decode_frame(encode(Frame(len(self.frames), 0.0, body))))

    def receive(self, timeout_seconds=0.0):
        if timeout_seconds and self.paused is not None:
            self.ask(self.paused)
            self.orders.append(Resume())
            self.paused = None
        orders, self.orders = self.orders, []
        return orders


def applied(frames, ignored=IGNORED, first_iteration=0):
    """Return by knob the iterations and values of its changes, in the order of the journal."""
    changes = {}
    for body in (frame.body for frame in frames):
        if isinstance(body, InterventionApplied | RampAdvanced) and body.iteration >= first_iteration:
            for change in body.changes:
                if not change.knob.startswith(ignored):
                    changes.setdefault(change.knob, []).append((body.iteration, change.new))
    return changes


def settled(frames, ignored):
    """Return by knob its last value at every iteration at which it changed."""
    return {knob: dict(values) for knob, values in applied(frames, ignored).items()}


def as_preset(frames, launch, curricula, bounds, **how) -> Preset:
    spec = RunSpec(
        preset="preset",
        backend="mjlab",
        task="task",
        experiment="run",
        device="cpu",
        num_envs=1,
        iterations=ITERATIONS,
        seed=1,
        set=launch,
        bounds=bounds,
        curricula=curricula,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "again.toml"
        path.write_text(recorded_preset("run", spec, frames, **how).text, encoding="utf-8")
        return read_preset(path)


def replayed(world, preset: Preset):
    return Training(world, preset.set, preset.curriculum, preset.bounds, [])


def by_person(frames):
    return [body for frame in frames if isinstance(body := frame.body, InterventionApplied) and body.origin == "person"]


@settings(max_examples=150)
@given(worlds, st.sampled_from([{}, {WEIGHT: 2.0}]), st.sampled_from([{}, {"*": (0.15, 9.0)}]), batches)
def test_a_recording_does_what_was_done(world, launch, bounds, batches):
    run = Training(world, launch, {}, bounds, batches)
    event(f"{min(len(by_person(run.frames)), 8)} interventions or more")
    again = replayed(world, as_preset(run.frames, launch, {}, bounds))
    assert applied(again.frames) == applied(run.frames)
    if not any(isinstance(frame.body, InterventionFailed) for frame in run.frames):  # a failure resamples
        assert again.resampled == run.resampled


launches = st.sampled_from(
    [
        {},
        {WEIGHT: 2.0},
        {MASS: (0.9, 1.0)},
        {MASS: (0.9, 1.0), "curriculum/growth/mode": "auto"},
        {"curriculum/growth/level": 1.0},
        {"curriculum/growth/level": 1.0, "curriculum/growth/mode": "auto", SPEED: (0.0, 4.0)},
    ]
)


@settings(max_examples=150)
@given(worlds, launches, steered_batches)
def test_a_recording_does_what_was_done_beside_curricula_that_decide_again(world, launch, batches):
    frames = Training(world, launch, CURRICULA, {}, batches).frames
    again = replayed(world, as_preset(frames, launch, CURRICULA, {})).frames
    assert settled(again, IGNORED) == settled(frames, IGNORED)
    assert applied(again, IGNORED, 1) == applied(frames, IGNORED, 1)  # a preset sets the first values at once


@settings(max_examples=150)
@given(worlds, launches, steered_batches)
def test_a_recording_of_everyone_does_what_was_done_and_decides_nothing(world, launch, batches):
    frames = Training(world, launch, CURRICULA, {}, batches).frames
    preset = as_preset(frames, launch, CURRICULA, {}, everyone=True)
    other_world = replace(world, success=[0.9 if success < 0.3 else 0.1 for success in world.success])
    again = replayed(other_world, preset).frames
    ignored = (*IGNORED, "curriculum/growth/mode", "curriculum/plan/mode")
    assert settled(again, ignored) == settled(frames, ignored)
    assert applied(again, ignored, 1) == applied(frames, ignored, 1)


@given(worlds, st.sampled_from([1.0, -1.0]), batches)
def test_by_a_metric_that_comes_back_nowhere_a_recording_does_it_at_the_same_iterations(world, direction, batches):
    world = replace(world, success=[direction * (0.1 + iteration / 3) ** 3 for iteration in range(ITERATIONS)])
    frames = Training(world, {}, {}, {}, batches).frames
    preset = as_preset(frames, {}, {}, {}, by=SUCCESS)
    steps = preset.curriculum.get("recording", {"steps": []})["steps"]
    assert all(("metric" in step) == ("iteration" not in step) for step in steps)
    assert applied(replayed(world, preset).frames) == applied(frames)
