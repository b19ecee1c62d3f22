"""Answers about a built Isaac Lab 3 environment, on Newton and on PhysX."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Literal

import torch
from isaaclab.managers import EventTermCfg
from isaaclab.utils import noise

from trainer_proc.contract.bundle.description import HeightMap
from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.overflow import Buffers
from trainer_proc.metrics.success.root import Root, as_tensor
from trainer_proc.metrics.terrain import TerrainGrid
from trainer_proc.simulators.default_randomization import DefaultRandomization
from trainer_proc.simulators.interface import Joints, Sensed
from trainer_proc.simulators.isaaclab.joints import joints_of, nominal_state
from trainer_proc.simulators.isaaclab.mechanics import ArticulationMechanics
from trainer_proc.simulators.isaaclab.randomization import DEFAULT_RANDOMIZATION, model_of_solver, robot_of
from trainer_proc.simulators.isaaclab.robot_model import robot_model
from trainer_proc.simulators.isaaclab.root import ArticulationRoot
from trainer_proc.simulators.isaaclab.scene import skeleton_of
from trainer_proc.simulators.isaaclab.sensors import height_map, sensed
from trainer_proc.simulators.isaaclab.terrain import terrain_grid
from trainer_proc.simulators.robot_reader import RobotReader
from trainer_proc.simulators.warp_buffers import warp_buffers

_WRITTEN = {
    "randomize_rigid_body_mass": ("body_mass", "body_inertia"),
    "randomize_rigid_body_inertia": ("body_inertia",),
    "randomize_rigid_body_com": ("body_ipos",),
    "randomize_rigid_body_material": ("geom_friction",),
    "randomize_actuator_gains": ("actuator_gainprm",),
    "randomize_joint_parameters": ("dof_armature", "dof_damping", "dof_frictionloss"),
}
"""Model fields, by MuJoCo's names, that the event terms of `isaaclab.envs.mdp` write."""
_MATERIAL = "randomize_rigid_body_material"
_FRICTION, _RESTITUTION = "_static_friction_range", "_restitution_range"
_ONE_FRICTION = "Newton has one friction, which static_friction_range sets"
_NO_BUCKETS = "Newton samples the friction of each shape"
_NO_RESTITUTION = "MuJoCo-Warp has no restitution"


