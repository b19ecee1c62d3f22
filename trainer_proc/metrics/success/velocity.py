"""Success of following a velocity command, judged on velocities averaged over a gait cycle.

The velocity of a walking robot swings at every step, so its instantaneous error never vanishes. Velocity and command
are averaged over the same moving window, in the robot's frame; the error is that of the averages. The score of a step
is `exp(-(error / limit)²)`, the form of the tracking reward of legged_gym ("Learning to Walk in Minutes", Rudin et al.,
2022, arXiv:2109.11978), and that of an episode is the mean over the steps that it could have lasted.
"""

from __future__ import annotations

from typing import Any

import torch

from presets.success import Success
from trainer_proc.metrics.success.episodes import Lifetimes, Trace, moving_mean, totals_of_episodes
from trainer_proc.metrics.success.judgement import EVERY, Judgement
from trainer_proc.metrics.success.root import Root

ERRORS = ("linear", "lateral", "yaw")
"""Names of the errors and scores: forward velocity, lateral velocity, and yaw rate."""
PARTS = ("forward", "lateral", "yaw")
"""Names of the parts of a command, in the order of `ERRORS`."""
_LARGEST_ERROR = 1e6
"""Replaces non-finite errors, so that a diverged simulation leaves no NaN in the sums of later episodes."""


class Velocity:
    """Time-out, and a small mean error of each part of the command; a step is held against its own command."""

    is_per_environment = True

    def __init__(
        self,
        definition: Success,
        command: Any,
        root: Root,
        *,
        step_dt: float,
        longest: int | None,
        environments: slice = EVERY,
    ) -> None:
        """`step_dt` is the time between two steps (s), `longest` the steps of the longest episode, if known."""
        self._root = root
        self._limits = (definition.linear_error, definition.linear_error, definition.angular_error)
        self._window = max(round(definition.average / step_dt), 1)
        self._seen = Trace(
            lambda: torch.cat(
                [
                    root.orientation()[environments],
                    root.velocity()[environments],
                    command.command[environments],
                ],
                dim=-1,
            )
        )
        self._lifetimes = Lifetimes(longest)
        self._earlier = self._sums = torch.zeros(0)

    def begin(self) -> None:
        self._seen.begin()
        self._lifetimes.begin()
        seen = self._seen.take()[0]
        self._earlier = seen.new_zeros(self._window, len(seen), len(PARTS), dtype=torch.float64)
        self._sums = seen.new_zeros(len(seen), 3 * len(PARTS), dtype=torch.float64)

    def step(self) -> None:
        self._seen.step()

    def judge(self, dones: torch.Tensor, time_outs: torch.Tensor) -> Judgement:
        lengths = self._lifetimes.lengths(dones)
        differences = self._differences()
        averaged, self._earlier = moving_mean(differences, lengths, self._earlier)
        errors, instant_errors = averaged.abs(), differences.abs()
        limits = errors.new_tensor(self._limits)
        scores = (-(errors / limits).square()).exp()
        of_steps = torch.cat([errors, instant_errors, scores], dim=-1)
        sums, self._sums = totals_of_episodes(of_steps, dones, self._sums)
        sums = sums.clamp(min=0.0)  # differences of sums, which round
        measured = (lengths - 1).unsqueeze(-1)  # the last state of an episode is that of the next
        mean_errors = sums[..., :6] / measured  # NaN for an episode of one step, which fails the comparisons below
        mean_scores = sums[..., 6:] / (self._lifetimes.due(lengths, time_outs) - 1).clamp(min=1).unsqueeze(-1)
        succeeds = (mean_errors[..., :3] < limits) & time_outs.unsqueeze(-1)
        values = {"score": mean_scores.mean(-1)}
        values |= _named("score", ERRORS, mean_scores) | self._lifetimes.survival(lengths, time_outs)
        values |= _named("error", ERRORS, mean_errors[..., :3])
        values |= _named("instant_error", ERRORS, mean_errors[..., 3:])
        values |= _named("part", PARTS, succeeds.double())
        is_measured = ~dones.unsqueeze(-1)
        means = (of_steps[..., :6] * is_measured).sum((0, 1)) / is_measured.sum()
        return Judgement(
            success=dones & succeeds.all(-1),
            values=values,
            means=_named("error", ERRORS, means[:3]) | _named("instant_error", ERRORS, means[3:]),
        )

    def _differences(self) -> torch.Tensor:
        """Return velocity minus command, double, of shape [steps, envs, 3], in the order of `PARTS`."""
        seen = self._seen.take()
        commands = seen[:-1, :, 10:]
        linear, angular = self._root.velocity_in_root_frame(seen[1:, :, :4], seen[1:, :, 4:10])
        differences = torch.cat([linear[..., :2], angular[..., 2:]], dim=-1) - commands
        finite = differences.double().nan_to_num(_LARGEST_ERROR, _LARGEST_ERROR, -_LARGEST_ERROR)
        return finite.clamp(-_LARGEST_ERROR, _LARGEST_ERROR)


def _named(kind: str, names: tuple[str, ...], tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the last dimension's entries as measures."""
    return {f"{kind}/{name}": one for name, one in zip(names, tensor.unbind(-1), strict=True)}
