"""Reads the scene of a built environment, and the state of one of its environments after a step.

The state is packed on the device into one row of bytes, by one kernel over views of the simulator's arrays. Nothing
synchronizes: who packs decides when rows are copied to the host, where several are unpacked together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer_proc.contract.robot import RobotState, Scene, Shape
from trainer_proc.metrics.success.root import Root
from trainer_proc.metrics.success.task import (
    commands_of,
    is_velocity,
    longest_episode,
    target_command,
    time_outs_of,
)
from trainer_proc.simulators.ground import GroundSampler, Heights
from trainer_proc.simulators.packed_rows import Bytes, PackedRows, Sources

Values = NDArray[np.float32]

_LONGEST_COMMAND = 12
"""Entries; longer commands are references, such as a motion's joint positions."""
_LONGEST_EPISODE = 1000
"""Steps, where the environment reports no limit."""
_VELOCITY = ("forward (m/s)", "lateral (m/s)", "yaw (rad/s)")


@dataclass(frozen=True)
class Channel:
    """One quantity of all environments: tensors of it, and what makes the quantity of their values on the host."""

    sources: Sources
    decode: Callable[[list[Any]], Any] = lambda values: values[0]
    """Gets an array [states, size] of each tensor, and returns one of [states, ...]."""
    in_place: bool = False
    """Whether the simulator writes into the same memory in every step of an iteration, unasked."""


@dataclass(frozen=True)
class Taken:
    """Which state a packed row is."""

    environment: int
    iteration: int
    step: int
    weights: bytes
    """Weights of the reward terms."""


@dataclass(frozen=True)
class Skeleton:
    """The bodies and joints of a built environment, as its simulator reports them; fields as those of `Scene`."""

    bodies: tuple[str, ...]
    parents: tuple[int, ...]
    shapes: tuple[Shape, ...]
    feet: tuple[int, ...]
    joints: tuple[str, ...]
    joint_limits: tuple[tuple[float, float], ...]
    torque_limits: tuple[float, ...]
    root: Root | None
    """The root of a robot that can move; None if it is fixed to the world."""
    channels: dict[str, Channel]
    """By field of `RobotState`: `poses`, relative to the world, and of `joints`, `torques`, `contacts` those known."""
    heights: Heights | None = None
    """None if the ground is flat, or unknown."""


