"""Start Isaac Lab 3 from a task's name: configuration, physics, and Kit where it is needed.

Does the same as `isaaclab_rl.entrypoints` before it makes an environment, with the same functions:
`isaaclab_tasks.utils.resolve_task_config` and `isaaclab.app.launch_simulation`. Values by path are written like a
preset's overrides, which rejects wrong ones; Isaac Lab accepts any name and any type of value.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

from hydra.errors import HydraException
from isaaclab.app import launch_simulation, validate_launch
from isaaclab_tasks.utils import resolve_task_config
from isaaclab_tasks.utils.hydra import collect_presets
from isaaclab_tasks.utils.parse_cfg import load_cfg_from_registry
from omegaconf.errors import OmegaConfBaseException

from presets.fixed_fields import check_arguments
from presets.override_path import ROOTS, OverridePathError
from presets.override_value import NULL, OverrideValueError, parse_value
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.overrides import apply_overrides

_PHYSICS = {"newton": "newton_mjwarp", "physx": "isaacsim_physx"}
"""Isaac Lab's names (`PresetTarget.PHYSICS`) of the physics engines."""
_EULA = "OMNI_KIT_ACCEPT_EULA"
_BY_PATH = tuple(f"{root}." for root in ROOTS)


def check_physics(physics: str) -> None:
    """Raise `BackendError` if `physics` can't run here; empty is the task's default."""
    if physics not in ("", *_PHYSICS):
        raise BackendError(f"no such physics: {physics}; there are {', '.join(_PHYSICS)}")
    if physics == "physx":
        _check_isaac_sim("physics physx")


def load_configurations(spec: RunSpec, agent_entry_point: str) -> tuple[Any, Any]:
    """Return the configurations of a run's environment and agent, with `spec.hydra` applied.

    Presets apply first and values by path after them, as in Isaac Lab. Raises `BackendError` if the task does not
    support the physics, the agent or an argument.
    """
    arguments = [*([f"physics={_PHYSICS[spec.physics]}"] if spec.physics else []), *spec.hydra]
    try:
        check_arguments(spec.hydra)
    except (OverridePathError, OverrideValueError) as error:
        raise BackendError(str(error)) from error
    os.environ["HYDRA_FULL_ERROR"] = "1"  # otherwise Hydra prints the error and ends the process
    try:
        preset_paths = _preset_paths(spec.task, agent_entry_point) if spec.hydra else ()
        values = dict(value for argument in arguments if (value := _value_by_path(argument, preset_paths)))
        others = [argument for argument in arguments if argument.partition("=")[0] not in values]
        if any(argument.startswith("+") for argument in others):
            others += [
                "hydra.run.dir=.",
                "hydra.output_subdir=null",
                "hydra/job_logging=none",
            ]  # no folder of Hydra's
        env_cfg, agent_cfg = resolve_task_config(spec.task, agent_entry_point, overrides=others)
    except (ValueError, AttributeError, KeyError, TypeError, HydraException, OmegaConfBaseException) as error:
        what = f" with {' '.join(arguments)}" if arguments else ""
        raise BackendError(f"{spec.task} can't be configured{what}: {_one_line(error)}") from error
    apply_overrides({"env": env_cfg, "agent": agent_cfg}, values)
    return env_cfg, agent_cfg


def _preset_paths(task: str, agent_entry_point: str) -> set[str]:
    """Return the paths at which a task chooses a preset by name."""
    configurations = {"env": "env_cfg_entry_point", "agent": agent_entry_point}
    return {
        f"{root}.{path}" if path else root
        for root, entry_point in configurations.items()
        for path in collect_presets(load_cfg_from_registry(task, entry_point))
    }


def _value_by_path(argument: str, preset_paths: Collection[str]) -> tuple[str, Any] | None:
    """Return path and value of a PATH=VALUE argument, None for other arguments. Raises `OverrideValueError`."""
    path, _, text = argument.partition("=")
    if not path.startswith(_BY_PATH):
        return None
    value = parse_value(text)
    names_preset = isinstance(value, str) and value != NULL and path in preset_paths
    return None if names_preset else (path, value)


def start_simulation(env_cfg: Any, device: str) -> None:
    """Start what the configuration's physics needs: nothing for Newton, headless Kit for PhysX.

    It is closed at exit, because closing Kit ends the process. Raises `BackendError` if Isaac Sim is needed but not
    installed.
    """
    arguments: dict[str, Any] = {"device": device, "headless": True}
    try:
        _, needs_kit = validate_launch(env_cfg, arguments)
    except ValueError as error:
        raise BackendError(f"the simulation can't be started: {_one_line(error)}") from error
    if needs_kit:
        _check_isaac_sim(", ".join(needs_kit))
    simulation = ExitStack()
    simulation.enter_context(launch_simulation(env_cfg, arguments))
    atexit.register(simulation.close)


def _check_isaac_sim(what: str) -> None:
    if importlib.util.find_spec("isaacsim") is None:
        raise BackendError(f"{what} needs Isaac Sim, which is not installed: pip install isaacsim, or choose newton")
    if os.environ.get(_EULA, "").upper() not in ("Y", "YES", "1"):
        raise BackendError(f"{what} needs Isaac Sim, whose licence must be accepted: set {_EULA}=YES before the launch")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
