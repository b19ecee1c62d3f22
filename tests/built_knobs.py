"""Knobs of a training that is built in the test process, written as steering writes them."""

from __future__ import annotations

from trainer_proc.contract.knob import refusal
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.simulators.registry import simulator_of


class BuiltKnobs:
    """A runner's knobs, and the competing writers that were reported."""

    def __init__(self, runner):
        self.runner = runner
        self.reports = []
        self.training = discover_knobs(
            runner,
            simulator_of(getattr(runner.env, "unwrapped", runner.env)),
            lambda *report: self.reports.append(report),
        )
        self.knobs = {knob.name: knob for knob in self.training.knobs}

    def set(self, name, value, when=None):
        """Write a knob as steering does, within its description."""
        knob = self.knobs[name]
        assert refusal(knob.description, value) is None
        knob.write(value)
        assert knob.read() == value
        if when is not None:
            knob.resample(when)

    def hold(self, name):
        return sum(writer.hold(name) for writer in self.training.competing_writers) > 0

    def release(self, name):
        for writer in self.training.competing_writers:
            writer.release(name)
