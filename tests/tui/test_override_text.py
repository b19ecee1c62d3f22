"""Overrides as they are typed."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.launching.knob_values import SettingError
from tui.session.launching.override_text import parse_override_value, parse_overrides


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.0", 10.0),
        (" 24 ", 24),
        ("true", True),
        ("[64, 64]", [64, 64]),
        ("{ x = [-1, 1] }", {"x": [-1, 1]}),
        ('"a = b"', "a = b"),
        ("fixed", "fixed"),
        ("/data/walk 1.npz", "/data/walk 1.npz"),
        ("2026-03-01", "2026-03-01"),  # a date in TOML
        ("1\nvalue2 = 3", "1\nvalue2 = 3"),
        # Python and mjlab's tyro
        ("(0.5, 1.0)", [0.5, 1.0]),
        ("(64,)", [64]),
        ("()", []),
        ("None", "null"),
        ("False", False),
        ("64 64", [64, 64]),
        ("{'x': (0, 1), \"y\": None}", {"x": [0, 1], "y": "null"}),
        (".5", 0.5),
        ("5.", 5.0),
        # Hydra
        ("{x:[0,1],y:{z:true}}", {"x": [0, 1], "y": {"z": True}}),
        ("[actor,critic]", ["actor", "critic"]),
        ("null", "null"),
        ("64,64", [64, 64]),
        ("'a b'", "a b"),
        # ranges, as of knobs
        ("-1:1", [-1, 1]),
        ("-inf:1e-3", [-math.inf, 1e-3]),
        ("[0:1, 2:3]", [[0, 1], [2, 3]]),
        # texts of their own kinds
        (".*_(left|right)_knee", ".*_(left|right)_knee"),
        ("(left|right)_knee", "(left|right)_knee"),
        ("[a-z]+_joint", "[a-z]+_joint"),
        ("{.*knee.*: 0.3}", {".*knee.*": 0.3}),
        ("it's", "it's"),
        ("C:\\runs", "C:\\runs"),
        ("tests.tasks:Task", "tests.tasks:Task"),
    ],
)
def test_a_value_is_what_toml_python_or_hydra_means(text, value):
    parsed = parse_override_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[1, 2",
            "(1, 2",
            "{x: 1",
            "'abc",
            '"a',
            "]",
            "0.5:",
            ":1",
            "1:2:3",
            "[1,,2]",
            "[1 2]",
            "{x}",
            "{:1}",
            "[0:]",
            "",
        ),
        *("'a', 'b'", "'a' + 'b'", "[a, 'b]", "['a' b]", "{a: 'b' c}", "{'a' b}", "{a: b", "[(a]", "[a)]", "[[a] b]"),
    ],
)
def test_what_is_no_value_is_refused_with_the_forms_that_are(text):
    with pytest.raises(SettingError) as error:
        parse_override_value(text)
    assert str(error.value) == (
        f"expected a value such as 10, true, null, [0, 1], -1:1, {{x = 1}} or a text in quotes, got {text}"
    )


@given(st.text(alphabet="[](){}\"',:= x1.-\n"))
def test_any_text_is_a_value_or_refused(text):
    with suppress(SettingError):
        parse_override_value(text)


def test_paths_and_values_are_told_apart():
    assert parse_overrides(
        ["env.episode_length_s=10", 'env.rewards.pose.params.std_walking.".*(?=knee).*"=0.3', "agent.x=a=b"]
    ) == {"env.episode_length_s": 10, 'env.rewards.pose.params.std_walking.".*(?=knee).*"': 0.3, "agent.x": "a=b"}
    assert parse_overrides([]) == {}


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["env.episode_length_s"], "expected PATH=VALUE such as env.episode_length_s=10, got env.episode_length_s"),
        (["=1"], "got =1"),
        (["env.x="], "got env.x="),
        (["episode_length_s=1"], "expected the path of an override such as"),
        (["sim.dt=1"], "start with env. or agent., got sim.dt"),
        (["env.x=1", "env.x=2"], "env.x is given twice"),
        (["env.x=[1, 2"], r"env\.x: expected a value such as 10, true"),
    ],
)
def test_what_is_no_override_is_told(texts, reason):
    with pytest.raises(SettingError, match=reason):
        parse_overrides(texts)
