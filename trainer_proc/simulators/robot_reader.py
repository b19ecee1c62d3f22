"""Reads the scene of a built environment, and the state of one of its environments after a step.

The state is packed on the device into one vector, by one kernel over views of the simulator's arrays. Nothing
synchronizes: who packs decides when the vector is copied to the host, where it is unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer_proc.contract.robot import RobotState, Scene, Shape
from trainer_proc.metrics.success.root import Root
from trainer_proc.metrics.success.task import commands_of, is_velocity, longest_episode, time_outs_of

Values = NDArray[np.float32]

_LONGEST_COMMAND = 12
"""Entries; longer commands are references, such as a motion's joint positions."""
_LONGEST_EPISODE = 1000
"""Steps, where the environment reports no limit."""
_VELOCITY = ("forward (m/s)", "lateral (m/s)", "yaw (rad/s)")


@dataclass(frozen=True)
class Channel:
    """One quantity of an environment. `views` returns tensors of it, `decode` makes the quantity of their values."""

    views: Callable[[int], list[torch.Tensor]]
    decode: Callable[[list[Values]], Values] = lambda values: values[0]


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
        self.longest_episode = longest_episode(env) or _LONGEST_EPISODE
        """Steps."""
        channels = dict(skeleton.channels)
        if skeleton.root is not None:
            channels["velocity"] = _velocity(skeleton.root)
        if self._terms:
            channels["rewards"] = Channel(lambda environment: [self._rewards._step_reward[environment]])
        if commands:
            channels["command"] = Channel(lambda environment: [term.command[environment] for _, term in commands], _all)
        channels["origin"] = Channel(lambda environment: [env.scene.env_origins[environment]])
        channels["steps"] = Channel(lambda environment: [env.episode_length_buf[environment]])
        self._endings, self._ended = _terminations(env)
        channels["endings"] = Channel(lambda environment: [self.endings(environment)])
        self._channels = channels
        self._parts = _parts({name: [view.numel() for view in one.views(0)] for name, one in channels.items()})
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
        )

    def pack(self, environment: int, before: torch.Tensor | None = None) -> torch.Tensor:
        """Return the state of an environment as a vector of its own memory, on the device. Synchronizes nothing.

        `before` are the `endings` of steps whose states are left out.
        """
        views = [view for channel in self._channels.values() for view in channel.views(environment)]
        if before is not None:
            views[-1] = views[-1] | before  # the last channel's
        return torch.cat([(view if view.ndim == 1 else view.reshape(-1)).to(torch.float32) for view in views])

    def endings(self, environment: int) -> torch.Tensor:
        """Return which terminations have ended the episode in this step, and at last whether as a time-out: flags."""
        return torch.cat([flag.reshape(1) for flag in self._ended(environment)])

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

    def unpack(
        self, packed: Values, *, environment: int, iteration: int, step: int, weights: bytes | None = None
    ) -> RobotState:
        """Return the state that `pack` has packed, as values on the host; by default with the present `weights`."""
        found = self._decoded(packed)
        poses = found["poses"].reshape(-1, 7).copy()
        poses[:, :3] -= self._origin(found["origin"], poses)
        endings = np.flatnonzero(found["endings"][:-1])
        ended = self._endings[int(endings[0])] if len(endings) else ""
        return RobotState(
            environment=environment,
            iteration=iteration,
            step=step,
            time=float(found["steps"][0]) * self._step_seconds,
            poses=_bytes(poses),
            velocity=_bytes(found.get("velocity", ())),
            command=_bytes(found.get("command", ())),
            joints=_bytes(found.get("joints", ())),
            torques=_bytes(found.get("torques", ())),
            contacts=_bytes(found.get("contacts", ())),
            rewards=_bytes(found.get("rewards", ())),
            weights=self.weights() if weights is None else weights,
            ended=ended,
            is_time_out=bool(ended) and bool(found["endings"][-1]),
        )

    def _origin(self, of_environment: Values, poses: Values) -> Values:
        """Return the position that is drawn as 0. Of several fixed robots, some tasks leave all at one place."""
        return of_environment if self.root is not None else np.array([*poses[0, :2], of_environment[2]], np.float32)

    def read(self, environment: int, *, iteration: int = -1, step: int = 0) -> RobotState:
        """Return the state of an environment now. Synchronizes with the device."""
        packed = self.pack(environment).cpu().numpy()
        return self.unpack(packed, environment=environment, iteration=iteration, step=step)

    def _decoded(self, packed: Values) -> dict[str, Values]:
        return {
            name: self._channels[name].decode([packed[part] for part in parts]) for name, parts in self._parts.items()
        }


def _parts(sizes: dict[str, list[int]]) -> dict[str, list[slice]]:
    """Return where the views of each channel are in the packed vector."""
    ends = accumulate(size for of_channel in sizes.values() for size in of_channel)
    return {name: [slice((end := next(ends)) - size, end) for size in of_channel] for name, of_channel in sizes.items()}


def picked(indices: Sequence[int]) -> slice | list[int]:
    """Return what picks these entries of an array, without a copy where they follow each other."""
    start = indices[0] if indices else 0
    follow = all(index == start + at for at, index in enumerate(indices))
    return slice(start, start + len(indices)) if follow else [*indices]


def _velocity(root: Root) -> Channel:
    """Return a channel of `RobotState.velocity`, which is rotated into the root's frame on the host."""

    def decode(values: list[Values]) -> Values:
        orientation, velocity = (torch.from_numpy(one) for one in values)
        linear, angular = root.velocity_in_root_frame(orientation, velocity)
        return np.array([*linear[:2].tolist(), angular[2].item()], dtype=np.float32)

    return Channel(lambda environment: [root.orientation()[environment], root.velocity()[environment]], decode)


def _commands(env: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Return the names of the entries of each short command, with its term."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, term in commands_of(env).items():
        shape = tuple(getattr(term.command, "shape", ()))
        if is_velocity(term):
            found.append((_VELOCITY, term))
        elif len(shape) == 2 and shape[1] <= _LONGEST_COMMAND:
            found.append((tuple(f"{name} {entry}" for entry in range(shape[1])), term))
    return found


def _terminations(env: Any) -> tuple[tuple[str, ...], Callable[[int], list[torch.Tensor]]]:
    """Return the names of the terminations, and what reads a flag of each, with the time-outs at last."""
    manager: Any = getattr(env, "termination_manager", None)
    if manager is None:  # a direct environment
        names = ("terminated", "time-out")

        def reset(environment: int) -> list[torch.Tensor]:
            time_out = env.reset_time_outs[environment]
            return [env.reset_terminated[environment], time_out, time_out]

        return names, reset
    names = tuple(manager.active_terms)

    def ended(environment: int) -> list[torch.Tensor]:
        time_outs = time_outs_of(env)
        assert time_outs is not None
        return [*(manager.get_term(name)[environment] for name in names), time_outs[environment]]

    return names, ended


def _all(values: list[Values]) -> Values:
    return np.concatenate(values)


def _bytes(values: Any) -> bytes:
    """Return little-endian float32."""
    return np.asarray(values, dtype="<f4").tobytes()
