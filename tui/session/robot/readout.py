"""What is shown beside the picture of a robot, as lines of text with the meaning of each piece."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.robot import RobotState, Scene
from tui.session.robot.gait import gait_lines
from tui.session.robot.lines import Line, clipped
from tui.session.robot.reward_bars import reward_lines
from tui.session.robot.values import Floats, values_of
from tui.session.text import plain, shortened

_NUMBER = 7
_WHAT = 14
"""Cells of a share with its explanation."""
_SATURATED = 0.99
_CLOSE = 0.05
"""Share of its range within which a joint is close to a limit."""
_FEWEST_REWARDS = 4


@dataclass(frozen=True)
class Moment:
    """A state with those before it: `recent` are of the same episode, the oldest first, and end with `state`."""

    scene: Scene
    state: RobotState
    recent: Sequence[RobotState]


def readout(moment: Moment, width: int, height: int) -> list[Line]:
    """Return at most `height` lines of at most `width` cells, the most important first; `width` is at least 1."""
    fixed = [
        episode_line(moment, width),
        *motion_lines(moment, width),
        *gait_lines(moment.scene, moment.recent, width),
        *joint_lines(moment),
    ]
    room = height - len(fixed)
    rewards = reward_lines(moment.scene, moment.recent, width, room) if room >= _FEWEST_REWARDS else []
    return [clipped(line, width) for line in (*fixed, *rewards)][: max(height, 0)]


def episode_line(moment: Moment, width: int) -> Line:
    """Return environment, time in the episode, and the iteration where it fits."""
    state, scene = moment.state, moment.scene
    line: Line = (
        (f"env {state.environment}", "title"),
        (f" of {scene.num_envs}", "label"),
        (f"{state.time:8.2f} s", "plain"),
    )
    iteration = f"  iteration {state.iteration}" if state.iteration >= 0 else ""
    fits = sum(len(text) for text, _ in line) + len(iteration) <= width
    return (*line, (iteration, "label")) if fits else line


def motion_lines(moment: Moment, width: int) -> list[Line]:
    """Return command and real velocity side by side where they are of the same kind, else what is known."""
    scene, state = moment.scene, moment.state
    command, velocity = values_of(state.command, len(scene.command)), values_of(state.velocity, 3)
    wanted = {} if command is None else dict(zip(map(plain, scene.command), command.tolist(), strict=True))
    names = ("forward (m/s)", "lateral (m/s)", "yaw (rad/s)")
    real = {} if velocity is None else dict(zip(names, velocity.tolist(), strict=True))
    rows = [*wanted, *(name for name in real if name not in wanted)]
    if not rows:
        return []
    room = max(min(max(map(len, rows)), width - 2 * _NUMBER - 2), 4)
    head: Line = ((" " * room, "label"), ("command".rjust(_NUMBER + 1), "command"), ("real".rjust(_NUMBER), "velocity"))
    return [
        head,
        *(
            (
                (shortened(name, room).ljust(room), "label"),
                (_number(wanted.get(name)).rjust(_NUMBER + 1), "command"),
                (_number(real.get(name)).rjust(_NUMBER), "velocity"),
            )
            for name in rows
        ),
    ]


def joint_lines(moment: Moment) -> list[Line]:
    """Return the joint nearest to its limit and the largest torque."""
    lines = [nearest_limit(moment.scene, moment.state), largest_torque(moment.scene, moment.state)]
    return [line for line in lines if line]


def nearest_limit(scene: Scene, state: RobotState) -> Line:
    """Return the joint that is nearest to one of its limits, in shares of its range; nothing if none has limits."""
    positions = values_of(state.joints, len(scene.joints))
    if positions is None or len(scene.joint_limits) != len(scene.joints):
        return ()
    limits = np.array(scene.joint_limits, dtype=np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        span = limits[:, 1] - limits[:, 0]
        room = np.stack((positions - limits[:, 0], limits[:, 1] - positions)) / span
    room[:, ~(np.isfinite(span) & (span > 0))] = math.inf
    room[~np.isfinite(room)] = math.inf
    side, joint = divmod(int(room.argmin()), room.shape[1])
    share = float(room[side, joint])
    if not math.isfinite(share):
        return ()
    what = f"{max(share, 0):4.0%} to {('lower', 'upper')[side]}" if share > 0 else f"at {('lower', 'upper')[side]}"
    return (
        ("limit  ", "label"),
        (f"{what:<{_WHAT}}", "loss" if share < _CLOSE else "plain"),
        (_joint_name(scene, joint), "plain"),
    )


def largest_torque(scene: Scene, state: RobotState) -> Line:
    """Return the torque that is largest in shares of its limit, and how many are saturated."""
    shares = torque_shares(scene, state)
    if shares is None or not len(shares) or not np.isfinite(shares).any():
        return ()
    joint = int(np.nanargmax(np.where(np.isfinite(shares), shares, -1)))
    saturated = int((shares >= _SATURATED).sum())
    what = f"{shares[joint]:4.0%}" + (f" ({saturated} sat.)" if saturated else "")
    return (
        ("torque ", "label"),
        (f"{what:<{_WHAT}}", "loss" if saturated else "plain"),
        (_joint_name(scene, joint), "plain"),
    )


def torque_shares(scene: Scene, state: RobotState) -> Floats | None:
    """Return the size of each torque in shares of its limit, NaN without a limit; None if unknown."""
    torques = values_of(state.torques, len(scene.joints))
    if torques is None or len(scene.torque_limits) != len(scene.joints):
        return None
    limits = np.array(scene.torque_limits, dtype=np.float32)
    limits[~(np.isfinite(limits) & (limits > 0))] = np.nan
    return (np.abs(torques) / limits).astype(np.float32)


def _joint_name(scene: Scene, joint: int) -> str:
    return plain(scene.joints[joint]).removesuffix("_joint")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"
