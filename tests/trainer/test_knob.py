"""Values of knobs: which are accepted, and as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.knob import Knob, fitted, number_text, parse_value, refusal, unknown_knob, value_text

finite = st.floats(allow_nan=False, allow_infinity=False)


def six_digits(number):
    return float(f"{number:g}")


def knob(type="number", **fields):
    return Knob("k", "reward", 0.0, 0.0, "next iteration", type=type, **fields)


# --- Text -------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False))
def test_a_number_is_read_back_to_six_digits(number):
    assert parse_value(value_text(number)) == six_digits(number)


@given(finite, finite)
def test_a_range_is_read_back_to_six_digits(low, high):
    assert parse_value(value_text((low, high))) == (six_digits(low), six_digits(high))


@given(st.booleans())
def test_a_switch_is_read_back(switch):
    assert parse_value(value_text(switch)) is switch


@given(st.text())
def test_any_text_is_read_as_some_value(text):
    value = parse_value(text)
    assert isinstance(value, float | bool | str | tuple)
    if isinstance(value, str):
        assert value == text.strip()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (" -3 ", -3.0),
        ("1e-3", 0.001),
        ("-1:1", (-1.0, 1.0)),
        ("-1,1", (-1.0, 1.0)),
        ("(-1, 1)", (-1.0, 1.0)),
        ("[-1: 1]", (-1.0, 1.0)),
        ("on", True),
        ("TRUE", True),
        ("Off", False),
        ("adaptive", "adaptive"),
        ("1:2:3", "1:2:3"),
        ("1:", "1:"),
        ("", ""),
    ],
)
def test_values_are_written_in_the_ways_that_users_write_them(text, value):
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (5.0, "5"), (5, "5"), ((-1.0, 1.5), "-1:1.5"), (True, "on"), (False, "off"), ("fixed", "fixed")],
)
def test_a_value_is_shown_as_short_as_it_can_be(value, text):
    assert value_text(value) == text


# --- Accepted values --------------------------------------------------------------------------------------

CHOICE = {"choices": ("adaptive", "fixed")}
ACCEPTED = [
    (knob(), 0.5),
    (knob(), -1e9),
    (knob(), 3),
    (knob(minimum=0.0, maximum=1.0), 0.0),
    (knob(minimum=0.0, maximum=1.0), 1.0),
    (knob("integer", minimum=1.0), 5.0),
    (knob("integer"), -7),
    (knob("range"), (-1.0, 1.0)),
    (knob("range"), (1.0, 1.0)),
    (knob("range", minimum=0.0, maximum=2.0), (0.0, 2.0)),
    (knob("choice", **CHOICE), "fixed"),
    (knob("switch"), True),
    (knob("switch"), False),
]
REFUSED = [
    (knob(), "much", "k: expected a number such as 0.5, got much"),
    (knob(), True, "k: expected a number such as 0.5, got on"),
    (knob(), (0.0, 1.0), "k: expected a number such as 0.5, got 0:1"),
    (knob(), math.nan, "k: expected a finite number, got nan"),
    (knob(), math.inf, "k: expected a finite number, got inf"),
    (knob(minimum=0.0), -0.1, "k: expected at least 0, got -0.1"),
    (knob(maximum=0.5), 0.6, "k: expected at most 0.5, got 0.6"),
    (knob("integer"), 2.5, "k: expected a whole number, got 2.5"),
    (knob("integer"), "two", "k: expected a whole number, got two"),
    (knob("integer"), True, "k: expected a whole number, got on"),
    (knob("integer"), math.nan, "k: expected a finite number, got nan"),
    (knob("integer"), -math.inf, "k: expected a finite number, got -inf"),
    (knob("integer", minimum=1.0), 0.0, "k: expected at least 1, got 0"),
    (knob("range"), 0.5, "k: expected a range LOW:HIGH such as -1:1, got 0.5"),
    (knob("range"), "wide", "k: expected a range LOW:HIGH such as -1:1, got wide"),
    (knob("range"), (1.0, -1.0), "k: expected LOW ≤ HIGH, got 1:-1"),
    (knob("range"), (math.nan, 1.0), "k: expected a finite number, got nan"),
    (knob("range"), (0.0, math.nan), "k: expected a finite number, got nan"),
    (knob("range"), (-math.inf, math.inf), "k: expected a finite number, got -inf"),
    (knob("range", minimum=0.0), (-1.0, 1.0), "k: expected at least 0, got -1"),
    (knob("range", maximum=2.0), (0.0, 3.0), "k: expected at most 2, got 3"),
    (knob("choice", **CHOICE), "often", "k: expected adaptive or fixed, got often"),
    (knob("choice", **CHOICE), 1.0, "k: expected adaptive or fixed, got 1"),
    (knob("choice", **CHOICE), True, "k: expected adaptive or fixed, got on"),
    (knob("switch"), 1.0, "k: expected on or off, got 1"),
    (knob("switch"), "maybe", "k: expected on or off, got maybe"),
    (knob(read_only="it needs a restart"), 0.0, "k is read-only: it needs a restart"),
]


@pytest.mark.parametrize(("knob", "value"), ACCEPTED)
def test_a_value_that_fits_is_taken(knob, value):
    assert refusal(knob, value) is None


@pytest.mark.parametrize(("knob", "value", "reason"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_what_would(knob, value, reason):
    assert refusal(knob, value) == reason


@given(st.sampled_from(["number", "integer", "range", "choice", "switch"]), st.text())
def test_whatever_is_typed_is_taken_or_refused_in_words(type, text):
    typed = knob(type, **CHOICE) if type == "choice" else knob(type)
    value = fitted(typed, parse_value(text))
    assert refusal(typed, value) is None or refusal(typed, value).startswith("k: expected ")


@pytest.mark.parametrize("word", ["off", "on", "5", "warn"])
def test_a_choice_s_word_is_the_word_whatever_else_it_reads_as(word):
    mode = knob("choice", choices=("off", "on", "5", "warn"))
    assert refusal(mode, fitted(mode, parse_value(word))) is None
    assert fitted(knob("switch"), parse_value("off")) is False


def test_an_unknown_knob_is_reported_with_the_nearest():
    assert unknown_knob("reward/uprigt", ["reward/upright", "ppo/gamma"]) == (
        "no such knob: reward/uprigt; nearest: reward/upright"
    )
    assert unknown_knob("ω", ["ppo/gamma"]) == "no such knob: ω"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1e-5, 6, "1e-5"), (-2.5e-10, 6, "-2.5e-10"), (1e9, 6, "1e9"), (0.25, 6, "0.25"), (123456.0, 3, "1.23e5")],
)
def test_numbers_have_no_zeros_in_their_exponent(value, digits, text):
    assert number_text(value, digits) == text
    assert float(text) == pytest.approx(value, rel=10.0 ** (1 - digits))
