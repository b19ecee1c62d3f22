"""Chooses what to draw of a body: its solids, or a capsule in place of its meshes.

Quaternions are (w, x, y, z). Shapes: B bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from trainer_proc.contract.quaternions import Vector, quaternion_product, rotated
from trainer_proc.contract.robot import Shape, ShapeKind

_LINK_RADIUS = 0.3
"""Radius of a link that is drawn between two joints, as a share of its length."""
_THINNEST, _THICKEST = 0.02, 0.06
"""Limits of that radius, metres."""
_SHORTEST_LINK = 0.02
"""Joints that are nearer to each other (m) get no link between them."""


@dataclass(frozen=True)
class Solid:
    """A geom in its body's frame. A mesh is the box around it: half edges and centre."""

    kind: ShapeKind | Literal["mesh"]
    size: Vector
    position: Vector
    orientation: Vector
    collides: bool = True


_KINDS: dict[int, ShapeKind | Literal["mesh"]] = {
    2: "sphere",
    3: "capsule",
    4: "ellipsoid",
    5: "cylinder",
    6: "box",
    7: "mesh",
}
"""MuJoCo's `mjtGeom` of geoms that are drawn; others are ground."""


def solids_of(model: Any, body: int) -> list[Solid]:
    """Return the geoms of a body of a MuJoCo model, in the body's frame."""
    first = int(model.body_geomadr[body])
    solids = []
    for geom in range(first, first + int(model.body_geomnum[body])):
        kind = _KINDS.get(int(model.geom_type[geom]))
        if kind is None:
            continue
        position: Vector = model.geom_pos[geom].copy()
        orientation: Vector = model.geom_quat[geom].copy()
        size: Vector = model.geom_size[geom].copy()
        if kind == "mesh":
            centre, size = model.geom_aabb[geom][:3], model.geom_aabb[geom][3:].copy()
            position = position + rotated(orientation, centre)
        collides = bool(model.geom_contype[geom] or model.geom_conaffinity[geom])
        solids.append(Solid(kind, size, position, orientation, collides))
    return solids


def shapes_of(parents: Sequence[int], offsets: ArrayLike, solids: Sequence[Sequence[Solid]]) -> tuple[Shape, ...]:
    """Return the shapes of B bodies.

    `parents` has each body's parent, -1 for none; `offsets` (B × 3) its origin in the parent's frame; `solids` its
    geoms. A body is drawn by its colliding solids, else by all its solids, else by its meshes, else by links to its
    children's joints.
    """
    positions = np.asarray(offsets, dtype=float)
    found: list[Shape] = []
    for body, geoms in enumerate(solids):
        simple = [geom for geom in geoms if geom.kind != "mesh"]
        colliding = [geom for geom in simple if geom.collides]
        drawn = colliding or simple or [_around(mesh) for mesh in geoms]
        drawn = drawn or [_link(positions[child]) for child, parent in enumerate(parents) if parent == body]
        found += [_shape(body, geom) for geom in drawn if geom.size.any()]
    return tuple(found)


def _shape(body: int, solid: Solid) -> Shape:
    assert solid.kind != "mesh"
    x, y, z = (float(number) for number in solid.size)
    size = {"sphere": (x, 0.0, 0.0), "capsule": (x, y, 0.0), "cylinder": (x, y, 0.0)}.get(solid.kind, (x, y, z))
    px, py, pz = (float(number) for number in solid.position)
    w, i, j, k = (float(number) for number in solid.orientation)
    return Shape(body, solid.kind, size, (px, py, pz), (w, i, j, k))


def _around(mesh: Solid) -> Solid:
    """Return a capsule along the longest edge of the mesh's box."""
    axis = int(np.argmax(mesh.size))
    radius = float(min(np.delete(mesh.size, axis).mean(), mesh.size[axis]))
    along = np.eye(3)[axis]
    return Solid(
        "capsule",
        np.array([radius, mesh.size[axis] - radius, 0.0]),
        mesh.position,
        np.array(quaternion_product(mesh.orientation.tolist(), turn_of_z(along).tolist())),
    )


def _link(end: Vector) -> Solid:
    """Return a capsule from the body's origin to a child's; empty if they are too near."""
    length = float(np.linalg.norm(end))
    if length < _SHORTEST_LINK:
        return Solid("capsule", np.zeros(3), np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))
    radius = float(np.clip(_LINK_RADIUS * length, _THINNEST, _THICKEST))
    return Solid("capsule", np.array([radius, length / 2, 0.0]), end / 2, turn_of_z(end / length))


def turn_of_z(direction: Vector) -> Vector:
    """Return the quaternion that turns the z axis into a unit vector."""
    x, y, z = direction
    if z < -0.999999:
        return np.array([0.0, 1.0, 0.0, 0.0])
    quaternion = np.array([1.0 + z, -y, x, 0.0])
    turned: Vector = quaternion / np.linalg.norm(quaternion)
    return turned


def leaf_feet(names: Sequence[str], parents: Sequence[int]) -> tuple[int, ...]:
    """Return the bodies that are named as feet: of a chain of such bodies, the last."""
    feet = {body for body, name in enumerate(names) if any(part in name.lower() for part in _FOOT_NAMES)}
    return tuple(sorted(feet - {parents[body] for body in feet}))


_FOOT_NAMES = ("foot", "feet", "ankle", "toe")
