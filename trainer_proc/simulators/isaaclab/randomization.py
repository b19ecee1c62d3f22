"""Default randomizations as startup events for Isaac Lab tasks.

Every sample starts from the values that the robot was built with, saved at the first sample. So samples never
accumulate, and a neutral range restores the defaults. Shapes: E environments, B bodies, J joints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
import warp
from isaaclab.assets import BaseArticulation
from isaaclab.utils.math import sample_uniform

from trainer_proc.simulators.default_randomization import NO_SCALE, Range, Sampler, default_randomizations

_IN_PHYSICS = {"stiffness": "joint_stiffness", "damping": "joint_damping", "effort_limit": "joint_effort_limits"}
_IN_MODEL = {"stiffness": "stiffness", "damping": "damping", "effort_limit": "actuator_effort_limit"}
_GAINS = tuple(_IN_PHYSICS)

_defaults: WeakKeyDictionary[Any, dict[str, torch.Tensor]] = WeakKeyDictionary()


def robot_of(env: Any) -> Any:
    """Return the articulation called "robot", or the only one; None if there is none."""
    articulations = env.scene.articulations
    if "robot" in articulations:
        return articulations["robot"]
    return next(iter(articulations.values())) if len(articulations) == 1 else None


def model_of_solver(env: Any) -> Any:
    """Return MuJoCo-Warp's model, with a row of each field for each environment; None on other physics."""
    solver: Any = getattr(env.sim.physics_manager, "_solver", None)
    return None if getattr(solver, "use_mujoco_cpu", True) else solver.mjw_model


def scale_mass(env: Any, env_ids: Any, scale: Range) -> None:
    """Scale mass and inertia of the robot's bodies, one factor per body and environment: E × B."""
    robot, ids = robot_of(env), _environment_ids(env, env_ids)
    masses = _default(robot, "body_mass", robot.data.body_mass.torch)[ids]
    inertias = _default(robot, "body_inertia", robot.data.body_inertia.torch)[ids]
    factors = sample_uniform(*scale, tuple(masses.shape), env.device)
    bodies = torch.arange(masses.shape[1], device=env.device)
    robot.set_masses_index(masses=masses * factors, body_ids=bodies, env_ids=ids)
    robot.set_inertias_index(inertias=inertias * factors[..., None], body_ids=bodies, env_ids=ids)


def offset_center_of_mass(env: Any, env_ids: Any, offset: Range) -> None:
    """Offset the centre of mass of the robot's root body (m), sampled for each axis: E × 3."""
    robot, ids = robot_of(env), _environment_ids(env, env_ids)
    poses = _default(robot, "body_com", robot.data.body_com_pose_b.torch)[ids][:, :1].clone()
    poses[..., :3] += sample_uniform(*offset, (len(ids), 1, 3), env.device)
    robot.set_coms_index(coms=poses, body_ids=torch.zeros(1, dtype=torch.long, device=env.device), env_ids=ids)


def scale_friction(env: Any, env_ids: Any, scale: Range) -> None:
    """Scale the sliding friction of all geoms including the ground by one factor per environment: E; MuJoCo-Warp only.

    A contact uses the larger friction of its two geoms, so only a common factor always takes effect. Newton's model has
    one ground for all environments, so the solver's model is written.
    """
    from newton import ModelFlags

    robot, ids = robot_of(env), _environment_ids(env, env_ids)
    friction = warp.to_torch(model_of_solver(env).geom_friction)[..., 0]
    defaults = _default(robot, "friction", friction)[ids]
    friction[ids] = defaults * sample_uniform(*scale, (len(ids), 1), env.device)
    env.sim.physics_manager.add_model_change(ModelFlags.MODEL_PROPERTIES)  # otherwise contacts keep their old friction


