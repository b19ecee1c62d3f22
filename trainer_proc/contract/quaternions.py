"""Rotations as unit quaternions (w, x, y, z)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def heading(quaternion: Sequence[float]) -> float:
    """Return the angle around the vertical axis of a quaternion (w, x, y, z), rad."""
    w, x, y, z = quaternion
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def quaternion_product(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the rotation by `second`, then by `first`, both about the axes of the world."""
    a, b, c, d = first
    w, x, y, z = second
    return (
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    )


def matrix(quaternion: Sequence[float]) -> Vector:
    """Return the rotation [3, 3] of a unit quaternion."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


def rotated(quaternion: Vector, vector: Vector) -> Vector:
    """Return a vector turned by a unit quaternion."""
    turned = 2.0 * np.cross(quaternion[1:], vector)
    result: Vector = vector + quaternion[0] * turned + np.cross(quaternion[1:], turned)
    return result
