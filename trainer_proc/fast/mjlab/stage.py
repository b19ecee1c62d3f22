"""One method of an environment's objects as a stage: a graph replays it, captured again where its values change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from trainer_proc.fast.graph import Graph
from trainer_proc.fast.mjlab.constants import HostConstants
from trainer_proc.fast.mjlab.device_numbers import DeviceNumbers
from trainer_proc.fast.mjlab.sensor_data import Kept, SensorData
from trainer_proc.fast.mjlab.state import Moved, Slot, same_tensors, written_by
from trainer_proc.fast.mjlab.values import WatchedValues
from trainer_proc.fast.part import Part
from trainer_proc.fast.report import FastReport


@dataclass
class Engine:
    """What all stages of an environment share."""

    env: Any
    device: torch.device
    slots: list[Slot]
    """All tensors that stages may write or replace."""
    report: FastReport
    stream: Any = None
    """Stream to capture on: the one that `TorchArray` writes on."""
    give_up: Callable[[str], None] = lambda reason: None
    """Called with the reason when graphs would read what is no longer there."""

    def __post_init__(self) -> None:
        self.sensors = SensorData(list(self.env.scene.sensors.values()), self._lasting)

    def eagerly(self, run: Callable[[], Any]) -> Any:
        """Run `run` without a graph; give up fast mode if a tensor has moved that graphs may read."""
        result = None
        try:
            with same_tensors(self.slots):
                result = run()
        except Moved as error:
            self.give_up(str(error))
        self.sensors.settle()
        return result

    def _lasting(self) -> set[int]:
        tensors = [slot.get() for slot in self.slots]
        return {tensor.untyped_storage().data_ptr() for tensor in [*tensors, self.env.sim.data.sensordata]}


@dataclass
class _Variant:
    """The stage for one combination of sensors that keep data when it begins."""

    part: Part
    graph: Graph | None = None
    values: Hashable = None
    shape: Any = None
    logged: tuple[str, ...] = ()
    kept_after: Kept = ()


@dataclass
class Stage:
    """A method that is called with the same arguments at each step.

    `read` returns all host values that `run` reads, the same object while none has changed. Else the stage is captured
    again, unless all that have changed are among its `numbers`. `before` runs eagerly, ahead of each replay; `after`
    gets the result of each.
    """

    name: str
    run: Callable[[], Any]
    engine: Engine
    read: WatchedValues
    numbers: DeviceNumbers
    before: Callable[[], None] | None = None
    after: Callable[[Any], None] | None = None
    _values: Hashable = field(default=None, init=False)
    _written: list[Slot] | None = field(default=None, init=False)
    _variants: dict[Kept, _Variant] = field(default_factory=dict, init=False)
    _is_stopped: bool = field(default=False, init=False)

    @property
    def reason(self) -> str:
        """Why the stage runs eagerly, empty if it doesn't."""
        return next((variant.part.never for variant in self._variants.values() if variant.part.never), "")

    def refresh(self) -> None:
        """Read the host values again; the next call captures again if one has changed that is not on the device."""
        before, self._values = self._values, self.read()
        if self._values is not before and self.numbers.take(self.read.take_changed()):
            for variant in self._variants.values():
                if variant.values is before:
                    variant.values = self._values

    def forget(self) -> None:
        """Find out again what the stage writes, and capture again, also if that was impossible."""
        self._variants.clear()
        self._written = None

    def stop(self) -> None:
        """Replay nothing any more: a step in which fast mode is given up still ends by this stage."""
        self._is_stopped = True

    def __call__(self) -> Any:
        self.engine.sensors.settle()
        if self.before is not None:
            self.before()
        result = self._result()
        if self.after is not None:
            self.after(result)
        return result

    def _result(self) -> Any:
        if self._is_stopped:
            return self.run()
        return self._learned() if self._written is None else self._replayed(self._written)

    def _learned(self) -> Any:
        """Run eagerly, and note what the stage writes."""
        self.refresh()
        written: list[Slot] = []

        def run() -> Any:
            results: list[Any] = []
            written.extend(written_by(lambda: results.append(self.run()), self.engine.slots))
            return results[0]

        result = self.engine.eagerly(run)
        self._written = written
        return result

    def _replayed(self, written: list[Slot]) -> Any:
        engine, kept = self.engine, self.engine.sensors.kept
        variant = self._variants.get(kept)
        if variant is None:
            variant = self._variants[kept] = _Variant(Part(engine.report.part(self.name), engine.device))
        if variant.part.never:
            return self.engine.eagerly(self.run)
        if variant.graph is None or variant.values is not self._values:
            self._capture(variant, written, kept)
            if variant.graph is None and self.numbers.fix():  # maybe what reads them takes a float only
                variant.part.never = ""
                self._capture(variant, written, kept)
            if variant.graph is None:
                return self.engine.eagerly(self.run)
        results = [tensor.clone() for tensor in variant.graph.replay()]
        engine.sensors.kept = variant.kept_after
        if variant.logged:
            engine.env.extras["log"].update(zip(variant.logged, results.pop().unbind(), strict=True))
        return _rebuilt(variant.shape, iter(results))

    def _capture(self, variant: _Variant, written: list[Slot], kept: Kept) -> None:
        variant.values = self._values
        variant.graph = variant.part.graph(
            self._work(variant, written, kept),
            reads=(),
            flags=(self._values, self.numbers.generation),
            changed=[getattr(slot.get(), "_tensor", slot.get()) for slot in written],
            stream=self.engine.stream,
        )
        self.engine.sensors.kept = kept

    def _work(self, variant: _Variant, written: list[Slot], kept: Kept) -> Callable[[], Sequence[torch.Tensor]]:
        env, sensors, constants = self.engine.env, self.engine.sensors, HostConstants()

        def work() -> Sequence[torch.Tensor]:
            log, env.extras["log"] = env.extras["log"], {}
            try:
                sensors.kept = kept
                with constants, self.numbers.in_place(), same_tensors(written):
                    variant.shape, results = _flat(self.run())
                sensors.settle()
                variant.kept_after = sensors.kept
                logged = {name: _scalar(value, env.device) for name, value in env.extras["log"].items()}
            finally:
                env.extras["log"] = log
            variant.logged = tuple(logged)
            return [*results, torch.stack(list(logged.values()))] if logged else results

        return work


def _scalar(value: Any, device: Any) -> torch.Tensor:
    return value.float().reshape(()) if isinstance(value, torch.Tensor) else torch.full((), value, device=device)


def _flat(result: Any) -> tuple[Any, list[torch.Tensor]]:
    """Return the shape of a result, None, a tensor or nested mappings of tensors, and its tensors in order."""
    if isinstance(result, dict):
        parts = {name: _flat(one) for name, one in result.items()}
        return {name: shape for name, (shape, _) in parts.items()}, [
            t for _, tensors in parts.values() for t in tensors
        ]
    return (None, []) if result is None else (True, [result])


def _rebuilt(shape: Any, tensors: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _rebuilt(one, tensors) for name, one in shape.items()}
    return None if shape is None else next(tensors)
