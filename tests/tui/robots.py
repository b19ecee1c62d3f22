"""Small robots, made by hand, for tests of the views."""

from __future__ import annotations

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene, Shape

UPRIGHT = (1.0, 0.0, 0.0, 0.0)


def packed(*values: float) -> bytes:
    return np.array(values, dtype="<f4").tobytes()


def scene_of(*shapes: Shape, bodies: tuple[str, ...] = ("base",), **more) -> Scene:
    parents = (-1, *[0] * (len(bodies) - 1))
    return Scene("task", bodies, parents, shapes, **{"step_seconds": 0.02, "num_envs": 8, **more})


def state_at(*positions: tuple[float, float, float], step: int = 0, turned: tuple[float, ...] = UPRIGHT, **more):
    """One body at each of the positions, all turned alike."""
    poses = b"".join(packed(*position, *turned) for position in positions)
    return RobotState(**{"environment": 0, "iteration": 1, "step": step, "time": step * 0.02, "poses": poses, **more})


def sphere(body: int = 0, radius: float = 0.1, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Shape:
    return Shape(body, "sphere", (radius, 0.0, 0.0), at, UPRIGHT)
