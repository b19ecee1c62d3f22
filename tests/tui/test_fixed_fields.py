"""Overrides without effect are refused before anything starts, naming what to use instead."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from presets import PresetError, load_preset, read_preset
from presets.fixed_fields import FixedFieldError, check_arguments, check_effect, has_effect
from tests.tui.conftest import RUN, STARTED
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import IterationFinished, MetricSet
from tui.session.backends.devices import Device
from tui.session.launching.launcher import Overrides, SpecError, make_spec
from tui.session.launching.override_text import parse_overrides

CPU = [Device("cpu", "CPU", 1.0, 2.0)]
EFFECTIVE = {
    "num_steps_per_env",
    "obs_groups",
    "save_interval",
    "clip_actions",
    "actor",
    "critic",
    "algorithm",
}
"""Fields of mjlab's agents that its runner or its environment reads."""


def test_every_field_of_mjlab_s_agents_has_an_effect_or_is_refused():
    import dataclasses

    from mjlab.rl.config import RslRlOnPolicyRunnerCfg

    fields = {field.name for field in dataclasses.fields(RslRlOnPolicyRunnerCfg)}
    assert {name for name in fields if has_effect(f"agent.{name}")} == EFFECTIVE


@pytest.mark.parametrize(
    ("path", "value", "instead"),
    [
        ("agent.resume", True, "use --checkpoint FILE|RUN, or humanoid-tui resume RUN"),
        ("agent.load_run", ".*", "use --checkpoint FILE|RUN"),
        ("agent.run_name", "mine", "use --name"),
        ("agent.logger", "wandb", "metrics always go to TensorBoard files and the journal"),
        ("env.scene", {"num_envs": 4}, "use --num-envs"),
        ("env.viewer.distance", 3.0, "a training draws nothing"),
        ("agent.actor.init_noise_std", 0.5, "use --override agent.actor.distribution_cfg"),
        ("agent.params.load_path", "x", "use --checkpoint FILE|RUN"),
        ("agent.params.config", {"player": {"games_num": 3}}, "it is for playing a policy, not for training"),
        ("agent.trainer.timesteps", 3, "use --iterations"),
    ],
)
def test_a_field_without_effect_is_refused_with_what_to_use_instead(path, value, instead):
    with pytest.raises(FixedFieldError) as error:
        check_effect(path, value)
    assert " has no effect as an override: " in str(error.value)
    assert instead in str(error.value)
    assert not has_effect(path) or isinstance(value, dict)


def test_other_fields_are_left_alone():
    check_effect("agent.algorithm.gamma", 0.99)
    check_effect("env.scene", {"env_spacing": 2.0})
    check_effect("env.rewards.resume.weight", 1.0)
    check_arguments(["presets=depth", "+agent.params.x=1", "physics=newton_mjwarp", "env.sim.dt=0.002"])


@pytest.mark.parametrize("argument", ["agent.resume=true", "+agent.resume=true", "++agent.load_run=x"])
def test_isaac_lab_s_arguments_are_refused_too(argument):
    with pytest.raises(SpecError, match="has no effect as an override: use --checkpoint"):
        make_spec(load_preset("isaac-cartpole"), Overrides(arguments=(argument,)), CPU)


def test_a_launch_is_refused_before_anything_starts():
    for overrides in (
        Overrides(overrides=parse_overrides(["agent.resume=true"])),
        Overrides(arguments=("agent.resume=true",)),
    ):
        with pytest.raises(SpecError, match=r"^agent\.resume has no effect as an override: use --checkpoint FILE|RUN"):
            make_spec(load_preset("cartpole"), overrides, CPU)


def test_a_preset_with_such_a_field_is_refused(tmp_path):
    for text in ('[overrides]\n"agent.resume" = true', 'hydra = ["agent.resume=true"]'):
        file = tmp_path / "mine.toml"
        file.write_text(
            'title = "M"\ndescription = "M."\nbackend = "isaaclab"\ntask = "T"\nexperiment = "m"\niterations = 1\n'
            f"num_envs = {{ cpu = 1, cuda = 1 }}\n{text}\n"
        )
        with pytest.raises(PresetError, match=r"agent\.resume has no effect as an override"):
            read_preset(file)


@pytest.mark.usefixtures("empty_working_directory")
def test_a_run_of_an_older_version_goes_on_without_them(make_run, prints, started):
    folder = make_run(RUN, STARTED, MetricSet(0, ()), IterationFinished(9, 0, b"", 96, 1.0))
    overrides = {"agent.resume": True, "env.episode_length_s": 5.0}
    hydra = ("agent.load_run=x", "presets=depth")
    folder.write_spec(replace(folder.read_spec(), backend="isaaclab", overrides=overrides, hydra=hydra))
    folder.checkpoint(5).write_bytes(WHOLE_CHECKPOINT)
    prints("fork", RUN)
    assert (started[0].overrides, started[0].hydra) == ({"env.episode_length_s": 5.0}, ("presets=depth",))
