"""A training made of a dictionary: knobs of every type, a curriculum that writes some, and a link made of lists."""

from __future__ import annotations

from collections import deque

from trainer_proc.contract.knob import Knob
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs

WEIGHT, SPEED, EPOCHS, SCHEDULE = "reward/upright/weight", "command/speed", "ppo/epochs", "ppo/schedule"
MASS, FRICTION = "event/body/mass", "event/body/friction"
TAUGHT, TAUGHT_RANGE = "reward/effort/weight", "command/turn"
WRITER = "curriculum term steps"

NUMBER = {"takes_effect": "next iteration"}
DRAWN = {"takes_effect": "re-randomized now", "can_resample_now": True}
DESCRIPTIONS = (
    Knob(WEIGHT, "reward", 1.0, 1.0, **NUMBER, minimum=-10.0, maximum=10.0),
    Knob(SPEED, "command", (-1.0, 1.0), (-1.0, 1.0), "at the next command", type="range", minimum=-10.0, maximum=10.0),
    Knob(EPOCHS, "algorithm", 5.0, 5.0, **NUMBER, type="integer", minimum=1.0, maximum=20.0),
    Knob(SCHEDULE, "algorithm", "adaptive", "adaptive", **NUMBER, type="choice", choices=("adaptive", "fixed")),
    Knob(MASS, "randomization", (0.9, 1.1), (0.9, 1.1), **DRAWN, type="range", minimum=0.1, maximum=9.0),
    Knob(FRICTION, "randomization", 0.5, 0.5, **DRAWN, minimum=0.1, maximum=9.0),
    Knob(TAUGHT, "reward", 1.0, 1.0, **NUMBER, minimum=-10.0, maximum=10.0),
    Knob(TAUGHT_RANGE, "command", (-1.0, 1.0), (-1.0, 1.0), **NUMBER, type="range", minimum=-10.0, maximum=10.0),
)


class Refusing(Exception):
    """An error of the simulator."""


class FakeCurriculum:
    """Writes knobs on request, and tracks which are held against it, as `CurriculumTerms` does."""

    def __init__(self, values):
        self.values = values
        self.known = set()
        self.held = set()
        self.own = {}
        self.on_competing_writer = lambda knob, writer, pinned: None
        self.iterations = 0

    def overwrite(self, knob, value):
        """Write a knob as a curriculum term does at a reset."""
        self.own[knob] = value
        if knob not in self.known:
            self.known.add(knob)
            self.on_competing_writer(knob, WRITER, knob in self.held)
        if knob not in self.held:
            self.values[knob] = value

    def competing_writer_of(self, knob):
        return WRITER if knob in self.known else ""

    def hold(self, knob):
        self.held.add(knob)
        return knob in self.known

    def release(self, knob):
        if knob in self.held and knob in self.known:
            self.values[knob] = self.own[knob]
        self.held.discard(knob)

    def new_iteration(self):
        self.iterations += 1


class FakeTraining:
    """Writes of knobs in `failing` raise; with `resample_fails`, the `resample` that two knobs share raises."""

    def __init__(self):
        self.values = {knob.name: knob.value for knob in DESCRIPTIONS}
        self.failing = set()
        self.resample_fails = False
        self.resampled = []
        self.curriculum = FakeCurriculum(self.values)

    def knobs(self):
        return TrainingKnobs([self.knob(description) for description in DESCRIPTIONS], [self.curriculum])

    def knob(self, description):
        name = description.name

        def write(value):
            if name in self.failing:
                raise Refusing(f"{name}\ncan't be written")
            self.values[name] = int(value) if description.type == "integer" else value

        def read():
            value = self.values[name]
            return float(value) if isinstance(value, int) else value

        resample = self.resample if description.can_resample_now else None
        return LiveKnob(description, read, write, resample)

    def resample(self, when):
        self.resampled.append((when, self.values[MASS], self.values[FRICTION]))
        if self.resample_fails:
            raise Refusing("no more memory")


class ListLink:
    """Returns one batch of orders per call of `receive`, and records emitted bodies."""

    robot = None

    def __init__(self, *batches):
        self.batches = deque(batches)
        self.emitted = []
        self.waits = []
        self.on_wait = lambda: None

    def emit(self, body):
        self.emitted.append(body)

    def receive(self, timeout_seconds=0.0):
        self.waits.append(timeout_seconds)
        if timeout_seconds:
            self.on_wait()
        return self.batches.popleft() if self.batches else []

    def of(self, kind):
        return [body for body in self.emitted if isinstance(body, kind)]
