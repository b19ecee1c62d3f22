"""What sensors of an Isaac Lab scene measure, by the names of the robot's bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer_proc.contract.bundle.description import HeightMap
from trainer_proc.simulators.interface import Sensed

_UNTURNED = (0.0, 0.0, 0.0, 1.0)
_DOWN = (0.0, 0.0, -1.0)


def sensed(scene: Any, name: str) -> Sensed:
    """Return the body of an inertial sensor that isn't turned against it; what it measures depends on the reader."""
    cfg = getattr(scene.sensors.get(name), "cfg", None)
    kinds = {kind.__name__ for kind in type(scene.sensors.get(name)).__mro__}
    if cfg is None or not kinds & {"Imu", "BaseImu", "Pva", "BasePva"} or tuple(cfg.offset.rot) != _UNTURNED:
        return Sensed()
    return Sensed("base_ang_vel", _body(cfg.prim_path))


def height_map(scene: Any, parameters: Mapping[str, Any]) -> HeightMap | None:
    """Return the grid of a ray caster, turned by yaw only, whose rays go down.

    The height is the body's: the sensor's own offset moves where rays begin, not what is measured.
    """
    cfg = scene.sensors[parameters["sensor_cfg"].name].cfg
    pattern = getattr(cfg, "pattern_cfg", None)
    if pattern is None or cfg.ray_alignment != "yaw" or tuple(cfg.offset.rot) != _UNTURNED:
        return None
    if not hasattr(pattern, "resolution") or tuple(pattern.direction) != _DOWN:
        return None
    starts, _ = pattern.func(pattern, "cpu")
    forward, left, _ = cfg.offset.pos
    return HeightMap(
        frame=_body(cfg.prim_path),
        size=(float(pattern.size[0]), float(pattern.size[1])),
        resolution=float(pattern.resolution),
        points=[(round(x + forward, 6), round(y + left, 6)) for x, y, _ in starts.tolist()],
        offset=float(parameters.get("offset", 0.5)),
    )


def _body(path: str) -> str:
    return path.rpartition("/")[2]
