"""A training with two weights and a link made of lists, which records what steering does."""

from __future__ import annotations

import math

import msgspec
import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued
from trainer_proc.knobs.live import LiveKnob, TrainingKnobs
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions, TrainingStopped

NAN = {"Loss/value": math.nan}


class Training:
    """A training whose simulator rounds weights to two decimals, and which records actions."""

    def __init__(self, ranks=None):
        self.weights = {"upright": 1.0, "effort": -0.5}
        self.link = ListLink()
        self.steering = Steering(self.link, ranks)
        self.done = []
        self.checkpoint = "model_0.pt"
        self.is_finite = True
        self.actions = Actions(
            save=lambda iteration: self.done.append(("save", iteration)),
            export=lambda iteration: self.done.append(("export", iteration)),
            reload=self.reload,
            newest_good=self.newest_good,
            reload_file=self.reload,
            is_finite=lambda: self.is_finite,
            reset_non_finite=self.renew,
        )

    def reload(self, newest, on_all_ranks):
        self.done.append(("reload", newest))
        return self.checkpoint

    def newest_good(self, before):
        """Return a checkpoint that exists; `before` is recorded."""
        self.done.append(("look", before))
        return self.checkpoint or ""

    def renew(self):
        self.done.append("renew")

    def begin(self, launch_values=None):
        knobs = [self.knob(name) for name in self.weights]
        self.steering.publish_knobs(TrainingKnobs(knobs, []), launch_values or {})
        self.steering.start_iterating(0)

    def knob(self, name):
        return LiveKnob(Knob(name, "reward", 0.0, 0.0, "next iteration", minimum=-10.0), *self.access(name))

    def access(self, name="upright"):
        """Return the knob of a weight."""

        def write(value):
            self.weights[name] = round(value, 2)

        return lambda: self.weights[name], write

    def boundary(self, *batches, after=3, metrics=None):
        """Reach a boundary with these orders queued; return what is published there."""
        self.link.batches.extend(batches)
        before = len(self.link.emitted)
        self.steering.at_boundary(after, metrics or {}, self.actions)
        return [untimed(body) for body in self.link.emitted[before:]]

    def stops(self, *batches, after=3, metrics=None):
        before = len(self.link.emitted)
        with pytest.raises(TrainingStopped):
            self.boundary(*batches, after=after, metrics=metrics)
        return [untimed(body) for body in self.link.emitted[before:]]


def untimed(body):
    """Return the body without `stall_ms`, which varies."""
    return msgspec.structs.replace(body, stall_ms=0.0) if isinstance(body, InterventionApplied) else body


def queued(number, **values):
    return InterventionQueued(number, "person", tuple(Change(name, 0.0, value) for name, value in values.items()), "n")
