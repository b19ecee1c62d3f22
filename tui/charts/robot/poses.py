"""Where the solids of a scene are in one state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import RobotState, Scene
from tui.session.robot.values import values_of

Floats = NDArray[np.float32]
_POSE = 7
_FARTHEST = 1e4
"""Metres from the environment's origin: a simulation that diverges leaves everything that can be drawn."""
_LARGEST_QUATERNION = 2.0
"""Size of an entry; those of unit quaternions are at most 1, up to rounding."""


@dataclass(frozen=True)
class Solids:
    """The shapes of a scene as arrays; S shapes on B bodies."""

    bodies: NDArray[np.intp]
    """[S]: body of each shape."""
    kinds: tuple[str, ...]
    sizes: Floats
    """[S, 3]: see `Shape.size`."""
    positions: Floats
    """[S, 3]: centres in the frame of the body."""
    rotations: Floats
    """[S, 3, 3]."""


@dataclass(frozen=True)
class Placed:
    """Poses in the world: of shapes [S] and of bodies [B]."""

    centres: Floats
    """[S, 3], metres."""
    rotations: Floats
    """[S, 3, 3]."""
    bodies: Floats
    """[B, 3], metres."""


def solids_of(scene: Scene) -> Solids:
    """Return the shapes that can be drawn: of possible size and place, and on a body of the scene."""
    shapes = [
        shape
        for shape in scene.shapes
        if 0 <= shape.body < len(scene.bodies)
        and (np.abs([*shape.size, *shape.position]) <= _FARTHEST).all()
        and (np.abs(shape.orientation) <= _LARGEST_QUATERNION).all()
    ]
    return Solids(
        bodies=np.array([shape.body for shape in shapes], dtype=np.intp),
        kinds=tuple(shape.kind for shape in shapes),
        sizes=np.array([shape.size for shape in shapes], dtype=np.float32).reshape(-1, 3),
        positions=np.array([shape.position for shape in shapes], dtype=np.float32).reshape(-1, 3),
        rotations=rotations_of(np.array([shape.orientation for shape in shapes], dtype=np.float32).reshape(-1, 4)),
    )


def poses_of(state: RobotState, bodies: int) -> Floats | None:
    """Return the poses [bodies, 7] of a state; None unless they can be drawn and are as many as the scene has.

    Those of a simulation that has diverged can't: they are not finite, or farther away than 10 km.
    """
    values = values_of(state.poses, bodies * _POSE)
    if values is None:
        return None
    poses = values.reshape(bodies, _POSE)
    # false for NaN
    can_be_drawn = (np.abs(poses[:, :3]) <= _FARTHEST).all() and (np.abs(poses[:, 3:]) <= _LARGEST_QUATERNION).all()
    return poses if can_be_drawn else None


def place(solids: Solids, poses: Floats) -> Placed:
    """Return where the shapes are if the bodies have these `poses` [B, 7]."""
    rotations = rotations_of(poses[:, 3:])[solids.bodies]
    centres = poses[solids.bodies, :3] + np.einsum("sij,sj->si", rotations, solids.positions)
    return Placed(centres, rotations @ solids.rotations, poses[:, :3])


def yaw_of(quaternion: Floats) -> float:
    """Return the heading of a body whose local x axis points forwards, radians; `quaternion` is (w, x, y, z)."""
    w, x, y, z = (float(part) for part in quaternion)
    return float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))


def rotations_of(quaternions: Floats) -> Floats:
    """Return the matrices [..., 3, 3] of unit quaternions (w, x, y, z) [..., 4]."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    result: Floats = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return result
