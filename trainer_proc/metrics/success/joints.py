"""Success of holding joints within limits: the last seconds of the episode decide, however it began."""

from __future__ import annotations

import math
from typing import Any

import torch

from curricula.errors import suggestion
from presets.success import Success
from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.success.episodes import Lifetimes, Trace, totals_of_episodes
from trainer_proc.metrics.success.judgement import EVERY, Judgement
from trainer_proc.metrics.success.root import as_tensor


class JointLimits:
    """Time-out, and all joints within their limits during the last seconds of the episode.

    The score is the share of the longest episode in which they were within.
    """

    is_per_environment = True

    def __init__(
        self,
        definition: Success,
        robot: Any,
        *,
        step_dt: float,
        longest: int | None,
        environments: slice = EVERY,
    ) -> None:
        """`step_dt` is the time between two steps (s), `longest` the steps of the longest episode, if known.

        Raises `TrainingError` if the robot has no such joint.
        """
        needed = round(definition.last / step_dt)
        if longest is not None:  # of shorter episodes, all counts; the last state is that of the next
            needed = min(needed, longest - 1)
        self._needed = max(needed, 1)
        limits = definition.positions | definition.angles
        joints = [_joint(robot, name) for name in limits]
        self._turns = torch.tensor([math.tau if name in definition.angles else math.inf for name in limits])
        self._low, self._high = torch.tensor(list(limits.values())).unbind(-1)
        self._seen = Trace(lambda: as_tensor(robot.data.joint_pos)[environments][:, joints])
        self._lifetimes = Lifetimes(longest)
        self._within = self._held = torch.zeros(0)

    def begin(self) -> None:
        self._seen.begin()
        self._lifetimes.begin()
        seen = self._seen.take()[0]
        self._turns, self._low, self._high = (one.to(seen) for one in (self._turns, self._low, self._high))
        self._within = seen.new_zeros(len(seen), 1, dtype=torch.float64)
        self._held = torch.zeros(len(seen), dtype=torch.long, device=seen.device)

    def step(self) -> None:
        self._seen.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        within = self._are_within(self._seen.take()[1:])
        held, self._held = held_steps(within, dones, self._held)
        sums, self._within = totals_of_episodes(within.double().unsqueeze(-1), dones, self._within)
        lengths = self._lifetimes.lengths(dones)
        score = sums[..., 0] / (self._lifetimes.due(lengths, time_outs) - 1).clamp(min=1)
        values = {"score": score} | self._lifetimes.survival(lengths, time_outs)
        return Judgement(dones & time_outs & (held >= self._needed), values)

    def _are_within(self, positions: torch.Tensor) -> torch.Tensor:
        """Return whether all joints are within their limits; angles count modulo a full turn, NaN never does."""
        middle, half = (self._low + self._high) / 2, (self._high - self._low) / 2
        away = positions - middle
        turned = torch.remainder(away + math.pi, math.tau) - math.pi
        return (torch.where(self._turns < math.inf, turned, away).abs() <= half).all(-1)


def held_steps(within: torch.Tensor, dones: torch.Tensor, carried: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return how many steps in a row were within limits before each step, in its episode, and those to carry on.

    `within` and `dones` are bool, of shape [steps, envs]: the state after each step, and whether the step has ended an
    episode, so that its state is the first of the next. `carried` (long) is of shape [envs].
    """
    steps = torch.arange(1, len(dones) + 1, device=dones.device).unsqueeze(-1)
    breaks = torch.where(within, torch.where(dones, steps - 1, -carried), steps)
    latest = torch.cat([-carried.unsqueeze(0), breaks]).cummax(0).values
    held = torch.cat([torch.zeros_like(steps[:1]), steps]) - latest
    return held[:-1], held[-1]


def _joint(robot: Any, name: str) -> int:
    names = list(robot.joint_names)
    if name not in names:
        near = suggestion(name, names, or_all=True)
        raise TrainingError(f"success of kind joints: no such joint: {name}{near}")
    return names.index(name)
