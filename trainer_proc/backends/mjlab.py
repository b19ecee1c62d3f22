"""mjlab 1.6: Isaac Lab's manager API on MuJoCo-Warp, on a CPU or a CUDA device.

Builds what mjlab's own `train` script builds (https://github.com/mujocolab/mjlab, `mjlab/scripts/train.py`), with
TensorBoard in place of W&B.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import torch
import warp
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import list_tasks, load_env_cfg, load_rl_cfg, load_runner_cls
from mjlab.utils.os import dump_yaml
from mjlab.utils.torch import configure_torch_backends

from trainer_proc.backends.base import BackendError, Training
from trainer_proc.kernels import KernelProgress
from trainer_proc.knobs.reward import reward_weight_knobs
from trainer_proc.policy import ObservationTerm, PolicyDescription
from trainer_proc.wire.run_folder import RunFolder, RunSpec


class MjlabBackend:
    """Trains any task of mjlab's registry."""

    def check(self, spec: RunSpec) -> None:
        """Raise `BackendError` if the task isn't registered or the device isn't there."""
        tasks = list_tasks()
        if spec.task not in tasks:
            nearest = difflib.get_close_matches(spec.task, tasks, n=3, cutoff=0.3) or tasks
            raise BackendError(f"mjlab has no task {spec.task}; nearest: {', '.join(nearest)}")
        kind, _, index = spec.device.partition(":")
        if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
            raise BackendError(f"there is no device {spec.device}: torch sees {torch.cuda.device_count()} CUDA devices")

    def report_kernels(self, on_loaded: Callable[[str, int], None]) -> None:
        """Report through Warp's logger."""
        warp.set_logger(KernelProgress(on_loaded))

    def build(self, spec: RunSpec, folder: RunFolder) -> Training:
        """Build environment and runner; writes `params/env.yaml`, `agent.yaml` and `policy.json`."""
        configure_torch_backends()
        env_cfg, agent_cfg = load_env_cfg(spec.task), load_rl_cfg(spec.task)
        if any(getattr(command, "motion_file", None) == "" for command in env_cfg.commands.values()):
            raise BackendError(f"{spec.task} tracks a motion and needs its file, which a preset can't name yet")
        env_cfg.scene.num_envs = spec.num_envs
        env_cfg.seed = agent_cfg.seed = spec.seed
        agent_cfg.experiment_name = spec.experiment
        agent_cfg.run_name = spec.name
        agent_cfg.max_iterations = spec.iterations
        agent_cfg.logger = "tensorboard"
        agent_cfg.upload_model = False
        agent = asdict(agent_cfg)
        dump_yaml(folder.params / "env.yaml", asdict(env_cfg))
        dump_yaml(folder.params / "agent.yaml", agent)
        env = ManagerBasedRlEnv(cfg=env_cfg, device=spec.device)
        wrapped = RslRlVecEnvWrapper(env, clip_actions=agent_cfg.clip_actions)
        actor = deepcopy(_without_unset(agent["actor"]))  # rsl-rl takes names out of what it is given
        runner = _make_runner(spec, wrapped, agent, folder)
        return Training(
            runner=runner,
            knobs=reward_weight_knobs(env.reward_manager),
            policy=_describe_policy(spec, env, runner, actor),
            close=wrapped.close,
        )


def _make_runner(spec: RunSpec, env: RslRlVecEnvWrapper, agent: dict[str, Any], folder: RunFolder) -> Any:
    runner_class = load_runner_cls(spec.task) or MjlabOnPolicyRunner
    runner = runner_class(env, agent, str(folder.path), spec.device)
    if runner_class.__module__.startswith("mjlab."):
        # mjlab's task runners export ONNX at every save, on the training thread; exports have their own process here
        runner.save = MjlabOnPolicyRunner.save.__get__(runner)
    return runner


def _without_unset(model_cfg: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that `MjlabOnPolicyRunner` passes on to the model: those that are set."""
    dropped = {name for name in ("cnn_cfg", "distribution_cfg", "rnn_type") if model_cfg.get(name) is None}
    if "rnn_type" in dropped:
        dropped |= {"rnn_hidden_dim", "rnn_num_layers"}
    return {name: value for name, value in model_cfg.items() if name not in dropped}


def _describe_policy(
    spec: RunSpec,
    env: ManagerBasedRlEnv,
    runner: Any,
    actor: dict[str, Any],
) -> PolicyDescription:
    observations = env.observation_manager
    groups = {model: list(names) for model, names in runner.cfg["obs_groups"].items()}
    terms = [
        ObservationTerm(name, int(torch.Size(shape).numel()))
        for group in groups["actor"]
        for name, shape in zip(observations.active_terms[group], observations.group_obs_term_dim[group], strict=True)
    ]
    observed = runner.env.get_observations().items()
    sizes = {group: int(tensor.shape[-1]) for group, tensor in observed if tensor.ndim == 2}
    return PolicyDescription(
        task=spec.task,
        backend=spec.backend,
        actor=actor,
        observation_groups=groups,
        observation_sizes=sizes,
        num_actions=runner.env.num_actions,
        observation_terms=terms,
        control_frequency=1.0 / env.step_dt,
        **_describe_actions(env),
        **_describe_joints(env),
    )


def _describe_actions(env: ManagerBasedRlEnv) -> dict[str, Any]:
    """Names and scale of every action, in the order of the policy's output."""
    names: list[str] = []
    scale: list[float] = []
    for term_name in env.action_manager.active_terms:
        term: Any = env.action_manager.get_term(term_name)
        targets = list(getattr(term, "target_names", [])) or [f"{term_name}_{i}" for i in range(term.action_dim)]
        names += targets
        term_scale = getattr(term, "_scale", 1.0)
        scale += term_scale[0].tolist() if isinstance(term_scale, torch.Tensor) else [float(term_scale)] * len(targets)
    return {"action_names": names, "action_scale": scale}


def _describe_joints(env: ManagerBasedRlEnv) -> dict[str, Any]:
    """Pose and nominal gains of the robot's actuated joints, as mjlab's `get_base_metadata` finds them."""
    robot: Any = env.scene.entities.get("robot")
    if robot is None:
        return {}
    actuator_of_joint = {actuator.target.split("/")[-1]: actuator.id for actuator in robot.spec.actuators}
    joints = [(index, name) for index, name in enumerate(robot.joint_names) if name in actuator_of_joint]
    actuators = [actuator_of_joint[name] for _, name in joints]
    default = robot.data.default_joint_pos[0].tolist()
    return {
        "joint_names": [name for _, name in joints],
        "default_joint_positions": [default[index] for index, _ in joints],
        "joint_stiffness": env.sim.mj_model.actuator_gainprm[actuators, 0].tolist(),
        "joint_damping": (-env.sim.mj_model.actuator_biasprm[actuators, 2]).tolist(),
    }
