"""What knobs were set to over a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.screens.recorded import frames_of
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    RampAdvanced,
)
from tui.session.knobs.history import KnobHistory
from tui.session.state import RunState

NEXT = "next iteration"
WEIGHT = Knob("weight", "reward", 1.0, 1.0, NEXT)
RANGE = Knob("range", "event", (-1.0, 1.0), (-1.0, 1.0), NEXT, type="range")
MODE = Knob("mode", "guard", "warn", "warn", NEXT, type="choice", choices=("off", "warn", "act"))
SWITCH = Knob("switch", "command", True, True, NEXT, type="switch")


def after(*bodies):
    history = KnobHistory()
    history.apply(
        [Frame(i, 0.0, body) for i, body in enumerate((KnobsAvailable(0, (WEIGHT, RANGE, MODE, SWITCH)), *bodies))]
    )
    return history


def applied(iteration, name, new, old=0.0):
    return InterventionApplied(iteration, "person", iteration, 1, (Change(name, old, new),))


def finished(iteration):
    return IterationFinished(iteration, 0, b"", 1, 1.0)


def test_a_knob_that_was_never_changed_has_no_line():
    history = after(finished(0), finished(9))
    assert history.values("weight") == [(None, (1.0, 1.0))]
    assert history.line("weight", 5) == ""
    assert history.line("no such knob", 5) == ""
    assert history.values("no such knob") == []


def test_values_come_with_the_first_iteration_under_them():
    history = after(applied(3, "weight", 2.0), RampAdvanced(4, 1, (Change("weight", 2.0, 3.0),), {}), finished(9))
    assert history.values("weight") == [(None, (1.0, 1.0)), (3, (2.0, 2.0)), (4, (3.0, 3.0))]


def test_words_and_switches_are_numbers_too():
    history = after(applied(3, "mode", "act"), applied(4, "switch", False))
    assert history.values("mode") == [(None, (1.0, 1.0)), (3, (2.0, 2.0))]
    assert history.values("switch") == [(None, (1.0, 1.0)), (4, (0.0, 0.0))]


def test_a_line_shows_the_run_from_its_first_iteration_to_its_last():
    history = after(finished(100), applied(105, "weight", 2.0), finished(109))
    assert history.line("weight", 10) == "▁▁▁▁▁█████"
    assert history.line("weight", 5) == "▁▁███"
    assert history.line("weight", 0) == ""


def test_what_was_taken_back_at_once_is_still_seen():
    history = after(finished(0), applied(500, "weight", 9.0), applied(501, "weight", 1.0), finished(999))
    assert history.line("weight", 10) == "▁▁▁▁▁█▁▁▁▁"


def test_a_range_is_drawn_by_its_width_or_where_that_stays_by_its_centre():
    moved = after(finished(0), applied(5, "range", (0.0, 2.0)), finished(9))
    assert (moved.drawn_as("range"), moved.line("range", 4)) == ("centre", "▁▁██")
    wider = after(finished(0), applied(5, "range", (-2.0, 2.0)), finished(9))
    assert (wider.drawn_as("range"), wider.line("range", 4)) == ("width", "▁▁██")
    assert wider.drawn_as("weight") == "value"


def test_a_change_before_the_first_iteration_and_one_behind_the_last_are_on_the_line():
    assert after(applied(0, "weight", 2.0)).line("weight", 3) == "▁▁█"
    assert after(finished(0), finished(4), applied(5, "weight", 2.0)).line("weight", 3) == "▁▁█"


def test_a_trainer_that_was_started_again_begins_anew():
    history = after(applied(3, "weight", 2.0))
    history.apply([Frame(9, 0.0, KnobsAvailable(0, (WEIGHT,)))])
    assert history.values("weight") == [(None, (1.0, 1.0))]


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(-5, 5)), min_size=1, max_size=60).map(sorted),
    st.integers(1, 40),
)
def test_a_line_agrees_with_looking_at_every_iteration(changes, width):
    bodies = [applied(iteration, "weight", float(value)) for iteration, value in changes]
    history = after(finished(0), *bodies, finished(300))
    held = [1.0]  # before the first iteration, then at each
    steps = {i: [float(v) for at, v in changes if at == i] for i, _ in changes}
    parts = [range(301 * part // width, 301 * (part + 1) // width) for part in range(width)]
    expected = []
    for part in parts:
        begun, seen = held[-1], []
        for iteration in part:
            seen += steps.get(iteration, [])
            held += steps.get(iteration, [])
        low, high = min([begun, *seen]), max([begun, *seen])
        expected.append(high if high - begun >= begun - low else low)
    line = history.line("weight", width)
    if len(history.values("weight")) == 1:
        assert line == ""
        return
    lowest, highest = min(expected), max(expected)
    for cell, value in zip(line, expected, strict=True):
        if lowest == highest:
            assert cell == "▄"
        else:
            assert cell == "▁▂▃▄▅▆▇█"[min(int((value - lowest) / (highest - lowest) * 8), 7)]


@pytest.mark.parametrize("recording", ["g1-levels", "g1-curricula", "g1-steered"])
def test_of_a_real_run_the_last_values_are_those_of_the_state(recording):
    history, state = KnobHistory(), RunState()
    frames = frames_of(recording)
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    numeric = [knob for knob in state.knobs.values() if knob.knob.type in ("number", "integer", "range")]
    assert len(numeric) > 100
    for knob in numeric:
        value = knob.value if isinstance(knob.value, tuple) else (knob.value, knob.value)
        assert history.values(knob.knob.name)[-1][1] == value


def test_of_a_real_ramp_every_step_is_kept():
    history = KnobHistory()
    history.apply(frames_of("g1-levels"))
    values = history.values("reward/track_angular_velocity/weight")
    assert [iteration for iteration, _ in values[1:]] == list(range(962, 1022))  # 60 steps
    assert values[-1][1] == (3.0, 3.0)
    assert history.line("reward/track_angular_velocity/weight", 12) == "▁███████████"
