"""Describe the policy that a runner trains, from what its library and the environment's managers really use."""

from __future__ import annotations

from typing import Any

from trainer_proc.contract.bundle.description import FORMAT, PolicyDescription
from trainer_proc.export.actions import action_limit, actions_not_included, describe_actions, driven_assets
from trainer_proc.export.commands import describe_commands
from trainer_proc.export.libraries.registry import describe_actor
from trainer_proc.export.observations import describe_observations, find_height_map, observations_not_included
from trainer_proc.export.plain import limits
from trainer_proc.export.quantities import TermReader
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.simulators.interface import Simulator

_OF_JOINTS = (
    *("joint_names", "default_joint_positions", "joint_stiffness", "joint_damping", "joint_effort_limits"),
    *("joint_velocity_limits", "joint_armature", "joint_position_limits"),
    *("robot_joint_names", "robot_joint_positions", "robot_joint_velocities"),
)


def describe_policy(runner: Any, task: str, backend: str, simulator: Simulator | None) -> PolicyDescription:
    """Return what an export needs beside the weights.

    Terms are empty for an environment without managers, joints for one without a known simulator or robot. Raises
    `ExportError` for another library's policy that can't be exported.
    """
    env = unwrapped(runner.env)
    actor = describe_actor(runner)
    groups = actor.observation_groups["actor"]
    vectors = [group for group in groups if group in actor.observation_sizes]
    robots = driven_assets(env, simulator)
    commands = describe_commands(env, simulator)
    reader = None if simulator is None else TermReader(env, simulator, robots, commands, _action_terms(env))
    clip_actions, clips_not_included = action_limit(runner.env)
    joints, joints_not_included = _describe_joints(simulator, robots)
    return PolicyDescription(
        task=task,
        backend=backend,
        **actor._asdict(),
        num_actions=runner.env.num_actions,
        observation_terms=describe_observations(env, vectors, reader),
        image_terms=describe_observations(env, [group for group in groups if group in actor.image_shapes], None),
        clip_actions=clip_actions,
        commands=commands,
        height_map=find_height_map(env, vectors, reader),
        base_body=simulator.base_body(robots[0]) if simulator is not None and len(robots) == 1 else "",
        **_times(env),
        **describe_actions(env, simulator),
        **joints,
        not_included=[
            *observations_not_included(env, vectors, reader),
            *actions_not_included(env),
            *clips_not_included,
            *joints_not_included,
        ],
        format=FORMAT,
    )


def _action_terms(env: Any) -> list[str]:
    return list(getattr(getattr(env, "action_manager", None), "active_terms", ()))


def _times(env: Any) -> dict[str, Any]:
    """Return the lengths of steps and episodes, each None if unknown."""
    step, physics = getattr(env, "step_dt", None), getattr(env, "physics_dt", None)
    return {
        "control_frequency": None if step is None else 1.0 / float(step),
        "physics_dt": None if physics is None else float(physics),
        "decimation": None if step is None or physics is None else round(float(step) / float(physics)),
        "episode_seconds": None if step is None else float(env.max_episode_length) * float(step),
    }


def _describe_joints(simulator: Simulator | None, robots: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the joints of the robots that the actions drive, and a line for each fact that the lists don't hold."""
    described: dict[str, list[Any]] = {name: [] for name in _OF_JOINTS}
    delays = []
    not_included: list[str] = []
    unknown: list[str] = []
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
        described["joint_velocity_limits"] += joints.velocity_limits
        described["joint_armature"] += joints.armature
        described["joint_position_limits"] += [limits(ends) for ends in joints.position_limits]
        delays.append(joints.delay_steps)
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
    delay = min((low for low, _ in delays), default=0), max((high for _, high in delays), default=0)
    return described | {"action_delay_steps": delay}, not_included
