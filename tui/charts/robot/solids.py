"""Where rays along the line of sight meet a solid: closed forms, on arrays of dots.

The frame is the viewer's: x right, y up, z away, in metres from the solid's centre. Each function gets the rays of a
rectangle of dots as `x` [1, columns] and `y` [rows, 1], and the solid's `rotation` [3, 3] in this frame. It returns for
each dot the depth z of the visible surface, NaN where there is none, and the light there: -1 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Hit = tuple[Floats, Floats]

LIGHT = np.array([-0.45, 0.65, -0.61], dtype=np.float32)
"""Unit vector towards the light: from above, over the viewer's left shoulder."""
_PARALLEL = 1e-4
"""Sine squared of the angle to the line of sight below which an axis counts as parallel to it."""


def capsule(x: Floats, y: Floats, size: Floats, rotation: Floats) -> Hit:
    """Radius and half length along the local z axis; a sphere has no length."""
    radius, half = float(size[0]), float(size[1])
    axis = rotation[:, 2]
    along_ray = float(axis[2])
    across = 1 - along_ray * along_ray
    if half == 0 or across < _PARALLEL:
        end = -np.copysign(half, along_ray) * axis
        return _ball(x, y, radius, end)
    beside = axis[0] * x + axis[1] * y
    distance = x * x + y * y - radius * radius
    z = (beside * along_ray - np.sqrt((beside * along_ray) ** 2 - across * (distance - beside * beside))) / across
    along = beside + along_ray * z
    nearest = np.clip(along, -half, half)
    ends = nearest != along
    if ends.any():
        dx, dy, dz = x - nearest * axis[0], y - nearest * axis[1], nearest * axis[2]
        rounded = dz - np.sqrt(radius * radius - dx * dx - dy * dy)
        z = np.where(ends, rounded, z)
    light = (LIGHT[0] * x + LIGHT[1] * y + LIGHT[2] * z - nearest * (axis @ LIGHT)) / radius
    return z, light


def ellipsoid(x: Floats, y: Floats, size: Floats, rotation: Floats) -> Hit:
    """Half axes."""
    unit = (rotation / size).T  # world to the unit sphere
    ox, oy, oz = (unit[row, 0] * x + unit[row, 1] * y for row in range(3))
    dx, dy, dz = (float(unit[row, 2]) for row in range(3))
    a, b = dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz
    z = (-b - np.sqrt(b * b - a * (ox * ox + oy * oy + oz * oz - 1))) / a
    gradient = [start + z * step for start, step in ((ox, dx), (oy, dy), (oz, dz))]
    normal = [sum(unit[row, column] * gradient[row] for row in range(3)) for column in range(3)]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    return z, (LIGHT[0] * normal[0] + LIGHT[1] * normal[1] + LIGHT[2] * normal[2]) / length


def box(x: Floats, y: Floats, size: Floats, rotation: Floats) -> Hit:
    """Half edges."""
    entry: Floats = np.full(np.broadcast_shapes(x.shape, y.shape), -np.inf, dtype=np.float32)
    leaving, light = -entry, np.zeros_like(entry)
    for axis, half in zip(rotation.T, size, strict=True):
        step = float(axis[2]) if abs(axis[2]) > _PARALLEL else _PARALLEL
        middle, reach = -(axis[0] * x + axis[1] * y) / step, abs(half / step)
        first = middle - reach
        later = first > entry
        entry = np.where(later, first, entry)
        light = np.where(later, -np.sign(step) * (axis @ LIGHT), light)
        leaving = np.minimum(leaving, middle + reach)
    return np.where(entry <= leaving, entry, np.nan), light


def cylinder(x: Floats, y: Floats, size: Floats, rotation: Floats) -> Hit:
    """Radius and half length along the local z axis, with flat ends."""
    radius, half = float(size[0]), float(size[1])
    axis = rotation[:, 2]
    along_ray = float(axis[2])
    across = max(1 - along_ray * along_ray, _PARALLEL)
    beside = axis[0] * x + axis[1] * y
    distance = x * x + y * y - radius * radius
    z = (beside * along_ray - np.sqrt((beside * along_ray) ** 2 - across * (distance - beside * beside))) / across
    along = beside + along_ray * z
    light = (LIGHT[0] * x + LIGHT[1] * y + LIGHT[2] * z - along * (axis @ LIGHT)) / radius
    facing = -np.copysign(half, along_ray)
    slope = along_ray if abs(along_ray) > _PARALLEL else np.copysign(_PARALLEL, along_ray)
    flat = (facing - beside) / slope
    on_flat = distance + flat * flat - (beside + along_ray * flat) ** 2 <= 0
    z = np.where(on_flat, flat, np.where(np.abs(along) <= half, z, np.nan))
    return z, np.where(on_flat, np.copysign(1, facing) * (axis @ LIGHT), light)


def half_extents(kinds: tuple[str, ...], sizes: Floats, rotations: Floats) -> Floats:
    """Return half the width, height and depth [S, 3] of the boxes around shapes, in the viewer's frame."""
    boxes = np.einsum("sij,sj->si", np.abs(rotations), sizes)
    balls = np.sqrt(np.einsum("sij,sj->si", rotations * rotations, sizes * sizes))
    axes, radius, half = np.abs(rotations[:, :, 2]), sizes[:, :1], sizes[:, 1:2]
    rods = axes * half + radius
    drums = axes * half + radius * np.sqrt(np.maximum(1 - axes * axes, 0))
    of_kind = {"box": boxes, "ellipsoid": balls, "cylinder": drums}
    extents = np.empty_like(sizes)
    for row, kind in enumerate(kinds):
        extents[row] = of_kind.get(kind, rods)[row]
    return extents


def _ball(x: Floats, y: Floats, radius: float, centre: Floats) -> Hit:
    dx, dy = x - centre[0], y - centre[1]
    depth = -np.sqrt(radius * radius - dx * dx - dy * dy)
    return centre[2] + depth, (LIGHT[0] * dx + LIGHT[1] * dy + LIGHT[2] * depth) / radius


HITS: dict[str, Callable[[Floats, Floats, Floats, Floats], Hit]] = {
    "capsule": capsule,
    "sphere": capsule,
    "box": box,
    "cylinder": cylinder,
    "ellipsoid": ellipsoid,
}
"""The function of each kind of shape."""
