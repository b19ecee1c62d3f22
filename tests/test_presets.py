"""Preset files: those that come with the program, and those of others."""

from __future__ import annotations

import pytest

from presets import PresetError, list_presets, load_preset

GOOD = """
title = "Mine"
description = "A preset of one's own."
backend = "mjlab"
task = "Mjlab-Cartpole-Balance"
experiment = "mine"
iterations = 5
num_envs = { cpu = 2, cuda = 8 }
"""


@pytest.fixture
def load(tmp_path):
    """Load a preset file of this content."""

    def load(content):
        path = tmp_path / "my preset.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_preset(str(path))

    return load


def refusal(load, content):
    with pytest.raises(PresetError) as error:
        load(content)
    line = str(error.value)
    assert len(line.splitlines()) == 1
    assert "my preset.toml" in line
    return line


def test_the_first_contact_comes_first():
    presets = list_presets()
    assert [preset.name for preset in presets] == ["cartpole", "g1-flat"]
    assert all(preset.title and preset.description for preset in presets)
    assert [load_preset(preset.name) for preset in presets] == presets


def test_a_file_of_ones_own_is_named_after_itself(load):
    preset = load(GOOD)
    assert (preset.name, preset.experiment, preset.iterations) == ("my preset", "mine", 5)


def test_the_number_of_environments_depends_on_the_device(load):
    preset = load(GOOD)
    assert [preset.environments_on(device) for device in ("cpu", "cuda", "cuda:3")] == [2, 8, 8]


def test_a_preset_may_set_and_bound_knobs(load):
    knobs = """
    [set]
    "reward/upright/weight" = 2
    "event/push_robot/velocity_range/x" = [-1, 1.5]
    "guard/kl/mode" = "off"
    "command/twist/heading_command" = false

    [bounds]
    "reward/*/weight" = [-5, 5]
    "ppo/desired_kl" = [-inf, 0.1]
    """
    preset = load(GOOD + knobs)
    assert preset.set == {
        "reward/upright/weight": 2.0,
        "event/push_robot/velocity_range/x": (-1.0, 1.5),
        "guard/kl/mode": "off",
        "command/twist/heading_command": False,
    }
    assert all(
        isinstance(value, float) for value in (preset.set["reward/upright/weight"], *preset.bounds["ppo/desired_kl"])
    )
    assert preset.bounds["reward/*/weight"] == (-5.0, 5.0)
    assert (load(GOOD).set, load(GOOD).bounds) == ({}, {})


@pytest.mark.parametrize("name", ["cartpol", "", "cartpole/", "../presets/cartpole", "CARTPOLE"])
def test_an_unknown_preset_is_told_with_the_nearest(name):
    with pytest.raises(PresetError, match=r"there is no preset .*; nearest: .*cartpole"):
        load_preset(name)


def test_a_file_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(PresetError, match="can't be read"):
        load_preset(str(tmp_path / "nothing.toml"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD + "iteratons = 7\n", "iteratons"),
        (GOOD.replace("iterations = 5", 'iterations = "5"'), "iterations"),
        (GOOD.replace("iterations = 5", ""), "iterations"),
        (GOOD.replace("cuda = 8", "tpu = 8"), "tpu"),
        (GOOD.replace("iterations = 5", "iterations = 0"), "less than one"),
        (GOOD.replace("cpu = 2", "cpu = 0"), "less than one"),
        (GOOD.replace('"mine"', '"../mine"'), "experiment"),
        (GOOD.replace('"mine"', '"robots/mine"'), "experiment"),
        (GOOD.replace('"mine"', '""'), "experiment"),
        (GOOD.replace('"mine"', '".."'), "experiment"),
        (GOOD + "[set]\nknob = [1, 2, 3]\n", "set"),
        (GOOD + "[set]\nknob = { low = 1 }\n", "set"),
        (GOOD + "[bounds]\nknob = 5\n", "bounds"),
        ("title = ", "can't be read"),
        (b"\xff\xfe", "can't be read"),
        ("", "title"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(load, content, reason):
    assert reason in refusal(load, content)
