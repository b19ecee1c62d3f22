"""Robots that policies are for: their motors in the order of their own interface, and what they can measure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from curricula.errors import suggestion
from curricula.schema import SchemaError, convert
from curricula.toml_text import parse_toml

_FOLDER = Path(__file__).parent


class RobotFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of `presets/robots/<name>.toml`."""

    title: str
    imu: str
    """Body that the IMU is fixed to, whose axes its vectors have."""
    measures: tuple[str, ...]
    """Quantities of observation terms (`bundle.description.Quantity`) that its controller has."""
    lacks: dict[str, str]
    """Why it has no others, by quantity or by the name of the term's function."""
    motors: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
    """Index of each joint's motor in the robot's messages."""


class Robot(RobotFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A robot by its name."""

    name: str

    @property
    def joints(self) -> list[str]:
        """Joints in the order of their motors."""
        return sorted(self.motors, key=self.motors.__getitem__)


class ObservedTerm(NamedTuple):
    """A term of an actor's observation: its name, its quantity (empty if unknown), and its function's name."""

    name: str
    quantity: str
    function: str


def robot_names() -> list[str]:
    """Return the names of all robots."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def find_robot(name: str) -> Robot:
    """Return the robot called `name`. Raises `SchemaError`."""
    if name not in (names := robot_names()):
        raise SchemaError(f"no such robot: {name}{suggestion(name, names, count=1, or_all=True)}")
    file = convert(parse_toml((_FOLDER / f"{name}.toml").read_bytes()), RobotFile, path=f"robot {name}")
    return Robot(name=name, **msgspec.structs.asdict(file))


def not_measured(robot: Robot, terms: Iterable[ObservedTerm]) -> list[str]:
    """Return one line for each term that the robot's controller can't have, with the reason and what to do."""
    return [
        f"{term.name}: {reason} of {robot.title}; remove it from the actor, or estimate it on the robot"
        for term in terms
        if (reason := _missing(robot, term))
    ]


def _missing(robot: Robot, term: ObservedTerm) -> str:
    if reason := robot.lacks.get(term.function.rpartition(":")[2]) or robot.lacks.get(term.quantity):
        return reason
    return "" if term.quantity in robot.measures else "no known sensor"
