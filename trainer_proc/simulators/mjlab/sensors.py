"""What sensors of an mjlab scene measure, by MuJoCo's names of bodies and sites in the robot's own model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mujoco  # type: ignore[import-untyped]
from mjlab.sensor import GridPatternCfg, ObjRef, RayCastSensor

from trainer_proc.contract.bundle.description import HeightMap
from trainer_proc.simulators.interface import Sensed

_DOWN = (0.0, 0.0, -1.0)
_BODIES = (mujoco.mjtObj.mjOBJ_BODY, mujoco.mjtObj.mjOBJ_XBODY)


def sensed(model: Any, name: str) -> Sensed:
    """Return what a sensor of MuJoCo's model measures.

    The world's vertical axis in a frame (`framezaxis`) counts as gravity; the observation that reads it negates it.
    """
    index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SENSOR, name)
    if index < 0:
        return Sensed()
    kind, site = model.sensor_type[index], _frame(model, model.sensor_objtype[index], model.sensor_objid[index])
    if kind == mujoco.mjtSensor.mjSENS_VELOCIMETER:
        return Sensed("base_lin_vel", site)
    if kind == mujoco.mjtSensor.mjSENS_GYRO:
        return Sensed("base_ang_vel", site)
    is_world = model.sensor_objtype[index] in _BODIES and model.sensor_objid[index] == 0
    if kind == mujoco.mjtSensor.mjSENS_FRAMEZAXIS and is_world:
        frame = _frame(model, model.sensor_reftype[index], model.sensor_refid[index])
        return Sensed("projected_gravity", frame) if frame else Sensed()
    return Sensed()


def height_map(scene: Any, parameters: Mapping[str, Any]) -> HeightMap | None:
    """Return the grid of a ray caster around one frame, turned by yaw only, whose rays go down."""
    sensor = scene[parameters["sensor_name"]]
    cfg = getattr(sensor, "cfg", None)
    frames: Any = getattr(cfg, "frame", ())
    frames = (frames,) if isinstance(frames, ObjRef) else frames
    pattern = getattr(cfg, "pattern", None)
    if not isinstance(sensor, RayCastSensor) or cfg is None or len(frames) != 1 or cfg.ray_alignment != "yaw":
        return None
    if not isinstance(pattern, GridPatternCfg) or tuple(pattern.direction) != _DOWN:
        return None
    offsets, _ = pattern.generate_rays(None, "cpu")
    missed = parameters.get("miss_value")
    return HeightMap(
        frame=frames[0].name,
        size=(float(pattern.size[0]), float(pattern.size[1])),
        resolution=float(pattern.resolution),
        points=[(round(x, 6), round(y, 6)) for x, y, _ in offsets.tolist()],
        offset=float(parameters.get("offset", 0.0)),
        max_distance=float(cfg.max_distance if missed is None else missed),
    )


def _frame(model: Any, kind: int, index: int) -> str:
    """Return the name of a body or site without the scene's prefix; empty for another part, or without a name."""
    if kind not in (*_BODIES, mujoco.mjtObj.mjOBJ_SITE):
        return ""
    named = mujoco.mjtObj.mjOBJ_BODY if kind in _BODIES else kind
    return (mujoco.mj_id2name(model, named, index) or "").rpartition("/")[2]
