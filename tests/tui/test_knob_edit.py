"""What is typed into the dialog of a knob, judged and turned into a request."""

from __future__ import annotations

import pytest

from tests.tui.many_knobs import g1_knobs
from trainer_proc.contract.knob import Knob, is_numeric, value_text
from trainer_proc.contract.messages import InterventionQueued, Ramp
from trainer_proc.contract.requests import Tune
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.knob_states import KnobState, RampState
from tui.session.knobs.edit import (
    EditFields,
    changes_nothing,
    edit_command,
    edit_problem,
    line_fields,
    line_problem,
    value_fields,
)

KNOBS = {knob.name: KnobState(knob, knob.value) for knob in g1_knobs().knobs}
WEIGHT, PUSH, MODE = "reward/upright/weight", "event/push_robot/velocity_range/x", "guard/kl/mode"
EPOCHS, SWITCH, GAMMA = "ppo/num_learning_epochs", "command/twist/heading_command", "ppo/gamma"
FRICTION = "event/foot_friction/ranges"


def problem(name, *value, **more):
    return edit_problem(KNOBS[name], EditFields(value, **more))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (WEIGHT, ("2",)),
        (WEIGHT, (" 1e-4 ",)),
        (PUSH, ("-1", "1")),
        (PUSH, ("0", "0")),
        (MODE, ("off",)),
        (SWITCH, ("off",)),
        (EPOCHS, ("3",)),
        (GAMMA, ("1",)),
    ],
)
def test_what_the_trainer_would_take_is_no_problem(name, value):
    assert problem(name, *value) is None


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (WEIGHT, ("",), "expected a number"),
        (WEIGHT, ("two",), "expected a number"),
        (WEIGHT, ("1:2",), "expected a number"),
        (WEIGHT, ("on",), "expected a number"),
        (WEIGHT, ("nan",), f"{WEIGHT}: expected a finite number, got nan"),
        (PUSH, ("-1", ""), "expected two numbers"),
        (PUSH, ("-1:1", "1"), "expected two numbers"),
        (PUSH, ("1", "-1"), f"{PUSH}: expected LOW ≤ HIGH, got 1:-1"),
        (PUSH, ("-inf", "1"), f"{PUSH}: expected a finite number, got -inf"),
        (FRICTION, ("-0.1", "1"), f"{FRICTION}: expected at least 0, got -0.1"),
        (EPOCHS, ("2.5",), f"{EPOCHS}: expected a whole number, got 2.5"),
        (EPOCHS, ("0",), f"{EPOCHS}: expected at least 1, got 0"),
        (GAMMA, ("1.5",), f"{GAMMA}: expected at most 1, got 1.5"),
        (MODE, ("on",), f"{MODE}: expected off or warn or act, got on"),
        (SWITCH, ("maybe",), "expected a value"),
    ],
)
def test_what_the_trainer_would_refuse_is_told(name, value, line):
    assert problem(name, *value) == line


@pytest.mark.parametrize("ramp", ["-3", "2.5", "many", "1e3", "9999999999"])
def test_a_ramp_takes_a_whole_number_of_iterations(ramp):
    assert problem(WEIGHT, "2", ramp=ramp) == f"expected a whole number of iterations for the ramp, got {ramp}"


def test_a_ramp_takes_at_least_one_iteration():
    assert problem(WEIGHT, "2", ramp="0") == "expected at least 1 iteration for the ramp, got 0"


def test_a_geometric_ramp_needs_positive_values():
    line = "a geometric ramp needs positive values at both ends; use a linear ramp"
    air_time = "reward/air_time/weight"
    assert problem(WEIGHT, "2", ramp="5", shape="geometric") is None
    assert problem(WEIGHT, "-2", ramp="5", shape="geometric") == f"{WEIGHT}: {line}"
    assert problem(air_time, "2", ramp="5", shape="geometric") == f"{air_time}: {line}"  # it is 0 now
    assert problem(PUSH, "0.1", "1", ramp="5", shape="geometric") == f"{PUSH}: {line}"
    assert problem(WEIGHT, "-2", shape="geometric") is None  # at once: the shape does not matter


