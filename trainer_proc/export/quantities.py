"""What an observation term observes, by the library's function that computes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer_proc.contract.bundle.description import Command, HeightMap, Quantity
from trainer_proc.export.gait_phase import phase_arguments
from trainer_proc.simulators.interface import Simulator

UNITS: dict[Quantity, str] = {
    "base_lin_vel": "m/s",
    "base_ang_vel": "rad/s",
    "joint_pos": "rad",
    "joint_vel": "rad/s",
    "height_scan": "m",
}
_LIBRARIES = ("mjlab", "isaaclab")
_OF_MASS_CENTER = "velocity of the root's centre of mass, not of the frame's origin"


@dataclass(frozen=True)
class Observed:
    """The fields of an `ObservationTerm` that depend on its function; `quantity` is empty for an unknown one."""

    quantity: Quantity = ""
    frame: str = ""
    joints: Sequence[str] = ()
    relative: bool = True
    command: str = ""
    height_map: HeightMap | None = None
    caution: str = ""
    """What the other fields don't show, in a few words."""


@dataclass(frozen=True)
class TermReader:
    """Understands the observation functions of mjlab and Isaac Lab. `robots` are the assets that the policy drives."""

    env: Any
    """Without wrappers."""
    simulator: Simulator
    robots: Sequence[str]
    commands: Sequence[Command]
    action_terms: Sequence[str]

    def observed(self, cfg: Any) -> Observed:
        """Return what a term with this configuration observes."""
        if (phase := phase_arguments(cfg, self.env)) is not None:
            return Observed("phase", command=phase.get("command_name", ""))
        if not inspect.isfunction(cfg.func) or cfg.func.__module__.partition(".")[0] not in _LIBRARIES:
            return Observed()
        read = _READERS.get(cfg.func.__name__)
        defaults = inspect.signature(cfg.func).parameters.items()
        arguments = {name: one.default for name, one in defaults if one.default is not one.empty} | dict(cfg.params)
        return Observed() if read is None else read(self, arguments)

    def base(self, quantity: Quantity, arguments: Mapping[str, Any]) -> Observed:
        """Return a quantity of the root body."""
        asset = arguments["asset_cfg"].name
        if asset not in self.robots:
            return Observed()
        off_center = quantity == "base_lin_vel" and self.simulator.velocity_is_of_mass_center()
        return Observed(quantity, self.simulator.base_body(asset), caution=_OF_MASS_CENTER if off_center else "")

    def of_joints(self, quantity: Quantity, arguments: Mapping[str, Any], *, relative: bool) -> Observed:
        """Return a quantity of joints, in the order in which the function reads them."""
        cfg = arguments["asset_cfg"]
        if cfg.name not in self.robots:
            return Observed()
        asset: Any = self.simulator.asset(cfg.name)
        prefix = f"{cfg.name}/" if len(self.robots) > 1 else ""
        names, ids = list(asset.joint_names), cfg.joint_ids
        chosen = names[ids] if isinstance(ids, slice) else [names[int(index)] for index in ids]
        return Observed(quantity, joints=[prefix + name for name in chosen], relative=relative)

    def sensor(self, arguments: Mapping[str, Any]) -> Observed:
        """Return what a sensor of MuJoCo measures; as it stands, a vertical axis points against gravity."""
        found = self.simulator.sensed(arguments["sensor_name"])
        is_known = found.quantity in ("base_lin_vel", "base_ang_vel")
        return Observed(found.quantity, found.frame) if is_known else Observed()

    def gravity_of_sensor(self, arguments: Mapping[str, Any]) -> Observed:
        """Return gravity in the frame of a sensor of the vertical axis."""
        found = self.simulator.sensed(arguments["sensor_name"])
        return Observed(found.quantity, found.frame) if found.quantity == "projected_gravity" else Observed()

    def inertial(self, quantity: Quantity, arguments: Mapping[str, Any]) -> Observed:
        """Return a quantity in the frame of an inertial sensor of Isaac Lab."""
        frame = self.simulator.sensed(arguments["asset_cfg"].name).frame
        return Observed(quantity, frame) if frame else Observed()

    def last_action(self, arguments: Mapping[str, Any]) -> Observed:
        """Return the last action, if it is the whole one."""
        name = arguments.get("action_name")
        return Observed("last_action") if name is None or list(self.action_terms) == [name] else Observed()

    def of_command(self, arguments: Mapping[str, Any]) -> Observed:
        """Return a command, which is a tracked motion's state for a motion."""
        name = arguments["command_name"]
        command = next((one for one in self.commands if one.name == name), None)
        if command is None:
            return Observed()
        return Observed("motion" if command.kind == "motion" else "command", command=name)

    def of_motion(self, arguments: Mapping[str, Any]) -> Observed:
        """Return a quantity that is computed from a tracked motion's command."""
        return replace(self.of_command(arguments), quantity="motion")

    def heights(self, arguments: Mapping[str, Any]) -> Observed:
        """Return heights of the ground on a grid."""
        found = self.simulator.height_map(arguments)
        return Observed() if found is None else Observed("height_scan", found.frame, height_map=found)


_Read = Callable[[TermReader, Mapping[str, Any]], Observed]


def _of_base(quantity: Quantity) -> _Read:
    return lambda reader, arguments: reader.base(quantity, arguments)


def _of_joints(quantity: Quantity, *, relative: bool) -> _Read:
    return lambda reader, arguments: reader.of_joints(quantity, arguments, relative=relative)


def _inertial(quantity: Quantity) -> _Read:
    return lambda reader, arguments: reader.inertial(quantity, arguments)


_MOTION = ("motion_anchor_pos_b", "motion_anchor_ori_b", "robot_body_pos_b", "robot_body_ori_b")
_READERS: dict[str, _Read] = {
    "base_lin_vel": _of_base("base_lin_vel"),
    "base_ang_vel": _of_base("base_ang_vel"),
    "projected_gravity": _of_base("projected_gravity"),
    "joint_pos": _of_joints("joint_pos", relative=False),
    "joint_pos_rel": _of_joints("joint_pos", relative=True),
    "joint_vel": _of_joints("joint_vel", relative=False),
    "joint_vel_rel": _of_joints("joint_vel", relative=True),
    "builtin_sensor": TermReader.sensor,
    "projected_gravity_from_sensor": TermReader.gravity_of_sensor,
    "imu_ang_vel": _inertial("base_ang_vel"),
    "pva_projected_gravity": _inertial("projected_gravity"),
    "last_action": TermReader.last_action,
    "generated_commands": TermReader.of_command,
    "height_scan": TermReader.heights,
    **dict.fromkeys(_MOTION, TermReader.of_motion),
}
"""By the name of the library's function."""
