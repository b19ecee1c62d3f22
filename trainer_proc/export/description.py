"""Describes the policy that a runner trains, from what rsl-rl and the environment's managers really use."""

from __future__ import annotations

import re
from typing import Any

import torch

from trainer_proc.export.policy import ObservationTerm, PolicyDescription
from trainer_proc.metrics.success.root import as_tensor


def describe_policy(runner: Any, task: str, backend: str) -> PolicyDescription:
    """Return what an export needs beside the weights; joints and terms are empty where the environment has none."""
    env = getattr(runner.env, "unwrapped", runner.env)
    observed = runner.env.get_observations().items()
    groups = {model: list(names) for model, names in runner.cfg["obs_groups"].items()}
    step = getattr(env, "step_dt", None)
    return PolicyDescription(
        task=task,
        backend=backend,
        actor=_actor_arguments(runner),
        observation_groups=groups,
        observation_sizes={group: int(tensor.shape[-1]) for group, tensor in observed if tensor.ndim == 2},
        num_actions=runner.env.num_actions,
        observation_terms=_observation_terms(env, groups["actor"]),
        control_frequency=None if step is None else 1.0 / float(step),
        **_describe_actions(env),
        **_describe_joints(env),
    )


def _actor_arguments(runner: Any) -> dict[str, Any]:
    """Return the actor's class and arguments; rsl-rl has taken the class names out of the configuration by now."""
    actor = runner.alg.get_policy()
    arguments = {**runner.cfg["actor"], "class_name": _class_name(actor)}
    arguments.pop("cnns", None)
    if arguments.get("distribution_cfg") is not None:
        arguments["distribution_cfg"] = {
            **arguments["distribution_cfg"],
            "class_name": _class_name(actor.distribution),
        }
    return arguments


def _class_name(instance: Any) -> str:
    kind = type(instance)
    return kind.__name__ if kind.__module__.startswith("rsl_rl.") else f"{kind.__module__}:{kind.__qualname__}"


def _observation_terms(env: Any, groups: list[str]) -> list[ObservationTerm]:
    manager = getattr(env, "observation_manager", None)
    if manager is None:
        return []
    return [
        ObservationTerm(name, int(torch.Size(shape).numel()))
        for group in groups
        for name, shape in zip(manager.active_terms[group], manager.group_obs_term_dim[group], strict=True)
    ]


def _describe_actions(env: Any) -> dict[str, Any]:
    """Names, scale and offset of every action, in the order of the policy's output."""
    manager = getattr(env, "action_manager", None)
    if manager is None:
        return {}
    names: list[str] = []
    scale: list[float] = []
    offset: list[float] = []
    for term_name in manager.active_terms:
        term = manager.get_term(term_name)
        targets = list(getattr(term, "target_names", getattr(term, "_joint_names", ())))
        if len(targets) != term.action_dim:  # several joints may be one action: a gripper's
            targets = [f"{term_name}_{i}" for i in range(term.action_dim)]
        names += targets
        scale += _of_each(getattr(term, "_scale", 1.0), term.action_dim)
        offset += _of_each(getattr(term, "_offset", 0.0), term.action_dim)
    return {"action_names": names, "action_scale": scale, "action_offset": offset}


def _of_each(factor: Any, count: int) -> list[float]:
    """Return a number, or a tensor of shape [num_envs, count] that is the same in all, as a list."""
    values: list[float] = factor[0].tolist() if isinstance(factor, torch.Tensor) else [float(factor)] * count
    return values


def _describe_joints(env: Any) -> dict[str, Any]:
    """Pose and nominal gains of the robot's actuated joints, in the order of the robot's joints."""
    scene = getattr(env, "scene", None)
    if (entity := getattr(scene, "entities", {}).get("robot")) is not None:
        return _joints_of_mjlab(env, entity)
    if (articulation := getattr(scene, "articulations", {}).get("robot")) is not None:
        return _joints_of_isaac_lab(articulation)
    return {}


def _joints_of_mjlab(env: Any, robot: Any) -> dict[str, Any]:
    """As mjlab's `get_base_metadata` finds them."""
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


def _joints_of_isaac_lab(robot: Any) -> dict[str, Any]:
    """From the configured groups of actuators: explicit ones, and newton's own, leave the joints' gains at zero."""
    groups = list(robot.cfg.actuators.values())
    actuated = [
        (index, name, group)
        for index, name in enumerate(robot.joint_names)
        if (group := next((group for group in groups if _matches(group.joint_names_expr, name)), None)) is not None
    ]
    default = as_tensor(robot.data.default_joint_pos)[0].tolist()
    simulated = {gain: as_tensor(getattr(robot.data, f"joint_{gain}"))[0].tolist() for gain in ("stiffness", "damping")}
    return {
        "joint_names": [name for _, name, _ in actuated],
        "default_joint_positions": [default[index] for index, _, _ in actuated],
        **{
            f"joint_{gain}": [_configured(getattr(group, gain, None), name, values[i]) for i, name, group in actuated]
            for gain, values in simulated.items()
        },
    }


def _matches(expressions: str | list[str], name: str) -> bool:
    return any(re.fullmatch(one, name) for one in ([expressions] if isinstance(expressions, str) else expressions))


def _configured(gain: Any, joint: str, simulated: float) -> float:
    """Return a joint's gain as configured, which no randomization has drawn; that of the asset where it isn't."""
    if isinstance(gain, dict):
        gain = next((value for pattern, value in gain.items() if re.fullmatch(pattern, joint)), None)
    return float(gain) if isinstance(gain, int | float) else simulated
