"""The state machine of a run: it always ends damped, never skips the ramp, and never leaves damping."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.deploy.phases import TIME_IS_OVER, Limits, Machine, Tick

LIMITS = Limits(ramp_seconds=1.0, run_seconds=2.0, stale_seconds=0.05, wait_seconds=3.0, max_tilt=0.8)

steps = st.floats(0.001, 0.5)
ages = st.one_of(st.none(), st.floats(0.0, 0.1))
tilts = st.one_of(st.floats(0.0, math.pi), st.just(math.nan))
texts = st.sampled_from(["", "", "", "", "left_knee is at 3 rad"])
ticks = st.lists(st.tuples(steps, ages, tilts, texts, texts), max_size=40)


def played(sequence):
    """Yield each tick with the machine before and after it."""
    machine, now = Machine(0.0), 0.0
    for step, age, tilt, problem, stop in sequence:
        now += step
        tick = Tick(now, None if age is None else now - age, tilt, problem, stop)
        before, machine = machine, machine.advanced(tick, LIMITS)
        yield before, tick, machine


@given(ticks)
def test_damped_is_final_and_has_a_reason(sequence):
    for before, _, after in played(sequence):
        if before.phase == "damped":
            assert after == before
        assert (after.phase == "damped") == bool(after.reason)


@given(ticks)
def test_every_problem_damps_in_its_own_tick(sequence):
    for before, tick, after in played(sequence):
        is_stale = tick.measured is not None and tick.now - tick.measured > LIMITS.stale_seconds
        is_tilted = tick.measured is not None and not tick.tilt <= LIMITS.max_tilt
        has_problem = tick.measured is not None and tick.problem
        if tick.stop or is_stale or is_tilted or has_problem:
            assert after.phase == "damped"
        elif after.phase == "damped" and before.phase != "damped":
            waited = before.phase == "run" or tick.measured is None
            assert waited, "only time ends a run without a problem"


@given(ticks)
def test_the_policy_acts_only_after_a_whole_ramp(sequence):
    ramp_began = None
    for before, tick, after in played(sequence):
        order = ["wait", "ramp", "run"]
        if after.phase != "damped":
            assert order.index(after.phase) - order.index(before.phase) in (0, 1)
        if (before.phase, after.phase) == ("wait", "ramp"):
            ramp_began = tick.now
        if (before.phase, after.phase) == ("ramp", "run"):
            assert tick.now - ramp_began >= LIMITS.ramp_seconds
        assert 0.0 <= after.progress(tick.now, LIMITS) <= 1.0


@given(st.lists(steps, min_size=60, max_size=60))
def test_a_healthy_robot_runs_for_its_time(sequence):
    ended = [(tick.now, after) for _, tick, after in played([(step, 0.0, 0.0, "", "") for step in sequence])]
    now, last = ended[-1]
    began = next((at for at, after in ended if after.phase == "run"), None)
    if last.phase == "damped":
        assert last.reason == TIME_IS_OVER
        assert last.since - began >= LIMITS.run_seconds
    else:
        assert began is None or now - began < LIMITS.run_seconds


def test_a_robot_that_sends_nothing_ends_the_wait():
    machine = Machine(0.0)
    for now in (1.0, 2.0, 3.0):
        machine = machine.advanced(Tick(now, None), LIMITS)
        assert machine.phase == "wait"
    machine = machine.advanced(Tick(3.1, None), LIMITS)
    assert machine == Machine(3.1, "damped", "no state of the robot in 3.1 s: check its connection")
