"""Overrides as they are typed."""

from __future__ import annotations

import pytest

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
        ("[1, 2", "[1, 2"),
    ],
)
def test_a_value_is_toml_or_a_word(text, value):
    parsed = parse_override_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


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
    ],
)
def test_what_is_no_override_is_told(texts, reason):
    with pytest.raises(SettingError, match=reason):
        parse_overrides(texts)
