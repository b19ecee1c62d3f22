"""Names by which programs ask for a training."""

from __future__ import annotations

import pytest

from presets import list_presets
from tui.session.launching.task_names import UnknownTask, preset_named, task_names

PRESETS = list_presets()[0]


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("g1-walk", "g1-walk"),
        ("g1_walk", "g1-walk"),
        ("humanoid_walk", "g1-walk"),
        ("Humanoid-Walk", "g1-walk"),
        ("humanoid_walk_deploy", "g1-walk-deploy"),
        ("isaac_humanoid", "isaac-humanoid"),
        ("Mjlab-Cartpole-Balance", "cartpole"),
        ("mjlab_cartpole_balance", "cartpole"),
        (" cartpole ", "cartpole"),
    ],
)
def test_every_usual_spelling_is_understood(name, preset):
    assert preset_named(name, PRESETS).name == preset


@pytest.mark.parametrize("name", ["humanoid", "humanoid_cartpole", "walk", "", "g1-walk.toml", "../presets/g1-walk"])
def test_nothing_else_is(name):
    with pytest.raises(UnknownTask) as refused:
        preset_named(name, PRESETS)
    assert refused.value.known == task_names(PRESETS)
    assert len(str(refused.value).splitlines()) == 1


def test_a_task_is_trained_by_the_first_of_its_presets():
    by_task = {}
    for preset in PRESETS:
        by_task.setdefault(preset.task, preset.name)
    assert len(by_task) < len(PRESETS)
    assert {task: preset_named(task, PRESETS).name for task in by_task} == by_task


def test_every_listed_name_means_something():
    names = task_names(PRESETS)
    assert len(set(names)) == len(names)
    assert {preset_named(name, PRESETS).name for name in names} == {preset.name for preset in PRESETS}
