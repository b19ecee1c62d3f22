"""The presets of Isaac Lab's humanoid, started for real; and what they name is there once they are built."""

from __future__ import annotations

from pathlib import Path

import pytest

from presets import load_preset
from tests.preset_names import assert_trained_with_all_names
from tests.scripts import train_in_one_process
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.runs.run_index import read_state

pytestmark = pytest.mark.real

TASKS = ("stand", "walk", "run", "reach")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """All of them, two iterations each, one after the other in one process."""
    work, specs = tmp_path_factory.mktemp("presets"), {}
    overrides = {"agent.num_steps_per_env": 4, "env.episode_length_s": 0.1}
    for task in TASKS:
        preset = load_preset(f"isaac-humanoid-{task}")
        choices = Overrides(num_envs=4, iterations=2, device="cpu", name="two", overrides=overrides)
        specs[Path(work / preset.experiment / task)] = make_spec(preset, choices, list_devices())
    return train_in_one_process(specs)


@pytest.mark.parametrize("task", TASKS)
def test_a_preset_trains_and_all_that_it_names_is_there(task: str, trained: dict[str, RunFolder]):
    assert_trained_with_all_names(load_preset(f"isaac-humanoid-{task}"), trained[task])


@pytest.mark.parametrize("task", TASKS)
def test_every_weight_and_deviation_of_a_reward_can_be_changed(task: str, trained: dict[str, RunFolder]):
    knobs = read_state(trained[task]).knobs
    assert knobs["reward/base_height_l2/target_height"].value == 1.25
    rewards = {name: knob for name, knob in knobs.items() if name.startswith("reward/")}
    assert [name for name, knob in rewards.items() if knob.knob.read_only] == []
    deviations = {name.split("/")[1]: knob.value for name, knob in rewards.items() if name.endswith("/std")}
    tracking = {"track_lin_vel_xy_exp": 0.5, "track_ang_vel_z_exp": 0.5}
    assert (
        deviations
        == {
            "stand": {**tracking, "balance": 0.2},
            "walk": tracking,
            "run": tracking,
            "reach": {"reach": 0.1, "approach": 0.5, "balance": 0.2},
        }[task]
    )
    assert read_state(trained[task]).started.task == f"Isaac-Humanoid-{task.title()}-v0"
