"""Terms that are not of mjlab, such as a user's own: a graph repeats what it saw when it was captured.

A term may decide in Python, count on the host or ask the device for a number. Captured, it would go on with what held
at the capture, without an error. Whatever can't be ruled out runs eagerly, ahead of the graph of its manager.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType
from typing import Any

import torch

from trainer_proc.contract.errors import one_line
from trainer_proc.fast.graph import CaptureError, Graph, capture, fixed_like
from trainer_proc.fast.mjlab.state import Moved, Slot, restored, written_by
from trainer_proc.fast.mjlab.values import values_of
from trainer_proc.fast.replaced import replaced
from trainer_proc.fast.report import FastReport

_KNOWN = ("mjlab.", "trainer_proc.")
"""Packages whose terms are tested in graphs."""
_WAITING = frozenset({"item", "tolist", "cpu", "numpy", "nonzero", "argwhere", "masked_select", "unique"})
_COUNTERS = frozenset({"common_step_counter", "_sim_step_counter"})
_BRANCHES = frozenset(name for name in dis.opname if ("JUMP" in name and "_IF_" in name) or name == "FOR_ITER")
_WRITES = frozenset({"STORE_GLOBAL", "STORE_DEREF"})
_CHANGED, _FROZEN = "it changes its attributes on the host", "its value is not what its graph repeats"


def is_foreign(func: Any) -> bool:
    """Return whether a term's function, or its class, is neither mjlab's nor ours."""
    owner = func if isinstance(func, type) or hasattr(func, "__code__") else type(func)
    return not str(getattr(owner, "__module__", "")).startswith(_KNOWN)


def foreign_part(scene: Any) -> str:
    """Return the name of an entity or a sensor that is foreign or has a foreign actuator; empty if there is none."""
    for name, part in [*scene.entities.items(), *scene.sensors.items()]:
        if is_foreign(part) or any(is_foreign(actuator) for actuator in getattr(part, "actuators", ())):
            return str(name)
    return ""


def why_eager(func: Any) -> str:
    """Return why a foreign term has to run eagerly, empty if its code can be captured.

    No branch is allowed: what it decides by may be a number of the host, which changes.
    """
    for code in _code_of(func):
        names = set(code.co_names)
        if counters := names & _COUNTERS:
            return f"it reads {min(counters)}, which changes at each step"
        if waits := names & _WAITING:
            return f"it calls {min(waits)}, which waits for the device"
        for instruction in dis.get_instructions(code):
            if instruction.opname in _WRITES:
                return f"it writes {instruction.argval} on the host"
            if instruction.opname in _BRANCHES:
                return "it decides or loops in Python"
    return ""


class ForeignTerms:
    """The foreign terms of a manager: those that run eagerly, and those that are still being watched."""

    def __init__(
        self, label: str, terms: list[tuple[str, Any]], env: Any, slots: list[Slot], report: FastReport, stream: Any
    ) -> None:
        """`terms` are names and configurations of all terms; `label` begins their names in `report`."""
        self._label, self._env, self._slots, self._report, self._stream = label, env, slots, report, stream
        self._eager: dict[str, Any] = {}
        self._watched: dict[str, Any] = {}
        self._values: dict[str, torch.Tensor] = {}
        self._probes: dict[str, tuple[Hashable, Graph]] = {}
        self._calls = 0
        self.changed: Callable[[], None] = lambda: None
        """Called when a term that was captured turns out to be one that can't be."""
        for name, cfg in terms:
            if is_foreign(cfg.func):
                self._watched[name] = cfg
                if reason := why_eager(cfg.func):
                    self._run_eagerly(name, reason)

    def compute(self) -> None:
        """Compute the eager terms for this step; watch the others at steps that get rarer."""
        self._calls += 1
        if self._watched and self._calls.bit_count() == 1:  # steps 1, 2, 4, 8, ...
            self._watch()
        for name, cfg in self._eager.items():
            self._keep(name, cfg.func(self._env, **cfg.params))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the manager find the eager terms' values where it calls the terms."""
        with ExitStack() as stack:
            for name, cfg in self._eager.items():
                value = self._values[name]
                stack.enter_context(replaced(cfg, func=lambda *_, _value=value, **__: _value))
            yield

    def _keep(self, name: str, value: torch.Tensor) -> None:
        if name not in self._values:
            self._values[name] = fixed_like(value)
        self._values[name].copy_(value)

    def _run_eagerly(self, name: str, reason: str) -> None:
        self._eager[name] = self._watched.pop(name)
        self._probes.pop(name, None)
        self._report.part(f"{self._label}/{name}").is_eager(reason)

    def _watch(self) -> None:
        found = {name: reason for name, cfg in self._watched.items() if (reason := self._why_not(name, cfg))}
        for name, reason in found.items():
            self._run_eagerly(name, reason)
        if found:
            self.changed()

    def _why_not(self, name: str, cfg: Any) -> str:
        """Return what is seen of a term that can't be captured in a call of it, which leaves no trace."""
        try:
            return self._seen(name, cfg)
        except Exception as error:  # of a user's objects; the eager call raises again what is a fault of the term
            return one_line(error)

    def _seen(self, name: str, cfg: Any) -> str:
        attributes, own = _attributes(cfg.func), dict(getattr(cfg.func, "__dict__", {}))
        results: list[torch.Tensor] = []
        try:
            with restored(self._slots):
                written = written_by(lambda: results.append(cfg.func(self._env, **cfg.params).clone()), self._slots)
        except Moved as error:
            return str(error)
        has_changed = _attributes(cfg.func) != attributes
        getattr(cfg.func, "__dict__", {}).update(own)
        if written:
            return f"it writes {written[0].key}"
        if has_changed:
            return _CHANGED
        values = values_of([cfg])
        known, probe = self._probes.get(name, (None, None))
        if probe is None or known != values:
            try:
                probe = capture(
                    lambda: (cfg.func(self._env, **cfg.params),), torch.device(self._env.device), stream=self._stream
                )
            except CaptureError as error:
                return str(error)
            self._probes[name] = values, probe
        return "" if torch.equal(probe.replay()[0], results[0]) else _FROZEN


def _attributes(func: Any) -> Hashable:
    """Return the plain attributes of a term that is an object; a tensor may be replaced."""
    return _without_tensors(values_of([vars(func)])) if not hasattr(func, "__code__") else ()


def _without_tensors(values: Hashable) -> Hashable:
    if isinstance(values, tuple):
        is_tensor = len(values) == 2 and isinstance(values[1], torch.Size)
        return () if is_tensor else tuple(_without_tensors(one) for one in values)
    return values


def _code_of(func: Any) -> Iterator[CodeType]:
    """Yield the code of a function, or of an object's call, and of the foreign functions that it names."""
    pending = [func if hasattr(func, "__code__") else type(func).__call__]
    seen: set[CodeType] = set()
    while pending:
        function = pending.pop()
        code = getattr(function, "__code__", None)
        if code is None or code in seen:
            continue
        seen.add(code)
        yield code
        yield from (one for one in code.co_consts if isinstance(one, CodeType))
        named = (function.__globals__.get(name) for name in code.co_names)
        pending += [one for one in named if hasattr(one, "__code__") and is_foreign(one) and not _is_of_torch(one)]


def _is_of_torch(function: Any) -> bool:
    return str(function.__module__).startswith("torch")