class IsaacLabSimulator:
    """Every environment has its own values, and event terms sample from saved defaults."""

    default_randomization: Sequence[DefaultRandomization] = DEFAULT_RANDOMIZATION
    noise: ModuleType = noise

    def __init__(self, env: Any) -> None:
        self._env = env

    def asset(self, name: str) -> Any | None:
        """Return the scene's asset called `name`."""
        return self._env.scene[name] if name in self._env.scene.keys() else None  # noqa: SIM118 (no mapping)

    def robot(self) -> Any | None:
        """Return the articulation called `robot`, or the only one."""
        return robot_of(self._env)

    def robot_names(self) -> list[str]:
        """Return the names of all articulations."""
        return list(self._env.scene.articulations)

    def root(self, robot: Any) -> Root | None:
        """Return the root of an `Articulation`."""
        return ArticulationRoot(robot) if hasattr(getattr(robot, "data", None), "root_link_pose_w") else None

    def terrain(self) -> TerrainGrid | None:
        """Return the terrain; a type may have several columns, or none."""
        return terrain_grid(self._env)

    def buffers(self) -> Buffers | None:
        """Return the buffers of Newton's MuJoCo-Warp solver; None on PhysX and on other solvers."""
        model = model_of_solver(self._env)
        if model is None:
            return None
        data = self._env.sim.physics_manager._solver.mjw_data
        buffers = warp_buffers(model, data, "env.sim.physics.solver_cfg")
        known = {name: path for name, path in buffers.settings.items() if name in ("njmax", "nconmax")}
        return dataclasses.replace(buffers, settings=known)

    def before_reset(self, call: Callable[[], None]) -> None:
        """Do nothing: Newton's resets leave the bits set."""

    def joints(self, asset: str) -> Joints | None:
        """Return the joints of an articulation that a configured group of actuators drives."""
        robot = self._env.scene.articulations.get(asset)
        return None if robot is None else joints_of(robot)

    def nominal_joint_state(self, asset: str, quantity: Literal["pos", "vel"]) -> Mapping[str, float]:
        """Return the initial state of an articulation's configuration."""
        return nominal_state(self._env.scene.articulations[asset], quantity)

    def base_body(self, asset: str) -> str:
        """Return an articulation's first body."""
        return str(self._env.scene.articulations[asset].body_names[0])

    def sensed(self, sensor: str) -> Sensed:
        """Return what an `Imu` or a `Pva` measures."""
        return sensed(self._env.scene, sensor)

    def height_map(self, parameters: Mapping[str, Any]) -> HeightMap | None:
        """Return the grid of a `RayCaster`."""
        return height_map(self._env.scene, parameters)

    def velocity_is_of_mass_center(self) -> bool:
        """Return True: `root_lin_vel_b` is short for `root_com_lin_vel_b`."""
        return True

    def robot_model(self, asset: str) -> str:
        """Return the part of the solver's model that is an articulation."""
        return robot_model(self._env, self._env.scene.articulations[asset])

    def action_asset(self, term: Any) -> str:
        """Return the term's `asset_name`."""
        return str(term.cfg.asset_name)

    def action_targets(self, term: Any) -> Sequence[str]:
        """Return the term's `_joint_names`, or `_tendon_names`."""
        return tuple(getattr(term, "_joint_names", ()) or getattr(term, "_tendon_names", ()))

    def mechanics(self, robot: Any) -> ArticulationMechanics | None:
        """Return the mechanics of an `Articulation`."""
        return ArticulationMechanics(self._env, robot) if hasattr(robot, "actuators") else None

    def push(self, robot: Any, env_ids: torch.Tensor, velocity: torch.Tensor) -> None:
        """Overwrite the root's velocity, as Isaac Lab's `push_by_setting_velocity` does."""
        velocities = as_tensor(robot.data.root_com_vel_w)[env_ids].clone()
        velocities[:, :3] += velocity
        robot.write_root_velocity_to_sim_index(root_velocity=velocities, env_ids=env_ids)

    def starts(self, robot: Any) -> None:
        """Return None: articulations start where their task puts them."""

    def robot_reader(self, task: str) -> RobotReader:
        """Return the reader of the articulation called `robot`, or of the only one, and of rigid objects."""
        robot = self.robot()
        if robot is None:
            names = ", ".join(self.robot_names()) or "none"
            raise TrainingError(f"expected an articulation called robot, or a single one, got {names}")
        return RobotReader(self._env, skeleton_of(self._env, robot), task)

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""
        return EventTermCfg(mode="startup", func=func, params={})

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the fields that the event terms of `isaaclab.envs.mdp` write; none for other terms."""
        names = (cls.__name__ for cls in type(term_cfg.func).__mro__)
        return frozenset(field for name in names for field in _WRITTEN.get(name, ()))

    def unused_parameters(self, term_cfg: Any) -> Mapping[str, str]:
        """Return the parameters of a physics material that Newton and its solver ignore."""
        if not hasattr(_material(term_cfg), _FRICTION):
            return {}
        unused = {
            "dynamic_friction_range": _ONE_FRICTION,
            "make_consistent": _ONE_FRICTION,
            "num_buckets": _NO_BUCKETS,
        }
        has_restitution = model_of_solver(self._env) is None
        return unused if has_restitution else {**unused, "restitution_range": _NO_RESTITUTION}

    def first_sample_cost(self, func: Callable[..., None]) -> str:
        """Return nothing: every environment has its own values from the start."""
        return ""

    def before_sampling(self, term_cfg: Any) -> None:
        """Pass a material's new ranges to its implementation, which copied them when it was built.

        On Newton it keeps the ranges, on PhysX buckets that were sampled from them.
        """
        material = _material(term_cfg)
        if material is None:
            return
        if hasattr(material, _FRICTION):
            setattr(material, _FRICTION, term_cfg.params["static_friction_range"])
            setattr(material, _RESTITUTION, term_cfg.params["restitution_range"])
        else:
            term_cfg.func._impl = type(material)(term_cfg, self._env)

    def after_sampling(self, term_cfgs: Sequence[Any]) -> None:
        """Do nothing: assets update the physics themselves."""


def _material(term_cfg: Any) -> Any:
    """Return the implementation of a physics material term, None for another term."""
    is_material = any(cls.__name__ == _MATERIAL for cls in type(term_cfg.func).__mro__)
    return getattr(term_cfg.func, "_impl", None) if is_material else None
