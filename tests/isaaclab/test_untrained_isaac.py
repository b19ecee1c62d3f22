"""Success means something: on no preset for Isaac Lab does an untrained policy succeed in half of its episodes."""

from __future__ import annotations

import pytest

from curricula.load import make_curricula
from presets import list_presets, load_preset
from tests.trainer.untrained_policy import check_failure
from trainer_proc.contract.asset_root import ASSET_ROOT_VARIABLE
from trainer_proc.contract.errors import LaunchRefused
from trainer_proc.evaluation.stage import built_stage
from trainer_proc.training.preflight import check_launch
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec

pytestmark = pytest.mark.real

ENVIRONMENTS = 4
EPISODE_SECONDS = 2.0
"""Shorter than the presets' own, which makes it easier to live until the time-out."""
PRESETS = sorted(
    (preset for preset in list_presets()[0] if preset.backend == "isaaclab"),
    key=lambda preset: (preset.task, len(preset.curriculum)),
)
"""Those of one task follow each other, and the one without curricula, which own knobs, comes first."""


@pytest.fixture(scope="module")
def stage(request):
    """The environment of a task, built once for all of its presets, as the first of them has it."""
    preset = next(preset for preset in PRESETS if preset.task == request.param)
    overrides = {"agent.num_steps_per_env": 1, "env.episode_length_s": EPISODE_SECONDS}
    choices = Overrides(num_envs=ENVIRONMENTS, device="cpu", seed=1, overrides=overrides)
    try:
        backend, spec = check_launch(make_spec(preset, choices, list_devices()))
    except LaunchRefused as error:
        if ASSET_ROOT_VARIABLE not in str(error):
            raise
        pytest.skip(str(error))
    with built_stage(backend, spec, {}) as stage:
        yield stage


@pytest.mark.parametrize(
    ("stage", "name"),
    [(preset.task, preset.name) for preset in PRESETS],
    indirect=["stage"],
    ids=[preset.name for preset in PRESETS],
)
def test_an_untrained_policy_fails(stage, name):
    preset = load_preset(name)
    values = dict(preset.knobs)
    for curriculum in make_curricula(preset.curriculum):
        values |= curriculum.values(curriculum.level)
    before = {knob: stage.steering.interventions.knobs.read(knob) for knob in values}
    stage.set(values)
    try:
        check_failure(stage, preset.success)
    finally:
        stage.set(before)
