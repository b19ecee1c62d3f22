"""Phases of a run on a robot, as a pure state machine: wait for a state, ramp to the default pose, run, damp.

`damped` is final, and every problem leads to it in the tick that sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Phase = Literal["wait", "ramp", "run", "damped"]

TIME_IS_OVER = "time is over"


@dataclass(frozen=True)
class Limits:
    """When a run is ended. Times are in seconds."""

    ramp_seconds: float = 2.0
    """Duration of the way to the default pose."""
    run_seconds: float = float("inf")
    """Duration of the policy's control."""
    stale_seconds: float = 0.05
    """Age of the robot's last state from which on it is damped."""
    wait_seconds: float = 5.0
    """Longest wait for the first state."""
    damp_seconds: float = 1.0
    """Time for which the robot is damped before the run ends."""
    pause_seconds: float = float("inf")
    """Longest time between two ticks: a robot that was left alone for longer is damped, not taken over again."""
    max_tilt: float = 1.0
    """Largest angle between the robot's vertical axis and the world's, rad."""


@dataclass(frozen=True)
class Tick:
    """What one tick of the loop sees."""

    now: float
    """Seconds of the runner's clock."""
    measured: float | None
    """When the latest state was measured; None before the first one."""
    tilt: float = 0.0
    """Angle from upright, rad."""
    problem: str = ""
    """Why the robot must be damped: a joint beyond its limits, a network's NaN; empty for none."""
    stop: str = ""
    """Why a user or program asks to stop; empty if nobody does."""
    pause: float = 0.0
    """Seconds since the tick before."""


@dataclass(frozen=True)
class Machine:
    """The phase, and since when."""

    since: float
    """When the phase began, seconds of the runner's clock."""
    phase: Phase = "wait"
    reason: str = ""
    """Why the robot was damped; empty before."""

    def advanced(self, tick: Tick, limits: Limits) -> Machine:
        """Return the machine after a tick: at most one phase further, or damped."""
        if self.phase == "damped":
            return self
        if reason := _reason(self, tick, limits):
            return Machine(tick.now, "damped", reason)
        elapsed = tick.now - self.since
        if self.phase == "wait" and tick.measured is not None:
            return replace(self, since=tick.now, phase="ramp")
        if self.phase == "ramp" and elapsed >= limits.ramp_seconds:
            return replace(self, since=tick.now, phase="run")
        return self

    def progress(self, now: float, limits: Limits) -> float:
        """Return the share of the ramp that is done, 0 to 1."""
        if limits.ramp_seconds <= 0.0:
            return 1.0
        return min(max((now - self.since) / limits.ramp_seconds, 0.0), 1.0)


def _reason(machine: Machine, tick: Tick, limits: Limits) -> str:
    """Return why to damp now; empty to go on."""
    if tick.stop:
        return tick.stop
    if tick.pause > limits.pause_seconds:
        return f"the loop paused for {tick.pause:.2f} s, limit {limits.pause_seconds:g} s"
    if tick.measured is None:
        waited = tick.now - machine.since
        return f"no state of the robot in {waited:.1f} s: check its connection" if waited > limits.wait_seconds else ""
    if (age := tick.now - tick.measured) > limits.stale_seconds:
        return f"the robot's last state is {1000 * age:.0f} ms old, limit {1000 * limits.stale_seconds:.0f} ms"
    if tick.problem:
        return tick.problem
    if not tick.tilt <= limits.max_tilt:
        return f"tilted by {tick.tilt:.2f} rad, limit {limits.max_tilt:.2f} rad"
    if machine.phase == "run" and tick.now - machine.since >= limits.run_seconds:
        return TIME_IS_OVER
    return ""
