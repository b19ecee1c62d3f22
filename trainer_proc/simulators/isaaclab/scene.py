"""What to draw of a built Isaac Lab environment: bodies and shapes of its assets, joints, and contacts of its feet.

Shapes and parents are those of Newton's model. On PhysX, which reports neither, each body is a ball.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from newton import GeoType, ShapeFlags

from trainer_proc.contract.body_shapes import Solid, leaf_feet, shapes_of
from trainer_proc.contract.quaternions import Vector, rotated
from trainer_proc.metrics.success.root import as_tensor
from trainer_proc.simulators.isaaclab.joints import joints_of
from trainer_proc.simulators.isaaclab.root import ArticulationRoot
from trainer_proc.simulators.isaaclab.terrain import heights_of
from trainer_proc.simulators.robot_reader import Channel, Skeleton, Values, picked

_KINDS = {
    GeoType.SPHERE: "sphere",
    GeoType.CAPSULE: "capsule",
    GeoType.CYLINDER: "cylinder",
    GeoType.ELLIPSOID: "ellipsoid",
    GeoType.BOX: "box",
    GeoType.MESH: "mesh",
    GeoType.CONVEX_MESH: "mesh",
}
_NO_LIMIT = 1e6
_BALL = Solid("sphere", np.array([0.04, 0.0, 0.0]), np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0]))


def skeleton_of(env: Any, robot: Any) -> Skeleton:
    """Return bodies of the robot, an `Articulation`, then of other articulations and rigid objects."""
    scene = env.scene
    others = {key: one for key, one in (*scene.articulations.items(), *scene.rigid_objects.items()) if one is not robot}
    assets = [robot, *others.values()]
    of_others = (f"{key}/{name}" for key, asset in others.items() for name in asset.body_names)
    names = (*robot.body_names, *of_others)
    model = getattr(getattr(env.sim.physics_manager, "_solver", None), "model", None)
    ids = [body for asset in assets for body in _bodies_in_model(model, asset)]
    parents = _parents(model, ids)
    channels = {"poses": _poses(assets)} | _joint_channels(robot)
    feet = leaf_feet(names[: len(robot.body_names)], parents[: len(robot.body_names)])
    channels |= _contacts(env, [names[foot] for foot in feet])
    joints = joints_of(robot)
    of_robot = [robot.joint_names.index(name) for name in joints.names]
    limits = as_tensor(robot.data.joint_pos_limits)[0].tolist()
    return Skeleton(
        bodies=names,
        parents=parents,
        shapes=shapes_of(parents, _offsets(channels["poses"], parents), [_solids(model, body) for body in ids]),
        feet=feet,
        joints=tuple(joints.names),
        joint_limits=tuple((_limit(limits[joint][0]), _limit(limits[joint][1])) for joint in of_robot),
        torque_limits=tuple(math.inf if limit is None else max(map(abs, limit)) for limit in joints.effort_limits),
        root=None if robot.is_fixed_base else ArticulationRoot(robot),
        channels=channels,
        heights=heights_of(env),
    )


def _limit(position: float) -> float:
    """Newton has a huge number for no limit."""
    return position if abs(position) < _NO_LIMIT else math.copysign(math.inf, position)


def _bodies_in_model(model: Any, asset: Any) -> list[int]:
    """Return the index in Newton's model of each body of an asset in the first environment; -1 if unknown."""
    if model is None:
        return [-1] * len(asset.body_names)
    path = re.compile(asset.cfg.prim_path.replace("env_.*", "env_0") + "(/|$)")
    found = {label.rpartition("/")[2]: body for body, label in enumerate(model.body_label) if path.match(label)}
    return [found.get(name, -1) for name in asset.body_names]


def _parents(model: Any, ids: list[int]) -> tuple[int, ...]:
    if model is None:
        return (-1,) * len(ids)
    joints = zip(model.joint_child.numpy().tolist(), model.joint_parent.numpy().tolist(), strict=True)
    parent_of = {child: parent for child, parent in joints if child >= 0 and parent >= 0}
    return tuple(ids.index(parent) if (parent := parent_of.get(body)) in ids else -1 for body in ids)


def _solids(model: Any, body: int) -> list[Solid]:
    """Return the shapes of a body of Newton's model in its frame."""
    if model is None or body < 0:
        return [_BALL]
    solids = []
    for shape in model.body_shapes.get(body, ()):
        kind: Any = _KINDS.get(int(model.shape_type.numpy()[shape]))
        flags = int(model.shape_flags.numpy()[shape])
        if kind is None or flags & ShapeFlags.SITE:
            continue
        transform = model.shape_transform.numpy()[shape].astype(float)
        position, orientation = transform[:3], np.roll(transform[3:], 1)
        size: Vector = model.shape_scale.numpy()[shape].astype(float)
        if kind == "mesh":
            vertices = np.asarray(model.shape_source[shape].vertices) * size
            low, high = vertices.min(0), vertices.max(0)
            size, position = (high - low) / 2, position + rotated(orientation, (high + low) / 2)
        solids.append(Solid(kind, size, position, orientation, bool(flags & ShapeFlags.COLLIDE_SHAPES)))
    return solids


def _offsets(poses: Channel, parents: tuple[int, ...]) -> Vector:
    """Return the origin of each body in its parent's frame, as it is now in the first environment."""
    rows = [source[:1].reshape(1, -1).cpu().numpy() for source in poses.sources()]
    present = poses.decode(rows)[0].astype(float)
    offsets = np.zeros((len(parents), 3))
    for body, parent in enumerate(parents):
        if parent >= 0:
            back = present[parent, 3:] * np.array([1.0, -1.0, -1.0, -1.0])
            offsets[body] = rotated(back, present[body, :3] - present[parent, :3])
    return offsets


def _poses(assets: list[Any]) -> Channel:
    """Isaac Lab 3 has quaternions (x, y, z, w)."""

    def decode(values: list[Values]) -> Values:
        poses = np.concatenate([one.reshape(len(one), -1, 7) for one in values], axis=1)
        return poses[:, :, [0, 1, 2, 6, 3, 4, 5]]

    return Channel(lambda: [as_tensor(one.data.body_link_pose_w) for one in assets], decode)


def _joint_channels(robot: Any) -> dict[str, Channel]:
    """Return positions and torques of the actuated joints; both are picked on the host."""
    joints = picked([robot.joint_names.index(name) for name in joints_of(robot).names])
    data, actuators = robot.data, robot.actuators
    return {
        "joints": Channel(lambda: [as_tensor(data.joint_pos)], lambda values: values[0][:, joints]),
        "torques": Channel(lambda: [as_tensor(actuators.applied_effort)], lambda values: values[0][:, joints]),
    }


def _contacts(env: Any, feet: list[str]) -> dict[str, Channel]:
    """Return a channel of the feet's contact forces if a sensor of the scene measures all feet."""
    for sensor in env.scene.sensors.values():
        names = list(getattr(sensor, "sensor_names", None) or ())
        if feet and set(feet) <= set(names) and getattr(sensor.data, "net_forces_w", None) is not None:
            columns = [names.index(foot) for foot in feet]
            return {"contacts": _forces(sensor, columns)}
    return {}


def _forces(sensor: Any, columns: list[int]) -> Channel:
    def decode(values: list[Values]) -> Values:
        forces: Values = np.linalg.norm(values[0].reshape(len(values[0]), -1, 3)[:, columns], axis=-1)
        return forces

    return Channel(lambda: [as_tensor(sensor.data.net_forces_w)], decode)
