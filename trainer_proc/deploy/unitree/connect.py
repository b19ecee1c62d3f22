"""Connects a bundle with the Unitree robot that it is for."""

from __future__ import annotations

from curricula.schema import SchemaError
from presets.robots import Robot, find_robot, robot_names
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.errors import refused
from trainer_proc.deploy.mujoco_robot import robot_of
from trainer_proc.deploy.observations import joint_index, require_measured
from trainer_proc.deploy.unitree.dds import DdsChannel
from trainer_proc.deploy.unitree.robot import UnitreeRobot, UnitreeSensors


def connect(bundle: Bundle, interface: str, domain: int) -> UnitreeRobot:
    """Return the robot on a network interface, in a DDS domain.

    Raises `UserError` for a policy of another robot, or if there is no connection.
    """
    robot = robot_for(bundle.card)
    sites = robot_of(bundle).parallel_frames(robot.imu) if bundle.robot_model is not None else []
    sensors = UnitreeSensors(robot, sites)
    require_measured(bundle.card, sensors)
    return UnitreeRobot(sensors, DdsChannel(interface, domain))


def robot_for(card: PolicyCard) -> Robot:
    """Return the robot that a card names, else the only one with its joints. Raises `BundleRefused`."""
    known = [name for name in robot_names() if name.startswith("unitree")]
    if not card.robot:
        fitting = [robot for robot in map(find_robot, known) if set(robot.joints) == set(card.joint_names)]
        if len(fitting) != 1:
            remedy = "train with [deploy] robot, or run it with --robot mujoco"
            raise refused("robot", f"one of {', '.join(known)}", "none with these joints", remedy)
        return fitting[0]
    try:
        robot = find_robot(card.robot)
    except SchemaError as error:
        raise refused("robot", f"one of {', '.join(known)}", card.robot, "update humanoid-tui") from error
    joint_index(card.joint_names, robot.joints, "joint_names")
    return robot
