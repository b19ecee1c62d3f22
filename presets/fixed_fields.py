"""Fields of a task's configuration that an override can't change here, and what changes them instead.

The launch writes some. The others are read only by the scripts of the libraries (`train`, `play`), which this program
replaces. From the sources of mjlab 1.6 (`mjlab/scripts/train.py`, `mjlab/rl/config.py`), Isaac Lab 3.0
(`isaaclab_rl/entrypoints`, `isaaclab_rl/rsl_rl/rl_cfg.py`, `isaaclab/envs`), rsl-rl 5.4 and 5.5, rl_games 1.6
(`torch_runner.py`, `common/a2c_common.py`, `common/player.py`) and skrl 2.1 (`utils/runner/torch`, `trainers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from presets.override_path import ROOTS, OverridePathError, split_path
from presets.override_value import parse_value

_CHECKPOINT = "use --checkpoint FILE|RUN, or humanoid-tui resume RUN"
_NUM_ENVS, _ITERATIONS, _SEED, _DEVICE = "use --num-envs", "use --iterations", "use --seed", "use --device"
_FOLDER = "set experiment in the preset; --name is the end of the folder's name"
_NAME = "use --name"
_LOGGER = "metrics always go to TensorBoard files and the journal; nothing is uploaded"
_RUNNER = "the task decides its runner"
_ONE_PROCESS = "this library trains in one process; --processes needs rsl_rl"
_PLAYING = "it is for playing a policy, not for training"
_DRAWING = "a training draws nothing"
_TELEOPERATION = "a training is not teleoperated"
_STEPS = "the launch writes scalars once an iteration"
_NO_POPULATION = "training a population is not supported: start one run for each"
_ON_POLICY = "PPO has no such phase"

_INSTEAD = {
    # environment: mjlab and Isaac Lab
    "env.scene.num_envs": _NUM_ENVS,
    "env.seed": _SEED,
    "env.sim.device": _DEVICE,
    "env.log_dir": _FOLDER,
    "env.viewer": _DRAWING,
    "env.ui_window_class_type": _DRAWING,
    "env.xr": _TELEOPERATION,
    "env.teleop_devices": _TELEOPERATION,
    "env.isaac_teleop": _TELEOPERATION,
    # rsl-rl, by mjlab and Isaac Lab
    "agent.seed": _SEED,
    "agent.device": _DEVICE,
    "agent.max_iterations": _ITERATIONS,
    "agent.experiment_name": _FOLDER,
    "agent.run_name": _NAME,
    "agent.resume": _CHECKPOINT,
    "agent.load_run": _CHECKPOINT,
    "agent.load_checkpoint": _CHECKPOINT,
    "agent.logger": _LOGGER,
    "agent.upload_model": _LOGGER,
    "agent.wandb_project": _LOGGER,
    "agent.wandb_tags": _LOGGER,
    "agent.neptune_project": _LOGGER,
    "agent.class_name": _RUNNER,
    "agent.empirical_normalization": "use agent.actor.obs_normalization and agent.critic.obs_normalization",
    **{
        f"agent.{network}.{field}": f"use --override agent.{network}.distribution_cfg"
        for network in ("actor", "critic")
        for field in ("stochastic", "init_noise_std", "noise_std_type", "state_dependent_std")
    },
    # rl_games
    "agent.params.seed": _SEED,
    "agent.params.load_checkpoint": _CHECKPOINT,
    "agent.params.load_path": _CHECKPOINT,
    "agent.params.player": _PLAYING,
    "agent.params.config.max_epochs": _ITERATIONS,
    "agent.params.config.num_actors": _NUM_ENVS,
    "agent.params.config.device": _DEVICE,
    "agent.params.config.device_name": _DEVICE,
    "agent.params.config.train_dir": _FOLDER,
    "agent.params.config.full_experiment_name": _FOLDER,
    "agent.params.config.network_path": _FOLDER,
    "agent.params.config.log_path": _FOLDER,
    "agent.params.config.multi_gpu": _ONE_PROCESS,
    "agent.params.config.player": _PLAYING,
    "agent.params.config.env_config": "use env.PATH=VALUE",
    "agent.params.config.seq_len": "use agent.params.config.seq_length",
    "agent.params.config.population_based_training": _NO_POPULATION,
    "agent.params.config.pbt_idx": _NO_POPULATION,
    "agent.pbt": _NO_POPULATION,
    # skrl
    "agent.trainer.timesteps": _ITERATIONS,
    "agent.trainer.close_environment_at_exit": "the launch closes the environment",
    "agent.trainer.disable_progressbar": "the launch prints a line an iteration",
    "agent.trainer.headless": _DRAWING,
    "agent.trainer.render_interval": _DRAWING,
    "agent.trainer.stochastic_evaluation": _PLAYING,
    "agent.agent.random_timesteps": _ON_POLICY,
    "agent.agent.learning_starts": _ON_POLICY,
    "agent.agent.experiment.directory": _FOLDER,
    "agent.agent.experiment.experiment_name": _FOLDER,
    "agent.agent.experiment.write_interval": _STEPS,
    "agent.agent.experiment.store_separately": "a checkpoint is one file",
}
_BY_PATH = tuple(f"{root}." for root in ROOTS)
_BY_STEPS = {tuple(path.split(".")): instead for path, instead in _INSTEAD.items()}


class FixedFieldError(OverridePathError):
    """An override names a field that has no effect; the message is one line with what to use instead."""


def check_effect(path: str, value: Any = None) -> None:
    """Raise `FixedFieldError` if an override of `path`, or of an entry of a table `value`, would have no effect.

    Raises `OverridePathError` for a text that is no path.
    """
    for steps in _leaves(tuple(split_path(path)), value):
        for end in range(2, len(steps) + 1):
            if instead := _BY_STEPS.get(steps[:end]):
                raise FixedFieldError(f"{'.'.join(steps)} has no effect as an override: {instead}")


def check_arguments(arguments: Iterable[str]) -> None:
    """Raise as `check_effect` does for Isaac Lab's arguments PATH=VALUE, which may begin with Hydra's `+`.

    Raises `OverrideValueError` too. Other arguments, such as `presets=NAME`, are accepted.
    """
    for argument in arguments:
        path, _, text = argument.lstrip("+").partition("=")
        if path.startswith(_BY_PATH):
            check_effect(path, parse_value(text))


def has_effect(override: str) -> bool:
    """Return whether an override, `PATH` or `PATH=VALUE`, has an effect; a run of an older version may have others."""
    try:
        check_effect(override.lstrip("+").partition("=")[0])
    except FixedFieldError:
        return False
    except OverridePathError:  # such as presets=NAME
        return True
    return True


def _leaves(steps: tuple[str, ...], value: Any) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all values that are written when `value` is written at `steps`."""
    if isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from _leaves((*steps, str(key)), entry)
    else:
        yield steps
