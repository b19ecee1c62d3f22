"""Assembles the policy's observation from a robot's state, as the training did.

Per term: value, clip, scale, history, in this order. The training's noise and delay stand for those of real sensors.
A history is filled with the first value, as mjlab's `CircularBuffer` and Isaac Lab's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import STANDING_COMMAND, ObservationTerm
from trainer_proc.deploy.errors import refused
from trainer_proc.deploy.layout import columns_of
from trainer_proc.deploy.robot import VECTORS, Floats, RobotState, Sensors
from trainer_proc.deploy.term_checks import motion_term

Reader = Callable[[RobotState, Floats], None]
"""Writes a term's value of this step into the array, whose length is the term's `step_size`."""


class Reference(Protocol):
    """The motion of a tracking policy, see `motion.Motion`."""

    def reset(self) -> None: ...

    def advance(self, state: RobotState) -> None: ...

    def value(self, term: ObservationTerm) -> Floats: ...


class Observations:
    """The observation of one policy on one robot. `observe` allocates no arrays."""

    def __init__(self, card: PolicyCard, joint_names: Sequence[str], motion: Reference | None = None) -> None:
        """`joint_names` is the order of the robot's states; a tracking policy needs its `motion` (`motion.motion_of`).

        Raises `BundleRefused` for a joint that the robot hasn't, or a motion that is missing.
        """
        self._motion = motion
        self._steps = 0
        """Control steps since the reset."""
        self.commands = {command.name: np.zeros(max(1, len(command.parts))) for command in card.commands}
        """Values in force of each command, in its parts' units; zero at first."""
        self.last_action = np.zeros(card.num_actions)
        """[num_actions] the policy's last output after `clip_actions`; the caller sets it."""
        self._vector = np.zeros((1, card.observation_size), dtype=np.float32)
        self._card = card
        self._joint_names = joint_names
        rows = _rows(card.observation_terms, self._vector[0])
        self._terms = [
            _Term(term, self._reader(term), rows_of_term)
            for term, rows_of_term in zip(card.observation_terms, rows, strict=True)
        ]

    def reset(self) -> None:
        """Forget the history, the last action and the commands; begin the motion and the phase again."""
        self._steps = 0
        if self._motion is not None:
            self._motion.reset()
        for term in self._terms:
            term.is_new = True
        self.last_action[:] = 0.0
        for command in self.commands.values():
            command[:] = 0.0

    def observe(self, state: RobotState) -> NDArray[np.float32]:
        """Return the observation [1, observation_size] of a new control step. The array is the same in every call."""
        if self._motion is not None:
            self._motion.advance(state)
        for term in self._terms:
            term.observe(state)
        self._steps += 1
        return self._vector

    def _reader(self, term: ObservationTerm) -> Reader:
        match term.quantity:
            case "base_ang_vel":
                return lambda state, value: np.copyto(value, state.base_ang_vel)
            case "base_lin_vel":
                return _read_base_lin_vel
            case "projected_gravity":
                return lambda state, value: project_gravity(state.orientation, value)
            case "joint_pos":
                return self._joint_reader(term, "joint_positions", self._card.robot_joint_positions)
            case "joint_vel":
                return self._joint_reader(term, "joint_velocities", self._card.robot_joint_velocities)
            case "last_action":
                actions = self.last_action[_action_slice(term, self._card)]
                return lambda state, value: np.copyto(value, actions)
            case "command":
                command = self.commands[term.command]
                return lambda state, value: np.copyto(value, command)
            case "height_scan":
                return _read_height_scan
            case "phase":
                return self._phase_reader(term)
            case "motion" if self._motion is not None:
                seen = self._motion.value(term)
                return lambda state, value: np.copyto(value, seen)
            case _:
                remedy = "run it with a motion, or train without this term"
                raise refused(f"observation_terms.{term.name}", "a quantity that can be made", term.quantity, remedy)

    def _joint_reader(self, term: ObservationTerm, field: str, nominal: Sequence[float]) -> Reader:
        index = joint_index(term.joints, self._joint_names, f"observation_terms.{term.name}.joints")
        of_joint = dict(zip(self._card.robot_joint_names, nominal, strict=True))
        offset = np.array([of_joint[joint] if term.relative else 0.0 for joint in term.joints])

        def read(state: RobotState, value: Floats) -> None:
            np.take(getattr(state, field), index, out=value, mode="clip")
            np.subtract(value, offset, out=value)

        return read

    def _phase_reader(self, term: ObservationTerm) -> Reader:
        assert self._card.control_frequency is not None, "checked by check_card"
        step_angle = 2.0 * math.pi / (self._card.control_frequency * float(term.parameters["period"]))
        command = self.commands.get(term.command)
        least = float(term.parameters.get("command_threshold", STANDING_COMMAND))

        def read(_: RobotState, value: Floats) -> None:
            if command is not None and math.hypot(*command) < least:
                value[:] = 0.0
                return
            angle = self._steps * step_angle
            value[0], value[1] = math.sin(angle), math.cos(angle)

        return read


