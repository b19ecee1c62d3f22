"""Frames of what watches a training: guards, competing writers, fast mode's captures, memory, stalls."""

from __future__ import annotations

from typing import Literal

import msgspec

from trainer_proc.contract.limits import Count, Iteration

GuardAction = Literal["warned", "paused", "undone"]


class GuardFired(msgspec.Struct, frozen=True, tag=True):
    """A guard has detected a problem."""

    guard: str
    """Name of the guard."""
    iteration: Iteration
    """Iteration whose metrics it judged."""
    message: str
    """What is wrong, one line."""
    action: GuardAction
    """What was done about it."""


class GuardCalmed(msgspec.Struct, frozen=True, tag=True):
    """The problem that a guard has reported is over."""

    guard: str
    """Name of the guard."""
    iteration: Iteration
    """Iteration whose metrics ended the episode of trouble."""


class CompetingWriterFound(msgspec.Struct, frozen=True, tag="OverwriterFound"):
    """Something else in the training was found to write a knob."""

    knob: str
    """Name of the knob."""
    competing_writer: str = msgspec.field(name="overwriter")
    """What writes it, a curriculum term for one."""
    pinned: bool
    """Whether the knob is held against it, because it had been changed before."""


class LeftOut(msgspec.Struct, frozen=True, tag=True):
    """Something of the training can't be observed; training continues without it."""

    what: str
    """What is left out: a metric, some knobs, the export."""
    reason: str
    """One line."""


FAST_MODE = "fast mode"
"""What `LeftOut` calls fast mode of an environment."""


class StepPart(msgspec.Struct, frozen=True):
    """A part of the training step in fast mode."""

    name: str
    reason: str
    """Why it runs eagerly, one line; empty if a graph replays it."""


class StepCaptured(msgspec.Struct, frozen=True, tag=True):
    """Which parts of the training step graphs replay; sent when that changes, at the end of an iteration."""

    parts: tuple[StepPart, ...]
    captures: int
    """Captures so far; a change of a value captures again what reads it."""
    seconds: float
    """Duration of the slowest capture."""


class MemoryMeasured(msgspec.Struct, frozen=True, tag=True):
    """Memory of the training's device, after the first iterations; sent again once it has grown."""

    name: str
    """Name of the GPU, or of the CPU's architecture."""
    used_bytes: Count
    """Peak of this process: on a CPU its main memory, on a GPU what the driver reports."""
    total_bytes: Count
    """Memory of the device."""
    of_all: bool = False
    """Whether `used_bytes` is of all processes: the driver does not know them (containers, WSL)."""


class WireRestarted(msgspec.Struct, frozen=True, tag=True):
    """The wire process had died; a new one continues the journal, with every frame since the last record."""

    times: int
    """Restarts of this training so far."""


class TrainerStalled(msgspec.Struct, frozen=True, tag=True):
    """The training makes no progress, seen by the wire process; the next iteration ends that."""

    seconds: float
    """Time since the last iteration."""
    doing: str
    """What the process does, one line that continues `the training process`."""


MonitoringBody = (
    GuardFired
    | GuardCalmed
    | CompetingWriterFound
    | LeftOut
    | StepCaptured
    | MemoryMeasured
    | WireRestarted
    | TrainerStalled
)
"""Bodies of what watches a training."""
