"""A fake training whose knobs are changed as steering changes them."""

from __future__ import annotations

from tests.fake_training import FakeTraining
from trainer_proc.contract.messages import Change, InterventionQueued
from trainer_proc.steering.interventions import Interventions


class Session:
    """A fake training with its interventions and what they emit."""

    def __init__(self, bounds=None):
        self.training = FakeTraining()
        self.emitted = []
        self.interventions = Interventions(self.emitted.append)
        self.training.curriculum.on_competing_writer = self.interventions.competing_writer_found
        self.interventions.publish_knobs(self.training.knobs(), bounds or {})
        self.number = 0

    @property
    def values(self):
        return self.training.values

    def apply(self, values=None, iteration=4, **fields):
        """Apply an intervention; return the last body that it emits."""
        self.number += 1
        changes = tuple(Change(name, self.values[name], value) for name, value in (values or {}).items())
        self.interventions.apply(InterventionQueued(self.number, "person", changes, **fields), iteration)
        return self.emitted[-1]

    def next_iteration(self, iteration=5):
        before = len(self.emitted)
        self.interventions.new_iteration(iteration)
        return self.emitted[before:]
