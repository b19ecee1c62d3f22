"""Describe the policy that a runner trains, from what rsl-rl and the environment's managers really use."""

from __future__ import annotations

from typing import Any

from trainer_proc.contract.bundle.description import FORMAT, PolicyDescription
from trainer_proc.export.actions import action_limit, actions_not_included, describe_actions, driven_assets
from trainer_proc.export.observations import describe_observations, observations_not_included
from trainer_proc.export.plain import limits
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.simulators.interface import Simulator

_OF_JOINTS = (
    *("joint_names", "default_joint_positions", "joint_stiffness", "joint_damping", "joint_effort_limits"),
    *("robot_joint_names", "robot_joint_positions", "robot_joint_velocities"),
)


def describe_policy(runner: Any, task: str, backend: str, simulator: Simulator | None) -> PolicyDescription:
    """Return what an export needs beside the weights.

    Terms are empty for an environment without managers, joints for one without a known simulator or robot.
    """
    env = unwrapped(runner.env)
    observed = runner.env.get_observations()
    sizes = {group: int(tensor.shape[1]) for group, tensor in observed.items() if tensor.ndim == 2}
    images = {group: list(tensor.shape[1:]) for group, tensor in observed.items() if tensor.ndim == 4}
    groups = {model: list(names) for model, names in runner.cfg["obs_groups"].items()}
    if "student" in groups:
        groups["actor"] = groups["student"]
    step = getattr(env, "step_dt", None)
    clip_actions, clips_not_included = action_limit(runner.env)
    joints, joints_not_included = _describe_joints(env, simulator)
    return PolicyDescription(
        task=task,
        backend=backend,
        actor=_actor_arguments(runner),
        observation_groups=groups,
        observation_sizes=sizes,
        image_shapes=images,
        num_actions=runner.env.num_actions,
        observation_terms=describe_observations(env, [group for group in groups["actor"] if group in sizes]),
        image_terms=describe_observations(env, [group for group in groups["actor"] if group in images]),
        clip_actions=clip_actions,
        control_frequency=None if step is None else 1.0 / float(step),
        **describe_actions(env, simulator),
        **joints,
        not_included=[
            *observations_not_included(env),
            *actions_not_included(env),
            *clips_not_included,
            *joints_not_included,
        ],
        format=FORMAT,
    )


def _actor_arguments(runner: Any) -> dict[str, Any]:
    """Return the actor's class and arguments; rsl-rl has taken the class names out of the configuration by now."""
    actor = runner.alg.get_policy()
    known = runner.cfg["actor" if "actor" in runner.cfg else "student"]  # the latter in a distillation
    arguments = {**known, "class_name": _class_name(actor)}
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


def _describe_joints(env: Any, simulator: Simulator | None) -> tuple[dict[str, Any], list[str]]:
    """Return the joints of the robots that the actions drive, and a line for each fact that the lists don't hold."""
    described: dict[str, list[Any]] = {name: [] for name in _OF_JOINTS}
    not_included: list[str] = []
    unknown: list[str] = []
    robots = driven_assets(env, simulator)
    for robot in robots:
        joints = simulator.joints(robot) if simulator is not None else None
        if simulator is None or joints is None:
            continue
        prefix = f"{robot}/" if len(robots) > 1 else ""
        positions = simulator.nominal_joint_state(robot, "pos")
        velocities = simulator.nominal_joint_state(robot, "vel")
        described["joint_names"] += [prefix + name for name in joints.names]
        described["default_joint_positions"] += [positions[name] for name in joints.names]
        described["joint_stiffness"] += joints.stiffness
        described["joint_damping"] += joints.damping
        described["joint_effort_limits"] += [limits(ends) for ends in joints.effort_limits]
        described["robot_joint_names"] += [prefix + name for name in positions]
        described["robot_joint_positions"] += positions.values()
        described["robot_joint_velocities"] += [velocities[name] for name in positions]
        not_included += joints.not_included
        unknown += [name for name, ends in zip(joints.names, joints.effort_limits, strict=True) if ends is None]
    gains = zip(*(described[name] for name in ("joint_names", "joint_stiffness", "joint_damping")), strict=True)
    if without := [name for name, *of_joint in gains if None in of_joint]:
        not_included.append(f"gains of {', '.join(without)}: no PD law drives them, or an event sets them")
    if unknown:
        not_included.append(f"effort limits of {', '.join(unknown)}: they depend on the angle, or an event sets them")
    if not described["joint_names"]:
        not_included.append("joints: expected a robot of mjlab or Isaac Lab with actuators, got none")
    return described, not_included
