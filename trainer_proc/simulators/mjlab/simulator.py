"""Answers about a built mjlab 1.6 environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Literal

import torch
from mjlab.managers.event_manager import EventTermCfg
from mjlab.utils import noise

from trainer_proc.contract.bundle.description import HeightMap
from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.overflow import Buffers
from trainer_proc.metrics.success.root import Root
from trainer_proc.metrics.terrain import TerrainGrid
from trainer_proc.simulators.default_randomization import DefaultRandomization
from trainer_proc.simulators.interface import Joints, Sensed
from trainer_proc.simulators.mjlab.joints import joints_of, nominal_state
from trainer_proc.simulators.mjlab.mechanics import MjlabMechanics
from trainer_proc.simulators.mjlab.model import robot_of
from trainer_proc.simulators.mjlab.randomization import DEFAULT_RANDOMIZATION, fields_written
from trainer_proc.simulators.mjlab.robot_model import robot_model
from trainer_proc.simulators.mjlab.root import MjlabRoot
from trainer_proc.simulators.mjlab.scene import skeleton_of
from trainer_proc.simulators.mjlab.sensors import height_map, sensed
from trainer_proc.simulators.mjlab.starts import MjlabStarts
from trainer_proc.simulators.mjlab.terrain import terrain_grid
from trainer_proc.simulators.robot_reader import RobotReader
from trainer_proc.simulators.warp_buffers import warp_buffers

_COST = (
    "the training is blocked while the first change expands the model's fields"
    " (4096 environments on a GPU: 0.3 s on flat ground, 2 s on rough)"
)


class MjlabSimulator:
    """Environments share model fields until these are expanded, and constants derive from some of them."""

    default_randomization: Sequence[DefaultRandomization] = DEFAULT_RANDOMIZATION
    noise: ModuleType = noise

    def __init__(self, env: Any) -> None:
        self._env = env

    def asset(self, name: str) -> Any | None:
        """Return the scene's entity called `name`."""
        return self._env.scene.entities.get(name)

    def robot(self) -> Any | None:
        """Return the entity called `robot`, or the first that has actuators."""
        return robot_of(self._env)

    def robot_names(self) -> list[str]:
        """Return the names of all entities but the terrain."""
        return [name for name in self._env.scene.entities if name != "terrain"]

    def root(self, robot: Any) -> Root | None:
        """Return the root of an `Entity`."""
        return MjlabRoot(robot) if hasattr(getattr(robot, "data", None), "indexing") else None

    def terrain(self) -> TerrainGrid | None:
        """Return the terrain; its types have names where each has one column."""
        return terrain_grid(self._env)

    def buffers(self) -> Buffers:
        """Return the buffers that all environments share, and those of each."""
        return warp_buffers(self._env.sim.wp_model, self._env.sim.wp_data, "env.sim")

    def before_reset(self, call: Callable[[], None]) -> None:
        """Wrap `sim.reset` on the instance."""
        sim = self._env.sim
        reset = sim.reset

        def call_and_reset(*args: Any, **kwargs: Any) -> None:
            call()
            reset(*args, **kwargs)

        sim.reset = call_and_reset

    def joints(self, asset: str) -> Joints | None:
        """Return the joints of an entity that have an actuator."""
        robot = self.asset(asset)
        return joints_of(self._env, robot) if getattr(robot, "is_actuated", False) else None

    def nominal_joint_state(self, asset: str, quantity: Literal["pos", "vel"]) -> Mapping[str, float]:
        """Return the initial state of an entity's configuration or keyframe."""
        return nominal_state(self._env, self.asset(asset), quantity)

    def base_body(self, asset: str) -> str:
        """Return an entity's root body."""
        return str(self._env.scene.entities[asset].body_names[0])

    def sensed(self, sensor: str) -> Sensed:
        """Return what MuJoCo's sensor measures."""
        return sensed(self._env.sim.mj_model, sensor)

    def height_map(self, parameters: Mapping[str, Any]) -> HeightMap | None:
        """Return the grid of a `RayCastSensor`."""
        return height_map(self._env.scene, parameters)

    def velocity_is_of_mass_center(self) -> bool:
        """Return False: mjlab observes the root link's velocity."""
        return False

    def robot_model(self, asset: str) -> str:
        """Return the model of an entity's specification."""
        return robot_model(self.asset(asset), self._env.cfg.sim.mujoco)

    def action_asset(self, term: Any) -> str:
        """Return the term's `entity_name`."""
        return str(term.cfg.entity_name)

    def action_targets(self, term: Any) -> Sequence[str]:
        """Return the term's `target_names`."""
        return tuple(getattr(term, "target_names", ()))

    def mechanics(self, robot: Any) -> MjlabMechanics | None:
        """Return the mechanics of an `Entity` that has actuators."""
        return MjlabMechanics(self._env, robot) if getattr(robot, "is_actuated", False) else None

    def push(self, robot: Any, env_ids: torch.Tensor, velocity: torch.Tensor) -> None:
        """Overwrite the free joint's velocity, as mjlab's `push_by_setting_velocity` does."""
        velocities = robot.data.root_link_vel_w[env_ids]
        velocities[:, :3] += velocity
        robot.write_root_link_velocity_to_sim(velocities, env_ids=env_ids)

    def starts(self, robot: Any) -> MjlabStarts | None:
        """Return what starts an `Entity` that has actuators."""
        return MjlabStarts(self._env, robot) if getattr(robot, "is_actuated", False) else None

    def robot_reader(self, task: str) -> RobotReader:
        """Return the reader of the entity called `robot`, or of the first that has actuators, and of other entities."""
        if self.robot() is None:
            names = ", ".join(self.robot_names()) or "none"
            raise TrainingError(f"expected an entity called robot, or one with actuators, got {names}")
        return RobotReader(self._env, skeleton_of(self._env), task)

    def startup_term(self, func: Callable[..., None]) -> Any:
        """Return a configuration of a startup event that calls `func`."""
        return EventTermCfg(mode="startup", func=func)

    def fields_written(self, term_cfg: Any) -> frozenset[str]:
        """Return the model fields that the term's function declares (`requires_model_fields`)."""
        return fields_written(term_cfg)

    def unused_parameters(self, term_cfg: Any) -> Mapping[str, str]:
        """Return nothing: mjlab's event functions use all their parameters."""
        return {}

    def first_sample_cost(self, func: Callable[..., None]) -> str:
        """Return the cost of expanding fields that are not expanded yet."""
        return _COST if self._unexpanded(func) else ""

    def before_sampling(self, term_cfg: Any) -> None:
        """Expand the term's fields, otherwise all environments silently share one value. Captures CUDA graphs again."""
        if fields := self._unexpanded(term_cfg.func):
            self._env.sim.expand_model_fields(fields)

    def after_sampling(self, term_cfgs: Sequence[Any]) -> None:
        """Recompute constants that derive from the sampled fields."""
        strongest: Any = max((getattr(cfg.func, "recompute", 0) for cfg in term_cfgs), default=0)
        if strongest:
            self._env.sim.recompute_constants(strongest)

    def _unexpanded(self, func: Any) -> tuple[str, ...]:
        """Return the fields that an event function writes and that all environments still share."""
        expanded = self._env.sim.expanded_fields
        return tuple(field for field in getattr(func, "model_fields", ()) if field not in expanded)
