"""What to draw of a built mjlab environment: bodies and geoms of its entities, joints, and contacts of its feet.

Shapes: B drawn bodies, J actuated joints of the robot, F feet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mjlab.sensor import ContactSensor

from trainer_proc.contract.body_shapes import leaf_feet, shapes_of, solids_of
from trainer_proc.simulators.mjlab.efforts import effort_limits
from trainer_proc.simulators.mjlab.ground import heights_of
from trainer_proc.simulators.mjlab.model import robot_of
from trainer_proc.simulators.mjlab.root import MjlabRoot
from trainer_proc.simulators.robot_reader import Channel, Skeleton, Values, picked


def skeleton_of(env: Any) -> Skeleton:
    """Return bodies of the robot, then of other entities but the terrain. The environment must have a robot."""
    model, robot = env.sim.mj_model, robot_of(env)
    others = [one for name, one in env.scene.entities.items() if name != "terrain" and one is not robot]
    ids = [int(body) for entity in (robot, *others) for body in entity.indexing.body_ids.tolist()]
    names = tuple(_name(model, body, "robot/" if robot is env.scene.entities.get("robot") else "") for body in ids)
    parents = tuple(ids.index(parent) if (parent := int(model.body_parentid[body])) in ids else -1 for body in ids)
    limits = dict(sorted(effort_limits(model, robot).items()))
    joints = list(limits)
    positions = robot.data.joint_pos_limits[0].tolist()
    feet, contacts = _feet(env, model, ids, names, parents)
    channels = _joint_channels(env, robot, joints) | {"poses": _poses(env, ids)} | contacts
    return Skeleton(
        bodies=names,
        parents=parents,
        shapes=shapes_of(parents, model.body_pos[ids], [solids_of(model, body) for body in ids]),
        feet=feet,
        joints=tuple(robot.joint_names[joint] for joint in joints),
        joint_limits=tuple((float(positions[joint][0]), float(positions[joint][1])) for joint in joints),
        torque_limits=tuple(max(abs(low), abs(high)) for low, high in limits.values()),
        root=None if robot.is_fixed_base else MjlabRoot(robot),
        channels=channels,
        heights=heights_of(model, ids),
    )


def _name(model: Any, body: int, prefix: str) -> str:
    return str(model.body(body).name).removeprefix(prefix)


def _poses(env: Any, ids: list[int]) -> Channel:
    bodies = picked(ids)

    def decode(values: list[Values]) -> Values:
        positions, quaternions = (one.reshape(len(one), -1, size) for one, size in zip(values, (3, 4), strict=True))
        return np.concatenate([positions[:, bodies], quaternions[:, bodies]], axis=2)

    data = env.sim.data
    return Channel(lambda: [data.xpos, data.xquat], decode, in_place=True)


def _joint_channels(env: Any, robot: Any, joints: list[int]) -> dict[str, Channel]:
    """Return positions and torques of the robot's actuated joints; both are picked on the host."""
    data = env.sim.data
    positions = robot.indexing.joint_q_adr.tolist()
    velocities = robot.indexing.joint_v_adr.tolist()
    of_positions = picked([positions[joint] for joint in joints])
    of_torques = picked([velocities[joint] for joint in joints])
    return {
        "joints": Channel(lambda: [data.qpos], lambda values: values[0][:, of_positions], in_place=True),
        "torques": Channel(lambda: [data.qfrc_actuator], lambda values: values[0][:, of_torques], in_place=True),
    }


def _feet(
    env: Any, model: Any, ids: list[int], names: tuple[str, ...], parents: tuple[int, ...]
) -> tuple[tuple[int, ...], dict[str, Channel]]:
    """Return the feet, and a channel of their contact forces if a sensor of the task measures these."""
    sensor = _feet_sensor(env)
    if sensor is None:
        return leaf_feet(names, parents), {}
    bodies = [_body_of(model, sensor, name) for name in sensor.primary_names]
    # their lengths are the same in any frame; `sensor.data` computes those of all environments
    sensors = [model.sensor(slot.sensor_name) for slot in sensor._slots if slot.field_name == "force"]
    columns = picked([int(one.adr[0]) + at for one in sensors for at in range(int(one.dim[0]))])
    data, slots = env.sim.data, sensor.cfg.num_slots

    def decode(values: list[Values]) -> Values:
        forces = values[0][:, columns].reshape(-1, len(bodies), slots, 3)
        lengths: Values = np.sqrt((forces * forces).sum(-1)).sum(-1)
        return lengths

    feet = tuple(ids.index(body) for body in bodies)
    return feet, {"contacts": Channel(lambda: [data.sensordata], decode, in_place=True)}


def _feet_sensor(env: Any) -> Any | None:
    """Return the sensor of the contacts of feet with the ground; else of another part with another thing."""
    sensors = [one for one in env.scene.sensors.values() if isinstance(one, ContactSensor)]
    with_others = [
        one
        for one in sensors
        if "force" in one.cfg.fields and getattr(one.cfg.secondary, "entity", None) != one.cfg.primary.entity
    ]
    of_feet = [one for one in with_others if one.cfg.track_air_time]
    return next(iter(of_feet or with_others), None)


def _body_of(model: Any, sensor: Any, name: str) -> int:
    """Return the model's index of the body that a sensor's primary element is, or belongs to."""
    primary = sensor.cfg.primary
    full = f"{primary.entity}/{name}" if primary.entity else name
    if primary.mode == "geom":
        return int(model.geom_bodyid[model.geom(full).id])
    return int(model.body(full).id)