def scale_motors(
    env: Any,
    env_ids: Any,
    strength: Range = NO_SCALE,
    stiffness: Range = NO_SCALE,
    damping: Range = NO_SCALE,
) -> None:
    """Scale the robot's motors, one factor per joint and environment: E × J.

    `strength` scales P and D gains and the effort limit alike, `stiffness` and `damping` the P and D gains.
    """
    robot, ids = robot_of(env), _environment_ids(env, env_ids)
    for name, actuator in robot.actuators.items():
        joints = torch.arange(robot.num_joints, device=env.device)[actuator.joint_indices]
        default = {gain: _default(robot, f"{name}/{gain}", _gain(robot, actuator, gain))[ids] for gain in _GAINS}
        strong, stiff, damped = (
            sample_uniform(*scale, (len(ids), len(joints)), env.device) for scale in (strength, stiffness, damping)
        )
        p_gains, d_gains = default["stiffness"] * strong * stiff, default["damping"] * strong * damped
        limits = default["effort_limit"] * strong
        if actuator.is_implicit_model:  # the physics applies the gains
            robot.write_joint_stiffness_to_sim_index(stiffness=p_gains, joint_ids=joints, env_ids=ids)
            robot.write_joint_damping_to_sim_index(damping=d_gains, joint_ids=joints, env_ids=ids)
            robot.write_joint_effort_limit_to_sim_index(limits=limits, joint_ids=joints, env_ids=ids)
        else:
            for gain, values in (("stiffness", p_gains), ("damping", d_gains), ("effort_limit", limits)):
                _gain(robot, actuator, gain)[ids] = values


def _gain(robot: Any, actuator: Any, gain: str) -> torch.Tensor:
    """Return a gain or limit of an actuator in use: E × J; a copy if the physics has it."""
    values: torch.Tensor
    if actuator.is_implicit_model:
        values = getattr(robot.data, _IN_PHYSICS[gain]).torch[:, actuator.joint_indices]
    else:
        values = getattr(actuator, _IN_MODEL[gain])
    return values


def _environment_ids(env: Any, env_ids: Any) -> torch.Tensor:
    """Return `env_ids`, or all environments for None, the convention of event functions."""
    everything = torch.arange(env.num_envs, device=env.device)
    return everything if env_ids is None else everything[env_ids]


def _default(robot: Any, name: str, values: torch.Tensor) -> torch.Tensor:
    """Return `values` as they were at the first call: E × …."""
    kept = _defaults.setdefault(robot, {})
    if name not in kept:
        kept[name] = values.clone()
    return kept[name]


def _has_robot(env: Any) -> bool:
    return isinstance(robot_of(env), BaseArticulation)


def _has_contacts(env: Any) -> bool:
    return _has_robot(env) and model_of_solver(env) is not None


def _has_gain(gain: str) -> Callable[[Any], bool]:
    def has(env: Any) -> bool:
        robot = robot_of(env)
        if not _has_robot(env) or getattr(robot.actuators, "_native_group_names", None):
            return False  # Newton's own actuators do not expose their gains
        actuators = list(robot.actuators.values())
        if not all(one.is_implicit_model or hasattr(one, _IN_MODEL[gain]) for one in actuators):
            return False
        # synchronizes with the device, once, at the discovery of knobs
        return any(bool(_gain(robot, one, gain).any()) for one in actuators)

    return has


def _motor_sampler(gain: str) -> Sampler:
    return Sampler(scale_motors, frozenset(("actuator_gainprm",)), _has_gain(gain))


DEFAULT_RANDOMIZATION = default_randomizations(
    mass=Sampler(scale_mass, frozenset(("body_mass", "body_inertia")), _has_robot),
    friction=Sampler(scale_friction, frozenset(("geom_friction",)), _has_contacts),
    center_of_mass=Sampler(offset_center_of_mass, frozenset(("body_ipos",)), _has_robot),
    strength=_motor_sampler("effort_limit"),
    stiffness=_motor_sampler("stiffness"),
    damping=_motor_sampler("damping"),
)
