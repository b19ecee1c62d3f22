"""A living training's curriculum, driven from the dashboard in a real terminal with keys alone."""

from __future__ import annotations

import re

import pytest

from tests.program import launched, stop
from tests.terminal import Terminal
from tui.session.runs.run_index import read_state

pytestmark = pytest.mark.real

WEIGHT = "reward/smooth_reward/weight"
PRESET = """
title = "A pole that is to be held more and more smoothly"
description = "Levels that only a person's hand reaches."
backend = "mjlab"
task = "Mjlab-Cartpole-Balance"
experiment = "cartpole"
iterations = 5000
num_envs = { cpu = 8, cuda = 8 }

[curriculum.smooth]
kind = "staged"
stages = [
  { "reward/smooth_reward/weight" = 1.0 },
  { "reward/smooth_reward/weight" = 2.0 },
  { "reward/smooth_reward/weight" = 3.0 },
]
thresholds = [1000.0, 1000.0]
metric = "Train/mean_reward"
"""


@pytest.fixture
def run(tmp_path):
    preset = tmp_path / "smooth.toml"
    preset.write_text(PRESET)
    folder = launched(tmp_path, "launch", str(preset))
    yield folder
    stop(tmp_path, folder)


def test_keys_set_the_level_of_a_living_training(run, tmp_path):
    terminal = Terminal(tmp_path, "attach", run.name)
    try:
        terminal.wait_until(lambda text: "t curricula: smooth 0/2 auto" in text, "the dashboard")
        terminal.press(b"t")
        terminal.wait_until(lambda text: "▸ smooth (staged)  0/2" in text, "the panel")
        terminal.press(b"++")  # one request
        terminal.wait_until(lambda text: re.search(r"smooth \(staged\)  2/2  ██  manual", text), "the level")
        (by_hand,) = [body for body in read_state(run).interventions.values() if body.origin == "person"]
        assert {change.knob: change.new for change in by_hand.changes} == {
            "curriculum/smooth/level": 2.0, "curriculum/smooth/mode": "manual", WEIGHT: 3.0
        }  # fmt: skip
        terminal.wait_until(lambda text: "▼" in text and "◆" in text, "marks of a person and of the curriculum")
        terminal.press(b"+")
        terminal.wait_until(lambda text: "smooth is at its highest level, 2" in text, "the end")
        terminal.press(b"-")
        terminal.wait_until(lambda text: re.search(r"smooth \(staged\)  1/2  █░  manual", text), "the level below")
        terminal.press(b"a")
        terminal.wait_until(lambda text: re.search(r"smooth \(staged\)  1/2  █░  auto", text), "the mode")
        assert "up when reward > 1000" in terminal.text
        assert read_state(run).knobs[WEIGHT].value == 2.0
        terminal.press(b"q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()