def test_a_curriculum_s_level_can_t_be_ramped():
    level = Knob("velocity/level", "curriculum", 2.0, 0.0, "next iteration", type="integer")
    line = "velocity/level can't be ramped: it has no intermediate values"
    assert edit_problem(KnobState(level, level.value), EditFields(("4",), ramp="5")) == line
    assert edit_problem(KnobState(level, level.value), EditFields(("4",))) is None


def test_words_and_switches_have_no_values_in_between():
    assert [is_numeric(KNOBS[name].knob) for name in (WEIGHT, PUSH, EPOCHS, MODE, SWITCH)] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_the_request_holds_all_that_was_typed():
    fields = EditFields(("-1", "1.5"), " harder ", " 20 ", "linear", "now")
    assert edit_command(KNOBS[PUSH], fields, 7) == Tune(
        {PUSH: (-1.0, 1.5)}, "harder", revision=7, when="now", ramp=Ramp(20, "linear")
    )
    assert edit_command(KNOBS[MODE], EditFields(("off",)), 0) == Tune({MODE: "off"}, revision=0)
    assert edit_command(KNOBS[SWITCH], EditFields(("off",)), 0).values == {SWITCH: False}


@pytest.mark.parametrize("name", [WEIGHT, PUSH, MODE, SWITCH, EPOCHS, FRICTION])
def test_a_value_put_into_the_fields_is_the_value_that_they_hold(name):
    fields = EditFields(value_fields(KNOBS[name].value))
    assert edit_command(KNOBS[name], fields, 0).values == {name: KNOBS[name].value}


@pytest.mark.parametrize(
    ("name", "value", "more"),
    [
        (WEIGHT, ("2",), {"ramp": "5", "shape": "geometric"}),
        (PUSH, ("-1", "1"), {"ramp": "5"}),
        (MODE, ("off",), {}),
        (FRICTION, ("0", "1"), {"when": "now"}),
    ],
)
def test_the_trainer_s_desk_agrees(name, value, more):
    validator = RequestValidator()
    validator.observe(g1_knobs())
    fields = EditFields(value, **more)
    assert edit_problem(KNOBS[name], fields) is None
    assert isinstance(validator.answer(edit_command(KNOBS[name], fields, 0)), InterventionQueued)


@pytest.mark.parametrize(
    ("name", "text", "fields"),
    [
        (WEIGHT, "2", ("2",)),
        (PUSH, "-1:1", ("-1", "1")),
        (PUSH, "(-1, 1)", ("-1", " 1")),
        (PUSH, "0.5", ("0.5", "")),
        (MODE, "off", ("off",)),
    ],
)
def test_one_line_means_what_the_dialog_would(name, text, fields):
    assert line_fields(KNOBS[name].knob, text) == EditFields(fields)


@pytest.mark.parametrize("name", [WEIGHT, PUSH, MODE, SWITCH, EPOCHS, FRICTION])
def test_a_value_put_on_one_line_is_no_problem_and_changes_nothing(name):
    state = KNOBS[name]
    text = value_text(state.value)
    assert line_problem(state, text) is None
    assert changes_nothing(state, line_fields(state.knob, text))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (WEIGHT, "two", "expected a number"),
        (PUSH, "0.5", "expected LOW:HIGH"),
        (PUSH, "1:-1", "expected LOW ≤ HIGH, got 1:-1"),
        (FRICTION, "-0.1:1", "expected at least 0, got -0.1"),
        (GAMMA, "1.5", "expected at most 1, got 1.5"),
    ],
)
def test_beside_the_name_a_problem_is_told_without_it(name, text, line):
    assert line_problem(KNOBS[name], text) == line


def test_the_same_value_still_changes_something_where_it_pins_or_ends_a_ramp():
    lin_vel = KNOBS["command/twist/lin_vel_x"]
    assert not changes_nothing(lin_vel, EditFields(("-1", "1")))  # a curriculum writes it: an edit pins it
    on_ramp = KnobState(KNOBS[WEIGHT].knob, 1.0, ramp=RampState(2.0, "linear", 3))
    assert not changes_nothing(on_ramp, EditFields(("1",)))
    waiting = KnobState(KNOBS[WEIGHT].knob, 1.0, pending=2.0, pending_intervention=1)
    assert not changes_nothing(waiting, EditFields(("1",)))
    assert not changes_nothing(KNOBS[WEIGHT], EditFields(("1",), ramp="5"))
    assert not changes_nothing(KNOBS[WEIGHT], EditFields(("1.5",)))