class RobotReader:
    """Packs the state of an environment on the device and unpacks it on the host. Used by the training thread."""

    def __init__(self, env: Any, skeleton: Skeleton, task: str) -> None:
        """Read an unwrapped environment. Raises whatever its managers raise if they are of no known kind."""
        self._env = env
        self._step_seconds = float(env.step_dt)
        self._rewards: Any = getattr(env, "reward_manager", None)
        self._terms: tuple[str, ...] = tuple(getattr(self._rewards, "active_terms", ()))
        commands = _commands(env)
        self.root = skeleton.root
        """The root of a robot that can move; None if it is fixed to the world."""
        self._heights = skeleton.heights
        self.longest_episode = longest_episode(env) or _LONGEST_EPISODE
        """Steps."""
        channels = dict(skeleton.channels)
        if skeleton.root is not None:
            channels["velocity"] = _velocity(skeleton.root)
        if self._terms:
            channels["rewards"] = Channel(lambda: [self._rewards._step_reward], in_place=True)
        if commands:
            channels["command"] = Channel(lambda: [term.command for _, term in commands], _all)
        if (aim := target_command(env)) is not None:
            channels["target"] = Channel(lambda: [_shown_target(aim)])
        channels["origin"] = Channel(lambda: [env.scene.env_origins], in_place=True)
        channels["steps"] = Channel(lambda: [env.episode_length_buf], in_place=True)
        self._endings, flags = _terminations(env)
        self._decoders = {name: channel.decode for name, channel in channels.items()}
        self._flags = PackedRows({"endings": flags})
        self._in_place, self._fresh = (
            PackedRows({name: one.sources for name, one in channels.items() if one.in_place == in_place})
            for in_place in (True, False)
        )
        self._views: dict[int, tuple[list[torch.Tensor], list[torch.Tensor]]] = {}
        """By environment, those of flags and of channels in place: making them costs more than the copy."""
        self.endings_size = self._flags.size
        """Bytes of packed ends of episodes."""
        self.state_size = self._flags.size + self._in_place.size + self._fresh.size
        """Bytes of a packed state."""
        self.device: torch.device = self._flags.views(0)[0].device
        self.scene = Scene(
            task=task,
            bodies=skeleton.bodies,
            parents=skeleton.parents,
            shapes=skeleton.shapes,
            step_seconds=self._step_seconds,
            num_envs=int(env.num_envs),
            feet=skeleton.feet,
            joints=skeleton.joints,
            joint_limits=skeleton.joint_limits,
            torque_limits=skeleton.torque_limits,
            rewards=self._terms,
            command=tuple(name for names, _ in commands for name in names),
            has_terrain=skeleton.heights is not None,
        )

    def begin_iteration(self) -> None:
        """Look for the tensors again: between iterations, they may be replaced."""
        self._views.clear()

    def pack(self, environment: int, row: torch.Tensor) -> None:
        """Write the state of an environment into a row of `state_size` bytes, on the device. Synchronizes nothing."""
        flags, in_place = self._views_of(environment)
        torch.cat((*flags, *in_place, *self._fresh.views(environment)), out=row)

    def pack_endings(self, environment: int, row: torch.Tensor) -> None:
        """Write into a row of `endings_size` bytes whether an episode has ended, for a step whose state is left out."""
        torch.cat(self._views_of(environment)[0], out=row)

    def _views_of(self, environment: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        views = self._views.get(environment)
        if views is None:
            views = self._views[environment] = self._flags.views(environment), self._in_place.views(environment)
        return views

    def weights(self) -> bytes:
        """Return the weights in force of the reward terms."""
        return _bytes([self._rewards.get_term_cfg(name).weight for name in self._terms]) if self._terms else b""

    def returns(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return the return and the number of steps of running episodes, each of shape [num_envs].

        None without reward terms.
        """
        manager = self._rewards
        if not self._terms:
            return None
        if hasattr(manager, "_episode_sum_buf"):  # Isaac Lab
            return manager._episode_sum_buf.sum(1), self._env.episode_length_buf
        return torch.stack([manager._episode_sums[name] for name in self._terms]).sum(0), self._env.episode_length_buf

    def ground_sampler(self) -> GroundSampler:
        """Return what samples the ground for one viewer."""
        return GroundSampler(self._heights)

    def unpack(self, rows: Bytes, taken: Sequence[Taken], ground: GroundSampler) -> list[RobotState]:
        """Return the states of rows [states, bytes] on the host, with the `ground` where it is new.

        Each row has the packed endings of any number of steps before, and at last a packed state.
        """
        first, middle = rows.shape[1] - self.state_size + self._flags.size, rows.shape[1] - self._fresh.size
        raw = self._in_place.values(rows[:, first:middle]) | self._fresh.values(rows[:, middle:])
        found = {name: self._decoders[name](values) for name, values in raw.items()}
        ends = self._ends(rows[:, :first])
        poses = found["poses"].astype(np.float32)  # a copy
        origins = self._origins(found["origin"], poses)
        grounds = [
            ground.sample(*one)
            for one in zip((one.environment for one in taken), poses[:, 0, :3], origins, strict=True)
        ]
        poses[:, :, :3] -= origins[:, np.newaxis]
        if "target" in found:
            found["target"] = found["target"] - origins
        seconds = (found["steps"][:, 0] * self._step_seconds).tolist()
        known = {"poses": poses, **{name: found[name] for name in _OPTIONAL if name in found}}
        texts = [{name: _bytes(values[at]) for name, values in known.items()} for at in range(len(taken))]
        return [
            RobotState(
                environment=one.environment,
                iteration=one.iteration,
                step=one.step,
                time=time,
                weights=one.weights,
                ended=ended,
                is_time_out=is_time_out,
                ground=below,
                **text,
            )
            for one, time, (ended, is_time_out), below, text in zip(taken, seconds, ends, grounds, texts, strict=True)
        ]

    def _ends(self, flags: Bytes) -> list[tuple[str, bool]]:
        """Return for each row which termination has ended an episode, empty for none, and whether as a time-out."""
        if not flags.any():
            return [("", False)] * len(flags)
        rows: list[list[bool]] = flags.reshape(len(flags), -1, self._flags.size).max(axis=1).astype(bool).tolist()
        names = [next((name for name, is_set in zip(self._endings, row, strict=False) if is_set), "") for row in rows]
        return [(name, bool(name) and row[-1]) for name, row in zip(names, rows, strict=True)]

    def _origins(self, of_environments: Values, poses: Values) -> Values:
        """Return positions [states, 3] that are drawn as 0: of fixed robots, some tasks leave all at one place."""
        if self.root is not None:
            return of_environments
        return np.concatenate((poses[:, 0, :2], of_environments[:, 2:]), axis=1)

    def read(
        self, environment: int, *, iteration: int = -1, step: int = 0, ground: GroundSampler | None = None
    ) -> RobotState:
        """Return the state of an environment now, with the ground by default. Synchronizes with the device."""
        row = torch.empty(self.state_size, dtype=torch.uint8, device=self.device)
        self.pack(environment, row)
        rows = row.cpu().numpy()[np.newaxis]
        return self.unpack(
            rows, [Taken(environment, iteration, step, self.weights())], ground or self.ground_sampler()
        )[0]


_OPTIONAL = ("velocity", "command", "target", "joints", "torques", "contacts", "rewards")
"""Fields of `RobotState` that an environment may not have."""


def picked(indices: Sequence[int]) -> slice | list[int]:
    """Return what picks these entries of an array, without a copy where they follow each other."""
    start = indices[0] if indices else 0
    follow = all(index == start + at for at, index in enumerate(indices))
    return slice(start, start + len(indices)) if follow else [*indices]


def _velocity(root: Root) -> Channel:
    """Return a channel of `RobotState.velocity`, which is rotated into the root's frame on the host."""

    def decode(values: list[Values]) -> Values:
        orientation, velocity = (torch.from_numpy(one.copy()) for one in values)  # aligned
        linear, angular = root.velocity_in_root_frame(orientation, velocity)
        result: Values = np.concatenate((linear[:, :2].numpy(), angular[:, 2:].numpy()), axis=1)
        return result

    return Channel(lambda: [root.orientation(), root.velocity()], decode, in_place=root.in_place)


def _commands(env: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Return the names of the entries of each short command, with its term."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, term in commands_of(env).items():
        shape = tuple(getattr(term.command, "shape", ()))
        if is_velocity(term):
            found.append((_VELOCITY, term))
        elif len(shape) == 2 and shape[1] <= _LONGEST_COMMAND:
            entries = getattr(term, "entry_names", tuple(map(str, range(shape[1]))))
            found.append((tuple(f"{name} {entry}" for entry in entries), term))
    return found


def _terminations(env: Any) -> tuple[tuple[str, ...], Callable[[], list[Any]]]:
    """Return the names of the terminations, and what reads flags of each, with the time-outs at last."""
    manager: Any = getattr(env, "termination_manager", None)
    if manager is None:  # a direct environment
        names = ("terminated", "time-out")
        return names, lambda: [env.reset_terminated, env.reset_time_outs, env.reset_time_outs]
    names = tuple(manager.active_terms)
    return names, lambda: [*(manager.get_term(name) for name in names), time_outs_of(env)]


def _shown_target(aim: Any) -> torch.Tensor:
    """Return the places to reach [num_envs, 3]; NaN, which is not drawn, where the present task has no such goal."""
    places: torch.Tensor = aim.target_pos
    has_goal = getattr(aim, "has_goal", None)
    return places if has_goal is None else places.masked_fill(~has_goal.unsqueeze(-1), torch.nan)


def _all(values: list[Values]) -> Values:
    return np.concatenate(values, axis=1)


def _bytes(values: Any) -> bytes:
    """Return little-endian float32."""
    return np.asarray(values, dtype="<f4").tobytes()
