"""What is wrong with a launch is found before anything is built."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from trainer_proc.contract.errors import LaunchRefused
from trainer_proc.contract.run_folder import RunSpec


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global check_launch, make_runner, read_checkpoint, torch
    import torch

    from tests.tiny_training import make_runner
    from trainer_proc.checkpoints.load import read_checkpoint
    from trainer_proc.training.preflight import check_launch


CARTPOLE = RunSpec("cartpole", "mjlab", "Mjlab-Cartpole-Balance", "cartpole", "cpu", num_envs=4, iterations=3, seed=42)
HIDDEN = "agent.{}.hidden_dims"
OF_THE_POINT = {f"agent.{network}.hidden_dims": [8] for network in ("actor", "critic")}
"""Makes the cartpole's networks as large as those of `tests.tiny_training`."""


def refused(**fields):
    with pytest.raises(LaunchRefused) as error:
        check_launch(replace(CARTPOLE, **fields))
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_launch_as_it_should_be_is_not_changed():
    _, spec = check_launch(CARTPOLE)
    assert spec == CARTPOLE


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"backend": "gazebo"}, "no such backend: gazebo; there are mjlab, isaaclab"),
        ({"task": "Mjlab-Cartpol-Balance"}, "no such task in mjlab: Mjlab-Cartpol-Balance; nearest: Mjlab-Cartpole-B"),
        ({"device": "cuda:77"}, "no such device: cuda:77; torch has "),
        ({"overrides": {"env.episode_lenght_s": 1.0}}, "no such path: env.episode_lenght_s; nearest: env.episode_leng"),
        ({"overrides": {"env.episode_length_s": "long"}}, 'env.episode_length_s: expected a number, got "long"'),
        ({"checkpoint": "nothing.pt"}, "no such checkpoint: nothing.pt"),
        ({"modules": ("nowhere",)}, "module nowhere can't be imported"),
        (
            {"set": {"reward/smoth_reward/weight": 1.0}},
            "no such knob: reward/smoth_reward/weight; nearest: reward/smooth_reward",
        ),
        (
            {"set": {"rewards/smooth_reward/weight": 1.0}},
            "no such knob: rewards/smooth_reward/weight; its group does n",
        ),
        ({"bounds": {"command/*": (0.0, 1.0), "event/msas/scale": (0.0, 1.0)}}, "no such knob: event/msas/scale; near"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_refused_in_one_line(fields, line):
    assert refused(**fields).startswith(line)


def test_knobs_whose_terms_exist_are_left_to_the_built_environment():
    known = {
        "reward/smooth_reward/nothing": 1.0,
        "event/mass/scale": (0.9, 1.1),
        "ppo/gamma": 0.9,
        "terrain/shift": 1.0,
    }
    bounds = {"reward/*/weight": (0.0, 1.0), "observation/actor/*": (0.0, 1.0), "*": (0.0, 1.0)}
    check_launch(replace(CARTPOLE, set=known, bounds=bounds))


def test_a_term_that_an_override_removes_has_no_knobs():
    gone = {"env.rewards.smooth_reward": "null"}
    assert refused(overrides=gone, set={"reward/smooth_reward/weight": 1.0}).startswith("no such knob: reward/smooth_r")


def test_the_randomizations_that_this_program_adds_are_known():
    from trainer_proc.simulators.default_randomization import OFFERED_TERMS
    from trainer_proc.simulators.mjlab.randomization import DEFAULT_RANDOMIZATION

    assert {one.term for one in DEFAULT_RANDOMIZATION} == set(OFFERED_TERMS)


def saved(folder, **arguments):
    runner = make_runner(**arguments)
    runner.save(str(folder.checkpoint(1)))
    return str(folder.checkpoint(1))


def test_a_checkpoint_that_fits_is_accepted(folder):
    normalized = {f"agent.{network}.obs_normalization": True for network in ("actor", "critic")}
    checkpoint = saved(folder, normalize=True)
    check_launch(replace(CARTPOLE, checkpoint=checkpoint, overrides=OF_THE_POINT | normalized))


def test_a_checkpoint_of_other_networks_is_refused(folder):
    checkpoint = saved(folder)
    line = refused(checkpoint=checkpoint)
    assert line.startswith(f"{checkpoint} doesn't fit this training: its actor has hidden layers [8], agent.actor.hidd")
    without = OF_THE_POINT | {f"agent.{network}.obs_normalization": False for network in ("actor", "critic")}
    line = refused(checkpoint=checkpoint, overrides=without | {"agent.critic.obs_normalization": True})
    assert line.endswith("its critic does not normalize observations, agent.critic.obs_normalization is true")
    line = refused(checkpoint=checkpoint, overrides=without | {"agent.actor.class_name": "RNNModel"})
    assert line.endswith("its actor is not recurrent, agent.actor.class_name is RNNModel")


@pytest.mark.parametrize("library", ["skrl", "rl_games"])
def test_a_checkpoint_of_another_library_is_refused(folder, library):
    torch.save({"library": library, "policy": {}}, folder.checkpoint(1))
    assert refused(checkpoint=str(folder.checkpoint(1))).endswith(
        f"expected a checkpoint of rsl_rl, got one of {library}"
    )


def test_a_damaged_checkpoint_is_refused_before_the_simulator_loads(folder):
    folder.checkpoint(1).write_bytes(b"PK\x03\x04 and no more")
    line = refused(checkpoint=str(folder.checkpoint(1)), backend="gazebo")
    assert "is cut off or can't be loaded safely" in line
