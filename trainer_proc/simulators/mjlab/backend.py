"""mjlab 1.6: Isaac Lab's manager API on MuJoCo-Warp, on a CPU or a CUDA device.

Builds what mjlab's own `train` script builds (https://github.com/mujocolab/mjlab, `mjlab/scripts/train.py`), with
TensorBoard in place of W&B.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec
import warp
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.scene import Scene
from mjlab.tasks.registry import list_tasks, load_env_cfg, load_rl_cfg, load_runner_cls
from mjlab.utils.os import dump_yaml
from mjlab.utils.torch import configure_torch_backends

import trainer_proc.simulators.mjlab.tasks  # noqa: F401 (registers this program's own tasks)
from curricula.errors import suggestion
from curricula.load import make_curricula
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.simulators.base import BackendError, Training
from trainer_proc.simulators.device import check_device
from trainer_proc.simulators.distributed import rank_and_device, with_cpu_ranks
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics
from trainer_proc.simulators.mjlab.randomization import default_randomization_events
from trainer_proc.simulators.motion import check_motion
from trainer_proc.simulators.overrides import apply_overrides
from trainer_proc.simulators.user_modules import import_modules
from trainer_proc.simulators.warp_progress import KernelProgress


class MjlabBackend:
    """Trains any task of mjlab's registry."""

    def check(self, spec: RunSpec) -> RunSpec:
        """Import the run's modules; raise `BackendError` for a wrong task, device or override."""
        import_modules(spec.modules, spec.module_folder)
        tasks = list_tasks()
        if spec.task not in tasks:
            raise BackendError(
                f"no such task in mjlab: {spec.task}{suggestion(spec.task, tasks, cutoff=0.3, or_all=True)}"
            )
        check_device(spec.device)
        _configurations(spec)
        return spec

    def configurations(self, spec: RunSpec) -> tuple[Any, dict[str, Any]]:
        """Return the environment's configuration and rsl-rl's. Raises `BackendError`."""
        env_cfg, agent_cfg = _configurations(spec)
        return env_cfg, asdict(agent_cfg)

    def report_kernels(self, on_loaded: Callable[[str, int], None]) -> None:
        """Report kernel modules through Warp's logger."""
        warp.set_logger(KernelProgress(on_loaded))

    def build(self, spec: RunSpec, folder: RunFolder) -> Training:
        """Build environment and runner, and write `params/env.yaml` and `agent.yaml`. Raises `BackendError`."""
        configure_torch_backends()
        env_cfg, agent_cfg = _configurations(spec)
        env_cfg.scene.num_envs = spec.num_envs
        rank, device = rank_and_device(spec.device)
        env_cfg.seed = agent_cfg.seed = spec.seed + rank  # every rank has different episodes
        agent_cfg.experiment_name = spec.experiment
        agent_cfg.run_name = spec.name
        agent_cfg.max_iterations = spec.iterations
        agent_cfg.logger = "tensorboard"
        agent_cfg.upload_model = False
        agent = asdict(agent_cfg)
        if not rank:
            dump_yaml(folder.params / "env.yaml", asdict(env_cfg))
            dump_yaml(folder.params / "agent.yaml", agent)
        env_cfg.events |= default_randomization_events(_knobs_to_change(spec), env_cfg.events)
        env = ManagerBasedRlEnv(cfg=env_cfg, device=device)
        replay_physics(env.sim)
        wrapped = RslRlVecEnvWrapper(env, clip_actions=agent_cfg.clip_actions)
        return Training(_make_runner(spec, wrapped, agent, folder, device), wrapped.close)

    def picture_spec(self, spec: RunSpec) -> Any:
        """Describe the task's scene on a plane: terrain comes with the states."""
        scene = self.configurations(self.check(msgspec.structs.replace(spec, device="cpu")))[0].scene
        scene.num_envs = 1
        if scene.terrain is not None:
            scene.terrain.terrain_type, scene.terrain.terrain_generator = "plane", None
        return Scene(scene, "cpu").spec


def _configurations(spec: RunSpec) -> tuple[Any, Any]:
    """Return copies of the task's configurations of environment and agent, with the overrides written into them.

    Raises `BackendError`.
    """
    env_cfg, agent_cfg = load_env_cfg(spec.task), load_rl_cfg(spec.task)
    apply_overrides({"env": env_cfg, "agent": agent_cfg}, spec.overrides)
    for name, command in env_cfg.commands.items():
        check_motion(spec.task, name, command)
    return env_cfg, agent_cfg


def _knobs_to_change(spec: RunSpec) -> set[str]:
    """Return the knobs that the launch or a curriculum sets.

    Without those of a recording: more samples at startup would make the training differ from the recorded one.
    """
    return {*spec.set, *(knob for curriculum in make_curricula(spec.curricula) for knob in curriculum.knobs)}


def _make_runner(spec: RunSpec, env: RslRlVecEnvWrapper, agent: dict[str, Any], folder: RunFolder, device: str) -> Any:
    runner_class = load_runner_cls(spec.task) or MjlabOnPolicyRunner
    runner = with_cpu_ranks(runner_class)(env, agent, str(folder.path), device)
    if runner_class.__module__.startswith("mjlab."):
        # mjlab's task runners export ONNX at every save, on the training thread; here exports have their own process
        runner.save = MjlabOnPolicyRunner.save.__get__(runner)
    return runner
