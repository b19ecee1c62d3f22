"""The cells that a policy is verified with: a sweep of its trained commands, then disturbances of a walk."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import msgspec

from trainer_proc.contract.bundle.description import Command, PolicyDescription
from trainer_proc.contract.bundle.gate import (
    VELOCITY_PARTS,
    GateCell,
    GateRefused,
    Level,
    Push,
    motion_command_of,
    velocity_command_of,
)

PUSH_AT = 2.0
"""Seconds from the start to a push: the robot walks by then."""
LONGEST_MOTION = 120.0
"""Seconds of a motion that are played."""
_MIXED_SHARE = 0.5
"""Share of each range's end in a mixed command, and of the forward range in the walk that is disturbed."""
_DIRECTIONS = {
    0: "forward",
    45: "forward left",
    90: "left",
    135: "back left",
    180: "back",
    225: "back right",
    270: "right",
    315: "forward right",
}
_PART_TEXTS = dict(zip(VELOCITY_PARTS, ("forward", "lateral", "yaw"), strict=True))


class _Amounts(msgspec.Struct, frozen=True):
    """How thoroughly a level examines."""

    seconds: float
    shares: tuple[float, ...]
    """Shares of each end of a command's range."""
    episodes: int
    disturbed_episodes: int
    push_speeds: tuple[float, ...]
    """m/s."""


_AMOUNTS: dict[Level, _Amounts] = {
    "quick": _Amounts(6.0, (0.5, 1.0), 2, 4, (0.5,)),
    "full": _Amounts(10.0, (0.25, 0.5, 0.75, 1.0), 5, 10, (0.5, 1.0)),
}


def plan_of(policy: PolicyDescription, level: Level) -> tuple[GateCell, ...]:
    """Return the cells that a policy is verified with. Raises `GateRefused`."""
    command = velocity_command_of(policy)
    if command is not None:
        return tuple(_velocity_cells(command, level))
    if motion_command_of(policy) is not None:
        return tuple(_tracking_cells(level))
    if policy.commands:
        kinds = ", ".join(f"{one.name} ({one.kind})" for one in policy.commands)
        raise GateRefused(
            f"expected a policy with a velocity command, a motion, or none, got {kinds}: no suite for it yet"
        )
    return tuple(_balance_cells(level))


def _velocity_cells(command: Command, level: Level) -> Iterator[GateCell]:
    amounts = _AMOUNTS[level]
    rest = _rest(command)
    if not any(rest):
        yield GateCell(
            name="stand", group="stand", command=rest, seconds=amounts.seconds, episodes=amounts.disturbed_episodes
        )
    for values in _sweep(command, amounts.shares):
        yield GateCell(
            name=command_text(command, values),
            group="commands",
            command=values,
            seconds=amounts.seconds,
            episodes=amounts.episodes,
        )
    yield from _disturbed(_walk(command), level)


def _balance_cells(level: Level) -> Iterator[GateCell]:
    amounts = _AMOUNTS[level]
    yield GateCell(
        name="balance", group="balance", seconds=amounts.seconds, episodes=amounts.episodes * amounts.disturbed_episodes
    )
    yield from _disturbed((), level, has_pushes=False)


def _tracking_cells(level: Level) -> Iterator[GateCell]:
    """Yield the whole motion, then its beginning under disturbances."""
    episodes = _AMOUNTS[level].disturbed_episodes
    yield GateCell(name="motion", group="tracking", seconds=LONGEST_MOTION, episodes=episodes)
    yield from _disturbed((), level)


def _disturbed(walk: tuple[float, ...], level: Level, *, has_pushes: bool = True) -> Iterator[GateCell]:
    """Yield the cells that disturb a robot which follows `walk`."""
    amounts = _AMOUNTS[level]
    nominal = GateCell(name="", group="starts", command=walk, seconds=amounts.seconds, episodes=1)
    change = msgspec.structs.replace
    for speed, (angle, name) in itertools.product(amounts.push_speeds if has_pushes else (), _DIRECTIONS.items()):
        ahead, left = speed * math.cos(math.radians(angle)), speed * math.sin(math.radians(angle))
        push = Push(PUSH_AT, round(ahead, 6) + 0.0, round(left, 6) + 0.0)
        yield change(
            nominal, name=f"push {name} {speed:g} m/s", group="pushes", push=push, episodes=amounts.episodes // 2
        )
    several = change(nominal, episodes=amounts.disturbed_episodes)
    yield change(several, name="perturbed start", start=1.0)
    for strength in (0.9, 1.1):
        yield change(several, name=f"motors ×{strength:g}", group="motors", motor_strength=strength)
    for steps in (1, 2):
        yield change(several, name=f"latency {steps} step{'s' * (steps > 1)}", group="latency", latency_steps=steps)
    yield change(several, name="sensor noise", group="noise", noise=1.0)


def _rest(command: Command) -> tuple[float, ...]:
    """Return the trained command that is closest to standing still."""
    return tuple(min(max(0.0, part.low), part.high) + 0.0 for part in command.parts)


def _walk(command: Command) -> tuple[float, ...]:
    """Return half of the fastest trained forward velocity, the other parts at rest."""
    return tuple(
        _MIXED_SHARE * max(part.high, part.low, key=abs) if part.name == "lin_vel_x" else rest
        for part, rest in zip(command.parts, _rest(command), strict=True)
    )


def _sweep(command: Command, shares: Sequence[float]) -> list[tuple[float, ...]]:
    """Return commands of one part, each at shares of its ends, then mixed ones; without those in the deadband."""
    rest = _rest(command)
    numbers = [number for number, part in enumerate(command.parts) if part.name in VELOCITY_PARTS]
    found: list[tuple[float, ...]] = []
    for number in numbers:
        part = command.parts[number]
        found += [
            _with(rest, {number: share * end}) for end in (part.low, part.high) if end for share in _sorted(shares, end)
        ]
    forward, left, turn = (next(n for n in numbers if command.parts[n].name == name) for name in VELOCITY_PARTS)
    for ahead, side in itertools.product(_ends(command, forward), ((left, turn))):
        found += [_with(rest, {forward: ahead, side: value}) for value in _ends(command, side)]
    found += [
        _with(rest, {forward: ahead, left: beside, turn: around})
        for ahead, (beside, around) in itertools.product(
            _ends(command, forward), zip(_ends(command, left), _ends(command, turn), strict=False)
        )
    ]
    in_range = [
        values
        for values in dict.fromkeys(found)
        if all(part.low <= value <= part.high for part, value in zip(command.parts, values, strict=True))
    ]
    return [values for values in in_range if any(values) and math.hypot(*values) >= command.deadband]


def _sorted(shares: Sequence[float], end: float) -> list[float]:
    """Return the shares so that the commands rise."""
    return sorted(shares, reverse=end < 0)


def _ends(command: Command, number: int) -> list[float]:
    """Return a share of each end of a part that isn't 0."""
    part = command.parts[number]
    return [_MIXED_SHARE * end for end in (part.low, part.high) if end]


def _with(rest: tuple[float, ...], changes: dict[int, float]) -> tuple[float, ...]:
    return tuple(round(changes.get(number, value), 6) + 0.0 for number, value in enumerate(rest))


def command_text(command: Command, values: Sequence[float]) -> str:
    """Return a command's parts that aren't 0: `forward 0.5 m/s, yaw 0.3 rad/s`; `stand` if all are."""
    moved = [
        f"{_PART_TEXTS.get(part.name, part.name)} {value:g} {part.unit}".rstrip()
        for part, value in zip(command.parts, values, strict=True)
        if value
    ]
    return ", ".join(moved) or "stand"