class _Term:
    def __init__(self, term: ObservationTerm, read: Reader, rows: list[NDArray[np.float32]]) -> None:
        """`rows` are the places of each control step in the observation, the oldest first."""
        self.is_new = True
        self._read, self._rows = read, rows
        self._value = np.zeros(term.step_size)
        self._scale = np.array(term.scale)
        low, high = term.clip or (None, None)
        self._clip = None if low is None and high is None else (low, high)

    def observe(self, state: RobotState) -> None:
        value, rows = self._value, self._rows
        self._read(state, value)
        if self._clip is not None:
            np.clip(value, *self._clip, out=value)
        np.multiply(value, self._scale, out=value)
        if self.is_new:
            self.is_new = False
            for row in rows:
                row[:] = value
            return
        for older, newer in pairwise(rows):
            older[:] = newer
        rows[-1][:] = value


def joint_index(joints: Sequence[str], joint_names: Sequence[str], field: str) -> NDArray[np.intp]:
    """Return the place of each joint in the robot's `joint_names`. Raises `BundleRefused` for one that it hasn't."""
    places = {name: place for place, name in enumerate(joint_names)}
    if missing := [joint for joint in joints if joint not in places]:
        raise refused(field, "joints of the robot", missing[0], "choose the robot that the policy was trained for")
    return np.array([places[joint] for joint in joints], dtype=np.intp)


def require_measured(card: PolicyCard, robot: Sensors) -> None:
    """Refuse a quantity that the robot doesn't measure, or in other axes than the policy was trained with."""
    for term in card.observation_terms:
        if term.quantity == "height_scan" and not robot.has_height_scan:
            remedy = "train the actor without it, or give the robot a height map"
            raise refused(f"observation_terms.{term.name}", "what the robot measures", term.quantity, remedy)
        if motion_term(term) == "anchor_position" and not robot.has_position:
            remedy = "train the actor without it, as tasks do that are named No-State-Estimation"
            raise refused(f"observation_terms.{term.name}", "what the robot measures", "its position", remedy)
        if term.quantity not in VECTORS:
            continue
        frames = robot.frames.get(term.quantity, ())
        if not frames:
            remedy = "train the actor without it, or estimate it on the robot"
            raise refused(f"observation_terms.{term.name}", "what the robot measures", term.quantity, remedy)
        if term.frame and term.frame not in frames:
            remedy = "train with the frame of the robot's sensor"
            raise refused(f"observation_terms.{term.name}.frame", " or ".join(frames), term.frame, remedy)


def project_gravity(orientation: Floats, out: Floats) -> None:
    """Write the direction of gravity in the axes of a unit quaternion (w, x, y, z): (0, 0, -1) when upright."""
    w, x, y, z = orientation.tolist()
    out[0] = 2.0 * (w * y - x * z)
    out[1] = -2.0 * (y * z + w * x)
    out[2] = 2.0 * (x * x + y * y) - 1.0


def _rows(terms: Sequence[ObservationTerm], vector: NDArray[np.float32]) -> list[list[NDArray[np.float32]]]:
    """Return the places of each term's control steps in the observation, the oldest first."""
    return [
        [vector[place : place + term.step_size] for place in columns[:: term.step_size]]
        for term, columns in zip(terms, columns_of(terms), strict=True)
    ]


def _action_slice(term: ObservationTerm, card: PolicyCard) -> slice:
    name = term.parameters.get("action_name")
    start = 0
    for part in card.action_terms:
        if part.name == name:
            return slice(start, start + part.size)
        start += part.size
    return slice(None)


def _read_base_lin_vel(state: RobotState, value: Floats) -> None:
    assert state.base_lin_vel is not None, "require_measured refuses robots without it"
    value[:] = state.base_lin_vel


def _read_height_scan(state: RobotState, value: Floats) -> None:
    assert state.height_scan is not None, "require_measured refuses robots without it"
    value[:] = state.height_scan
