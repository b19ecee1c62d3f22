"""`pushes`: one push an episode while the robot walks, in eight directions and up to 2 m/s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from presets.success import read_success
from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.evaluation import Axis, Measure, SuiteName
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.evaluation.held_command import hold_command
from trainer_proc.evaluation.pushed import PushedRobot, pushed_robot
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Plan, Suite, SuiteRefused, Trial
from trainer_proc.metrics.success.episodes import moving_mean
from trainer_proc.metrics.success.task import time_outs_of

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)
"""m/s."""
DIRECTIONS = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)
"""Degrees from the robot's heading: 0 pushes it ahead, 90 to the left."""
COMMAND = (0.3, 0.0, 0.0)
"""Walk ahead while pushed (m/s, m/s, rad/s): slow enough for every walking policy."""
BEFORE_S = 3.0
"""The robot walks this long before the push (s)."""
_SPREAD_S = 0.8
"""Episodes of a cell are pushed up to this much later (s), so that they meet the gait in different phases."""
AFTER_S = 5.0
"""The episode lasts this long after the latest push (s)."""
_TURNS = 4
"""Different times of the push."""
_EPISODE_S = BEFORE_S + _SPREAD_S + AFTER_S

_LARGEST_ERROR = 1e6
"""Replaces NaN of a diverged simulation (m/s)."""

_MEASURES = (Measure("survived", better="higher"), Measure("recovery_time", "s", "lower"))


class Pushes(Suite):
    """A cell for each direction and speed; the task's own pushes are switched off.

    Where the task has a velocity command, the robot is told to walk ahead and its recovery is timed.
    """

    name: ClassVar[SuiteName] = "pushes"
    episodes = 4

    def cell_count(self, spec: RunSpec, env_cfg: Any) -> int:
        return len(SPEEDS) * len(DIRECTIONS)

    def overrides(self, spec: RunSpec, env_cfg: Any) -> dict[str, Any]:
        longest = float(env_cfg.episode_length_s)
        if longest < _EPISODE_S:
            raise SuiteRefused(f"pushes: expected episodes of {_EPISODE_S:g} s or longer, got {longest:g} s: use quick")
        return {"env.episode_length_s": _EPISODE_S}

    def plan(self, stage: Stage) -> Plan:
        robot = pushed_robot(stage.simulator)
        if robot is None:
            raise SuiteRefused("pushes: expected a robot that can move, got one fixed to the world: use quick")
        stage.without_interval_events()
        return Plan(
            axes=(Axis("direction", "deg", DIRECTIONS), Axis("speed", "m/s", SPEEDS)),
            cells=[{"direction": direction, "speed": speed} for direction in DIRECTIONS for speed in SPEEDS],
            measures=_MEASURES,
            trial=_Trial(stage, robot),
        )

    def notes(self, plan: Plan, cells: Sequence[Mapping[str, Sequence[float | None]]]) -> list[str]:
        survived = [value for of_cell in cells for value in of_cell["survived"]]
        before = survived.count(None)
        return [f"{before} of {len(survived)} episodes ended before their push: they are left out"] if before else []


class _Trial(Trial):
    def __init__(self, stage: Stage, robot: PushedRobot) -> None:
        self._task, self._robot, self._root = stage.task, robot, robot.root
        self._step_s = float(stage.task.step_dt)
        self._longest = int(stage.env.max_episode_length)
        self._command = _held_command(stage)
        definition = read_success(stage.spec.success)
        linear, angular = definition.linear_error, definition.angular_error
        self._limits = torch.tensor([linear, linear, angular], device=stage.task.device)
        self._window = max(round(definition.average / self._step_s), 1)

    def begin(self, cells: torch.Tensor) -> None:
        direction = torch.tensor(DIRECTIONS, device=cells.device).deg2rad()[cells // len(SPEEDS)]
        speed = torch.tensor(SPEEDS, device=cells.device)[cells % len(SPEEDS)]
        self._directions, self._speeds = direction, speed
        turns = torch.arange(len(cells), device=cells.device) // (len(SPEEDS) * len(DIRECTIONS))
        later = turns % _TURNS / _TURNS * _SPREAD_S
        self._push_at = ((BEFORE_S + later) / self._step_s).round().long()
        # known before, so that no step waits for the device
        self._due = {step: (self._push_at == step).nonzero().flatten() for step in set(self._push_at.tolist())}
        self._steps = 0
        self._differences: list[torch.Tensor] = []
        self._alive = torch.ones_like(cells, dtype=torch.bool)
        self._lived = torch.zeros_like(cells)
        self._survived = torch.zeros_like(self._alive)

    def step(self, alive: torch.Tensor) -> None:
        self._steps += 1
        ended = self._alive & ~alive
        self._lived += self._alive
        self._alive = alive
        time_outs = time_outs_of(self._task)
        self._survived |= ended & (self._lived >= self._longest if time_outs is None else time_outs)
        if self._command is not None:
            linear, angular = self._root.velocity_in_root_frame(self._root.orientation(), self._root.velocity())
            velocity = torch.cat([linear[..., :2], angular[..., 2:]], dim=-1)
            self._differences.append(velocity - self._command.command)
        if (due := self._due.get(self._steps)) is not None:
            direction, speed = self._directions[due], self._speeds[due]
            ahead_and_left = speed.unsqueeze(-1) * torch.stack([direction.cos(), direction.sin()], dim=-1)
            self._robot.push(due, ahead_and_left)

    def values(self) -> Mapping[str, torch.Tensor]:
        was_pushed = self._lived > self._push_at
        values = {"survived": torch.where(was_pushed, self._survived.double(), torch.nan)}
        if self._differences:
            steps = recovery_times(
                torch.stack(self._differences), self._push_at, self._lived, limits=self._limits, window=self._window
            )
            values["recovery_time"] = torch.where(self._survived & was_pushed, steps * self._step_s, torch.nan)
        return values


def recovery_times(
    differences: torch.Tensor, push_at: torch.Tensor, lived: torch.Tensor, *, limits: torch.Tensor, window: int
) -> torch.Tensor:
    """Return after how many steps the averaged error was below its limits for good; NaN if not before the end.

    `differences` [steps, num_envs, 3] are velocity minus command after each step, averaged over `window` steps.
    `push_at` and `lived` [num_envs] are the steps after which the push came and the episode ended, `limits` [3].
    """
    differences = differences.double().nan_to_num(_LARGEST_ERROR, _LARGEST_ERROR, -_LARGEST_ERROR)
    steps = torch.arange(1, len(differences) + 1, device=differences.device).unsqueeze(-1)
    lengths = steps.expand(differences.shape[:2])
    averaged, _ = moving_mean(differences, lengths, differences.new_zeros(window, *differences.shape[1:]))
    # the state after an episode's last step is that of the next
    counts = (steps > push_at) & (steps < lived)
    is_large = (averaged.abs() >= limits).any(-1) & counts
    last = torch.where(is_large, steps, 0).amax(0)
    return torch.where(last == lived - 1, torch.nan, (last - push_at).clamp(min=0))


def _held_command(stage: Stage) -> Any | None:
    """Return the task's velocity command, which is held from now on; None if the task has none."""
    try:
        return hold_command(stage, COMMAND)
    except TrainingError:
        stage.notes.append("no recovery time: the task has no velocity command")
        return None
