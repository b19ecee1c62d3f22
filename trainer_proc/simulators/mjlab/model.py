"""A robot in a built mjlab environment, and its model's fields by environment.

Shapes: E environments, N elements of the model, such as bodies or geoms.
"""

from __future__ import annotations

from typing import Any

import torch


def robot_of(env: Any) -> Any:
    """Return the entity called "robot", or the first that has actuators; None if there is none."""
    entities = env.scene.entities
    actuated = (entity for entity in entities.values() if getattr(entity, "is_actuated", False))
    return entities["robot"] if "robot" in entities else next(actuated, None)


def moving_root_of(env: Any) -> int:
    """Return the model's index of the robot's first body that is not fixed to the world."""
    bodies = [int(body.id) for body in robot_of(env).indexing.bodies]
    return next((body for body in bodies if env.sim.mj_model.body_weldid[body]), bodies[0])


def environment_ids(env: Any, env_ids: torch.Tensor | None) -> torch.Tensor:
    """Return `env_ids`, or all environments for None, the convention of event functions."""
    return torch.arange(env.num_envs, device=env.device) if env_ids is None else env_ids


def default_values(env: Any, field: str, env_ids: torch.Tensor, elements: torch.Tensor) -> torch.Tensor:
    """Return the values that the model was built with: E × N × the field's shape.

    Source: `Simulation.get_default_field`. Where models differ by environment, so do their defaults.
    """
    default: torch.Tensor = env.sim.get_default_field(field)
    if field in env.sim.per_world_default_fields:
        return default[env_ids[:, None], elements]
    return default[elements].expand(len(env_ids), *default[elements].shape)


def set_values(env: Any, field: str, env_ids: torch.Tensor, elements: torch.Tensor, values: torch.Tensor) -> None:
    """Write E × N × the field's shape into the model; the field must be expanded by environment."""
    getattr(env.sim.model, field)[env_ids[:, None], elements] = values
