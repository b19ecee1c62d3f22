"""The camera: an orthographic projection of metres to the dots of a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Floats = NDArray[np.float32]

LOWEST, HIGHEST = 0.0, math.pi / 2
"""Elevations: never from below the ground."""
SMALLEST_ZOOM, LARGEST_ZOOM = 0.2, 8.0


@dataclass(frozen=True)
class Camera:
    """Where the camera looks from. Angles are radians; at azimuth 0 it stands before a robot that heads along x."""

    azimuth: float = math.radians(-50)
    elevation: float = math.radians(12)
    zoom: float = 1.0
    """Magnification: at 1 the whole robot fits into the picture."""

    def orbited(self, azimuth: float, elevation: float) -> Camera:
        """Return the camera moved around the robot by these angles, at most up to the zenith."""
        raised = min(max(self.elevation + elevation, LOWEST), HIGHEST)
        return Camera((self.azimuth + azimuth + math.pi) % math.tau - math.pi, raised, self.zoom)

    def zoomed(self, factor: float) -> Camera:
        """Return the camera with its zoom multiplied by `factor`, within its limits."""
        return Camera(self.azimuth, self.elevation, min(max(self.zoom * factor, SMALLEST_ZOOM), LARGEST_ZOOM))


VIEWS = {
    "default": Camera(),
    "front": Camera(0.0, math.radians(8)),
    "side": Camera(math.radians(-90), math.radians(8)),
    "top": Camera(math.radians(180), math.radians(90)),
}
"""Directions to choose from, by name."""


@dataclass(frozen=True)
class Projection:
    """A camera in front of a picture of `width` × `height` dots whose middle shows `target`."""

    camera: Camera
    heading: float
    """World azimuth from which the camera's own is counted, radians."""
    target: Vector
    """Metres."""
    dots_per_metre: float
    width: int
    height: int

    @property
    def axes(self) -> Floats:
        """Rows: the picture's right and up, and the direction away from the viewer, in world coordinates."""
        azimuth, elevation = self.camera.azimuth + self.heading, self.camera.elevation
        cos_a, sin_a, cos_e, sin_e = math.cos(azimuth), math.sin(azimuth), math.cos(elevation), math.sin(elevation)
        right = (-sin_a, cos_a, 0.0)
        up = (-sin_e * cos_a, -sin_e * sin_a, cos_e)
        away = (-cos_e * cos_a, -cos_e * sin_a, -sin_e)
        return np.array([right, up, away], dtype=np.float32)

    def seen(self, points: Floats) -> Floats:
        """Return world points [..., 3] as metres right of, above and behind the target."""
        result: Floats = (points - np.array(self.target, dtype=np.float32)) @ self.axes.T
        return result

    def dots(self, points: Floats) -> Floats:
        """Return the column and row of world points [..., 3] in dots; (0, 0) is the middle of the upper left dot."""
        seen = self.seen(points)
        across = seen[..., 0] * self.dots_per_metre + (self.width - 1) / 2
        down = (self.height - 1) / 2 - seen[..., 1] * self.dots_per_metre
        result: Floats = np.stack((across, down), axis=-1)
        return result
