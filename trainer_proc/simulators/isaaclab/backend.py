"""Isaac Lab 3: any task of its registry on Newton, without Isaac Sim, or on PhysX with it.

Builds what Isaac Lab's own entry points build (`isaaclab_rl/entrypoints/backends/`); each training library has a module
of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import isaaclab_tasks  # noqa: F401 (registers Isaac Lab's tasks)
import msgspec
import warp
from isaaclab.utils import to_dict
from isaaclab.utils.io import dump_yaml

import trainer_proc.simulators.isaaclab.tasks  # noqa: F401 (registers this program's)
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.simulators.base import BackendError, LoadLibrary, Training
from trainer_proc.simulators.device import check_device
from trainer_proc.simulators.distributed import rank_and_device
from trainer_proc.simulators.isaaclab.assets import missing_assets, missing_assets_text, offline_robot
from trainer_proc.simulators.isaaclab.cpu_graph import replay_physics
from trainer_proc.simulators.isaaclab.frontend import check_frontend, make_environment
from trainer_proc.simulators.isaaclab.launch import check_physics, load_configurations, start_simulation
from trainer_proc.simulators.isaaclab.task_ids import find_task
from trainer_proc.simulators.overrides import apply_overrides
from trainer_proc.simulators.user_modules import import_modules
from trainer_proc.simulators.warp_progress import KernelProgress

LIBRARIES = ("rsl_rl", "rl_games", "skrl")


class IsaacLabBackend:
    """Trains any task that is registered for Isaac Lab."""

    def __init__(self, load_library: LoadLibrary) -> None:
        self._load_library = load_library
        self._configured: tuple[RunSpec, Any, Any] | None = None

    def check(self, spec: RunSpec) -> RunSpec:
        """Import the run's modules; return the run with its task's name in Isaac Lab 3.

        Raises `BackendError` if the task, the library, the physics or the device does not exist, a value is wrong, or
        files of the task are missing.
        """
        import_modules(spec.modules, spec.module_folder)
        task = find_task(spec.task, [name for name, entry in gymnasium.registry.items() if _is_isaac_lab(entry)])
        if task.name != spec.task:
            print(f"{spec.task} is called {task} in Isaac Lab 3")  # noqa: T201
        check_physics(spec.physics)
        check_device(spec.device)
        self._check_library(task.name, spec.library or "rsl_rl", spec.processes)
        spec = msgspec.structs.replace(spec, task=task.name, hydra=(*task.arguments, *spec.hydra))
        env_cfg, _ = self._configurations(spec)
        if missing := missing_assets(env_cfg):
            raise BackendError(missing_assets_text(spec.task, missing))
        check_frontend(spec.frontend, spec.task, env_cfg)
        return spec

    def configurations(self, spec: RunSpec) -> tuple[Any, dict[str, Any]]:
        """Return the environment's configuration and the training library's. Raises `BackendError`."""
        env_cfg, agent_cfg = self._configurations(spec)
        return env_cfg, agent_cfg if isinstance(agent_cfg, dict) else dict(to_dict(agent_cfg))

    def report_kernels(self, on_loaded: Callable[[str, int], None]) -> None:
        """Report kernel modules through Warp's logger."""
        warp.set_logger(KernelProgress(on_loaded))

    def build(self, spec: RunSpec, folder: RunFolder) -> Training:
        """Build environment and runner, and write `params/env.yaml` and `agent.yaml`. Raises `BackendError`."""
        library = self._load_library(spec.library or "rsl_rl")
        env_cfg, agent_cfg = self._configurations(spec)
        self._configured = None  # changed from here on
        rank, device = rank_and_device(spec.device)
        seed = spec.seed + rank  # every rank has different episodes
        library.configure(agent_cfg, spec, folder, device, seed)
        env_cfg.scene.num_envs = spec.num_envs
        env_cfg.sim.device = device
        env_cfg.seed = seed
        env_cfg.log_dir = str(folder.path)
        if not rank:
            dump_yaml(str(folder.params / "env.yaml"), env_cfg)
            dump_yaml(str(folder.params / "agent.yaml"), agent_cfg)
        start_simulation(env_cfg, device)
        env = make_environment(spec.frontend, spec.task, env_cfg)
        replay_physics(env.unwrapped.sim)
        return library.make_training(env, agent_cfg, folder)

    def _configurations(self, spec: RunSpec) -> tuple[Any, Any]:
        """Return the configurations of environment and agent, with all values of the run. Raises `BackendError`."""
        if self._configured is not None and self._configured[0] == spec:
            return self._configured[1:]
        name = spec.library or "rsl_rl"
        env_cfg, agent_cfg = load_configurations(spec, f"{name}_cfg_entry_point")
        agent_cfg = self._load_library(name).prepare(agent_cfg)
        offline_robot(env_cfg)
        apply_overrides({"env": env_cfg, "agent": agent_cfg}, spec.overrides)
        self._configured = spec, env_cfg, agent_cfg
        return env_cfg, agent_cfg

    def picture_spec(self, spec: RunSpec) -> None:
        """Return nothing: scenes are USD."""

    def _check_library(self, task: str, library: str, processes: int) -> None:
        """Raise `BackendError` if the task has no agent for the library, or the library is limited to one process."""
        entry_points = gymnasium.spec(task).kwargs
        known = [name for name in LIBRARIES if f"{name}_cfg_entry_point" in entry_points]
        if library not in known:
            raise BackendError(f"{task} has no agent for library {library}; there are {', '.join(known) or 'none'}")
        if processes > 1 and library != "rsl_rl":
            raise BackendError(f"{processes} processes need library rsl_rl, got {library}, which trains in one only")
        self._load_library(library)


def _is_isaac_lab(entry: Any) -> bool:
    """Tell whether a task of gymnasium's registry has an Isaac Lab configuration."""
    return "env_cfg_entry_point" in (entry.kwargs or {})
