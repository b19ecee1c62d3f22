"""Isaac Lab's Warp front end: the managers of a task as kernels of Warp (`--frontend warp` of its own scripts)."""

from __future__ import annotations

import copy
import importlib.util
from typing import Any

import gymnasium
from isaaclab.envs import ManagerBasedRLEnvCfg

from trainer_proc.simulators.base import BackendError

_PACKAGE = "isaaclab_experimental"


def check_frontend(frontend: str, task: str, env_cfg: Any) -> None:
    """Raise `BackendError` if the task can't run on the front end; `env_cfg` stays as it is."""
    if frontend != "warp":
        return
    if importlib.util.find_spec(_PACKAGE) is None:
        raise BackendError(f"frontend warp needs {_PACKAGE}, which is not installed: leave --frontend out")
    if not isinstance(env_cfg, ManagerBasedRLEnvCfg):
        raise BackendError(f"frontend warp: expected a task with managers, got {task}: leave --frontend out")
    from isaaclab_experimental.envs.frontend import WarpFrontend

    if reason := WarpFrontend.check_compatibility(copy.deepcopy(env_cfg)):
        raise BackendError(f"frontend warp can't run {task}: {' '.join(reason.split())[:400]}")


def make_environment(frontend: str, task: str, env_cfg: Any) -> Any:
    """Return the built environment; Isaac Lab's own function adapts `env_cfg` to the Warp front end.

    On a CPU, managers run without graphs there, unless `env_cfg.manager_call_max_mode` is set.
    """
    if frontend != "warp":
        return gymnasium.make(task, cfg=env_cfg)
    from isaaclab_experimental.envs.frontend import WarpFrontend
    from isaaclab_experimental.utils.manager_call_switch import ManagerCallMode, ManagerCallSwitch

    # on a CPU, Warp 1.17 can't record copies of slices, nor the arrays that a reset of a robot's root gives to kernels
    if "cpu" in env_cfg.sim.device and not hasattr(env_cfg, "manager_call_max_mode"):
        eager = ManagerCallMode.WARP_NOT_CAPTURED
        env_cfg.manager_call_max_mode = dict.fromkeys(ManagerCallSwitch.MANAGER_NAMES, eager)
    return WarpFrontend.build_env(env_cfg, task)
