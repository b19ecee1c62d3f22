"""Isaac Lab 3's way from a task's name to a running simulation: configuration, physics, Kit where it is needed.

Does what `isaaclab_rl.entrypoints` does before it makes an environment, through the same functions:
`isaaclab_tasks.utils.resolve_task_config` and `isaaclab.app.launch_simulation`. Values by path are written as a
preset's overrides are, so that a wrong one is told: Isaac Lab takes any name, and any kind of value.
"""

from __future__ import annotations

import ast
import atexit
import importlib.util
import os
from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from isaaclab.app import launch_simulation, validate_launch
from isaaclab_tasks.utils import resolve_task_config
from isaaclab_tasks.utils.hydra import collect_presets
from isaaclab_tasks.utils.parse_cfg import load_cfg_from_registry
from omegaconf.errors import OmegaConfBaseException

from presets.override_path import ROOTS
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.overrides import apply_overrides

_PHYSICS = {"newton": "newton_mjwarp", "physx": "isaacsim_physx"}
"""Isaac Lab's own names (`PresetTarget.PHYSICS`) of what a preset or a launch calls its physics."""
_EULA = "OMNI_KIT_ACCEPT_EULA"


def check_physics(physics: str) -> None:
    """Raise `BackendError` if this `physics` can't run here; empty is the task's own."""
    if physics not in ("", *_PHYSICS):
        raise BackendError(f"there is no physics {physics}; there are {' and '.join(_PHYSICS)}")
    if physics == "physx":
        _check_isaac_sim("physics physx")


def load_configurations(spec: RunSpec, agent_entry_point: str) -> tuple[Any, Any]:
    """Return the configurations of a run's environment and agent, with what `spec.hydra` says applied.

    Presets come first and values by path after them, as in Isaac Lab. Raises `BackendError` if the task has no such
    physics, no such agent, or an argument means nothing to it.
    """
    arguments = [*([f"physics={_PHYSICS[spec.physics]}"] if spec.physics else []), *spec.hydra]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra tells the console what is wrong, and ends the process
    try:
        preset_paths = _preset_paths(spec.task, agent_entry_point) if spec.hydra else ()
        values = dict(value for argument in arguments if (value := _value_by_path(argument, preset_paths)))
        others = [argument for argument in arguments if argument.partition("=")[0] not in values]
        if any(argument.startswith("+") for argument in others):
            others += ["hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none"]  # it leaves no folder
        env_cfg, agent_cfg = resolve_task_config(spec.task, agent_entry_point, overrides=others)
    except (ValueError, AttributeError, KeyError, TypeError, HydraException, OmegaConfBaseException) as error:
        what = f" with {' '.join(arguments)}" if arguments else ""
        raise BackendError(f"{spec.task} can't be configured{what}: {_one_line(error)}") from error
    apply_overrides({"env": env_cfg, "agent": agent_cfg}, values)
    return env_cfg, agent_cfg


def _preset_paths(task: str, agent_entry_point: str) -> set[str]:
    """Return the paths at which a task has a choice of presets, whose values are names."""
    configurations = {"env": "env_cfg_entry_point", "agent": agent_entry_point}
    return {
        f"{root}.{path}" if path else root
        for root, entry_point in configurations.items()
        for path in collect_presets(load_cfg_from_registry(task, entry_point))
    }


def _value_by_path(argument: str, preset_paths: Collection[str]) -> tuple[str, Any] | None:
    """Return path and value of an argument, None if it is another kind than that. Raises `HydraException`."""
    path, _, text = argument.partition("=")
    if not path.startswith(tuple(f"{root}." for root in ROOTS)):
        return None
    value = _parsed(text)
    return None if isinstance(value, str) and path in preset_paths else (path, value)


def _parsed(text: str) -> Any:
    """Return the value that `text` means to Isaac Lab, a literal of Python's, or else to Hydra."""
    if text.lower() in ("none", "null"):
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        override = OverridesParser.create().parse_override(f"value={text}")
    if override.is_sweep_override():
        raise HydraException(f"{text} is several values, and a training has one")
    return override.value()


def start_simulation(env_cfg: Any, device: str) -> None:
    """Start what the configuration's physics needs: nothing for Newton, Kit without a window for PhysX.

    It ends with the process, because closing Kit ends that too. Raises `BackendError` where Isaac Sim is needed and
    isn't there.
    """
    arguments: dict[str, Any] = {"device": device, "headless": True}
    try:
        _, needs_kit = validate_launch(env_cfg, arguments)
    except ValueError as error:
        raise BackendError(f"this configuration can't be started: {_one_line(error)}") from error
    if needs_kit:
        _check_isaac_sim(", ".join(needs_kit))
    simulation = ExitStack()
    simulation.enter_context(launch_simulation(env_cfg, arguments))
    atexit.register(simulation.close)


def _check_isaac_sim(what: str) -> None:
    if importlib.util.find_spec("isaacsim") is None:
        raise BackendError(f"{what} needs Isaac Sim, which is not installed: pip install isaacsim, or physics newton")
    if os.environ.get(_EULA, "").upper() not in ("Y", "YES", "1"):
        raise BackendError(f"{what} needs Isaac Sim, whose licence has to be accepted: {_EULA}=YES before the launch")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]
