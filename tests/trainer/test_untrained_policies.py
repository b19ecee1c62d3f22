"""Success means something: on no preset for mjlab does an untrained policy succeed in half of its episodes."""

from __future__ import annotations

import pytest

from presets import list_presets, load_preset
from tests.backends.names import MJLAB, NARROW_TERRAIN
from tests.standing_motion import write_standing_motion
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec

pytestmark = pytest.mark.real

ENVIRONMENTS = 4
EPISODE_SECONDS = 2.0
"""Shorter than the presets' own, which makes it easier to live until the time-out."""
PRESETS = [preset.name for preset in list_presets()[0] if preset.backend == "mjlab"]
MOTION = "env.commands.motion.motion_file"


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global built_stage, check_failure, check_launch
    from tests.trainer.untrained_policy import check_failure
    from trainer_proc.evaluation.stage import built_stage
    from trainer_proc.training.preflight import check_launch


@pytest.mark.parametrize("name", PRESETS)
def test_an_untrained_policy_fails(name, tmp_path):
    preset = load_preset(name)
    overrides = {"agent.num_steps_per_env": 1, "env.episode_length_s": EPISODE_SECONDS}
    if "Unitree" in preset.task:
        overrides |= MJLAB.humanoid.coarse
    if "Rough" in preset.task:
        overrides |= NARROW_TERRAIN
    if preset.needs.overrides:
        overrides[MOTION] = str(write_standing_motion(tmp_path / "standing.npz"))
    choices = Overrides(num_envs=ENVIRONMENTS, device="cpu", seed=1, overrides=overrides)
    backend, spec = check_launch(make_spec(preset, choices, list_devices()))
    with built_stage(backend, spec, {}) as stage:
        check_failure(stage, spec.success)
