"""A training that measures itself (`tests.backends.train_measured`), steered and waited for."""

from __future__ import annotations

import json
import math
from pathlib import Path

from tests.scripts import Run
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.requests import Tune


class MeasuredRun(Run):
    """`fields` are those of the `RunSpec` that aren't as `train_measured` has them."""

    def __init__(self, folder: Path, **fields) -> None:
        super().__init__(folder, "tests.backends.train_measured", str(folder), json.dumps(fields))

    def has_begun(self) -> MeasuredRun:
        """Wait for the first iteration."""
        self.wait(lambda state: state.iteration is not None, "the first iteration")
        return self

    def rollout(self, iteration: int) -> dict:
        """Wait until `iteration` is finished; return what was measured of it."""
        self.wait(lambda state: state.iteration >= iteration, f"iteration {iteration}")
        return self.witness()[iteration - self.state.first_iteration]

    def turned(self, values, when="on reset") -> dict:
        """Change knobs; return what was measured of the first iteration under them."""
        return self.rollout(self.changed(values, when).iteration)

    def changed(self, values, when="on reset"):
        """Change knobs; return what is told of it, which must be what was asked for."""
        applied = self.applied(Tune(values, when=when))
        told = {change.knob: change.new for change in applied.changes}
        assert {name: told[name] for name in values} == values
        return applied

    def values(self, *names: str) -> list:
        """Return knobs' values as a dashboard has them."""
        knobs = self.see().knobs
        return [knobs[name].value for name in names]

    def metric(self, name: str, iteration: int) -> float:
        """Wait until `iteration` is finished; return what was published of it, NaN if nothing was."""
        self.rollout(iteration)
        names, found = {}, math.nan
        for frame in self.frames:
            if isinstance(frame.body, MetricSet):
                names[frame.body.id] = frame.body.names
            elif isinstance(frame.body, IterationFinished) and frame.body.iteration == iteration:
                values = dict(zip(names[frame.body.metric_set], unpack_values(frame.body.values), strict=True))
                found = values.get(name, math.nan)
        return found
