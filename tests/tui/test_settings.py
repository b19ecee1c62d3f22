"""Values as they are typed on a command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.many_knobs import g1_knobs
from tui.session.knob_states import KnobState
from tui.session.launching.knob_values import (
    SettingError,
    known_values,
    need_knobs,
    parse_bounds,
    parse_settings,
    split_settings,
)

KNOBS = {knob.name: KnobState(knob, knob.value) for knob in g1_knobs().knobs}
PUSH, MODE, SWITCH = "event/push_robot/velocity_range/x", "guard/kl/mode", "command/twist/heading_command"


def test_values_of_knobs_that_nothing_is_known_of_are_read_as_they_look():
    settings = ("a=2", "b=-1:1", "c=-1,1", "d=off", "e=fixed", "odd=name=1e-4")
    assert parse_settings(settings) == {
        "a": 2.0, "b": (-1.0, 1.0), "c": (-1.0, 1.0), "d": False, "e": "fixed", "odd=name": 1e-4,
    }  # fmt: skip


@pytest.mark.parametrize("setting", ["a", "=1", "a=", "a= ", ""])
def test_what_is_no_setting_is_told(setting):
    with pytest.raises(SettingError, match=r"expected KNOB=VALUE such as reward/"):
        split_settings(["b=1", setting])


def test_bounds_are_pairs():
    assert parse_bounds(["a=0:5", "b/*=-inf:1"]) == {"a": (0.0, 5.0), "b/*": (float("-inf"), 1.0)}
    with pytest.raises(SettingError, match="a: expected bounds LOW:HIGH such as 0:5"):
        parse_bounds(["a=5"])


@pytest.mark.parametrize(
    ("text", "needed"),
    [("2", False), ("-1:1", False), ("default", True), ("usual", True), ("off", True), ("act", True)],
)
def test_only_words_depend_on_the_knob(text, needed):
    assert need_knobs({"a": "1", "b": text}) is needed


def test_words_mean_what_they_mean_for_the_knob():
    texts = {PUSH: "usual", MODE: "off", SWITCH: "off", "reward/upright/weight": "default"}
    assert known_values(texts, KNOBS) == {PUSH: (-1.0, 1.0), MODE: "off", SWITCH: False, "reward/upright/weight": 1.0}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("guard/kl/mod", "default", "no such knob: guard/kl/mod; nearest: guard/kl/mode"),
        ("reward/upright/weight", "usual", "reward/upright/weight has no usual value"),
        ("reward/upright/weight", "off", "reward/upright/weight: expected a number such as 0.5, got off"),
        (MODE, "maybe", "guard/kl/mode: expected off or warn or act, got maybe"),
        ("environment/num_envs", "off", "environment/num_envs is read-only: "),
    ],
)
def test_a_word_that_a_knob_does_not_know_is_told(name, text, line):
    with pytest.raises(SettingError) as error:
        known_values({name: text}, KNOBS)
    assert str(error.value).startswith(line)


def test_a_pattern_names_all_knobs_that_can_be_changed_and_a_factor_multiplies_their_values():
    halved = known_values({"reward/*/weight": "x0.5"}, KNOBS)
    weights = [name for name in KNOBS if name.startswith("reward/") and name.endswith("/weight")]
    assert list(halved) == weights
    assert all(halved[name] == KNOBS[name].value * 0.5 for name in weights)
    assert known_values({PUSH: "×3"}, KNOBS) == {PUSH: tuple(3 * end for end in KNOBS[PUSH].value)}
    assert need_knobs({"reward/*/weight": "2"})


def test_a_factor_multiplies_the_value_that_is_queued():
    name = "reward/upright/weight"
    assert known_values({name: "*2"}, {name: replace(KNOBS[name], pending=3.0)}) == {name: 6.0}


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ({"reward/*/wait": "x2"}, "expected knobs that can be changed, got reward/*/wait, which fits none"),
        ({"environment/*": "x2"}, "expected knobs that can be changed, got environment/*"),
        ({"reward/upright/weight": "2", "reward/*/weight": "x2"}, "reward/upright/weight is given twice"),
        ({"guard/kl/*": "x2"}, "guard/kl/mode: expected off or warn or act, got x2"),
        ({"reward/*/weight": "x1e12"}, "reward/track_linear_velocity/weight: expected a number within"),
    ],
)
def test_a_pattern_or_a_factor_that_can_not_be_is_told(texts, line):
    with pytest.raises(SettingError) as error:
        known_values(texts, KNOBS)
    assert str(error.value).startswith(line)


def test_before_the_environment_is_built_no_word_is_known():
    with pytest.raises(SettingError, match="available after the environment is built"):
        known_values({MODE: "off"}, {})
