"""The knobs of a training that was built in the test's own process, turned as steering turns them."""

from __future__ import annotations

from trainer_proc.contract.knob import refusal
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.simulators.registry import simulator_of


class Turned:
    """A runner's knobs, and what was reported of competing writers."""

    def __init__(self, runner):
        self.runner = runner
        self.reports = []
        self.training = discover_knobs(
            runner,
            simulator_of(getattr(runner.env, "unwrapped", runner.env)),
            lambda *report: self.reports.append(report),
        )
        self.knobs = {knob.name: knob for knob in self.training.knobs}

    def turn(self, name, value, when=None):
        """Write a knob as steering does: only what the knob's description allows."""
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
