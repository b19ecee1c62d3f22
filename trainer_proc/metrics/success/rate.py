"""The success rate over the last episodes: overall, by task and by terrain type."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from presets.success import Success
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.success.episodes import Trace
from trainer_proc.metrics.success.root import RobotSource
from trainer_proc.metrics.success.rules import make_rule
from trainer_proc.metrics.success.task import task_command, time_outs_of
from trainer_proc.metrics.terrain import SteeredTerrain


class EpisodeWindow:
    """The newest whole iterations that together have at least the requested number of episodes, or all if fewer."""

    def __init__(self, episodes: int) -> None:
        """Request `episodes`, at least 1."""
        self._requested = episodes
        self._iterations: deque[tuple[int, float]] = deque()
        self.episodes = 0
        """Episodes in the window now."""

    def add(self, finished: int, succeeded: float) -> None:
        if not finished:
            return
        self._iterations.append((finished, succeeded))
        self.episodes += finished
        while self.episodes - self._iterations[0][0] >= self._requested:
            self.episodes -= self._iterations.popleft()[0]

    @property
    def rate(self) -> float:
        """Share of the window's episodes that succeeded; the window must not be empty."""
        return sum(succeeded for _, succeeded in self._iterations) / self.episodes


@dataclass(frozen=True)
class Groups:
    """Groups of episodes with a rate each; `read` returns the present group of each environment, shape [num_envs]."""

    metrics: tuple[str, ...]
    read: Callable[[], torch.Tensor]


class SuccessRate:
    """Counts finished and successful episodes, on the device."""

    def __init__(
        self,
        env: Any,
        definition: Success | None = None,
        terrain: SteeredTerrain | None = None,
        simulator: RobotSource | None = None,
    ) -> None:
        """Count episodes of `env`, by time-out if there is no definition.

        Without a simulator, no kind that measures the robot is possible. Raises `TrainingError` if the environment
        does not support the definition.
        """
        self._env = unwrapped(env)
        self._definition = definition or Success()
        self._rule = make_rule(self._definition, self._env, simulator)
        self._groups = [*_tasks(self._env), *_terrain_types(terrain)] if self._rule.is_per_environment else []
        self._ids = Trace(lambda: torch.stack([group.read() for group in self._groups]))
        self._window = EpisodeWindow(self._definition.window)
        names = (name for group in self._groups for name in group.metrics)
        self._group_windows = {name: EpisodeWindow(self._definition.window) for name in names}
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._unjudged: list[torch.Tensor] = []
        self._last_dones: torch.Tensor | None = None
        self.problem = ""
        """Why the last iteration's episodes could not be judged; empty if they were."""

    def begin(self) -> None:
        """Record the state before the first step; of running episodes, only later steps count."""
        self._steps.clear()
        self._unjudged.clear()
        self._rule.begin()
        if self._groups:
            self._ids.begin()

    def step(self, dones: torch.Tensor, extras: dict[str, Any]) -> None:
        """Record one environment step for `collect`: a few kernels, no synchronization. `dones` is [num_envs]."""
        time_outs = extras.get("time_outs")
        if time_outs is None:  # a finite-horizon task hides its time-outs from the algorithm
            time_outs = time_outs_of(self._env)
            if time_outs is None:
                self._unjudged.append(dones.clone())
                return
        is_new = self._last_dones is not None and dones is not self._last_dones  # as in mjlab at each step
        self._last_dones = dones
        self._steps.append((dones if is_new else dones.clone(), time_outs.clone()))
        self._rule.step()
        if self._groups:
            self._ids.step()

    def collect(self) -> dict[str, float]:
        """Close the iteration and return its metrics; synchronizes with the device once.

        `Train/finished_episodes` counts this iteration's, `Train/success_episodes` those in the window and
        `Train/success_window` the requested size. `Train/success_rate` (0 to 1) is over the window;
        `Success/task/<task>` and `Success/terrain/<type>` have windows of their own. A rate is absent until it has an
        episode. Nothing is known, and `problem` has the reason, if the environment does not report how episodes end.
        """
        if self._has_unjudged_episodes():
            self.problem = "the environment does not report which episodes end by time-out"
            return {}
        self.problem = ""
        finished, succeeded, of_groups = self._counts()
        self._window.add(finished, succeeded)
        metrics = {
            "Train/finished_episodes": float(finished),
            "Train/success_episodes": float(self._window.episodes),
            "Train/success_window": float(self._definition.window),
        }
        if self._window.episodes:
            metrics["Train/success_rate"] = self._window.rate
        for (name, window), counts in zip(self._group_windows.items(), of_groups, strict=True):
            window.add(*counts)
            if window.episodes:
                metrics[name] = window.rate
        return metrics

    def _has_unjudged_episodes(self) -> bool:
        """Return whether an episode has ended in a step without time-outs; synchronizes if there is such a step."""
        unjudged, self._unjudged = self._unjudged, []
        return bool(unjudged) and bool((torch.stack(unjudged) > 0).any())

    def _counts(self) -> tuple[int, float, list[tuple[int, float]]]:
        """Return the numbers of finished and successful episodes in the recorded steps: overall, and by group."""
        if not self._steps:
            return 0, 0, [(0, 0)] * len(self._group_windows)
        time_outs = torch.stack([time_outs for _, time_outs in self._steps]).bool()
        dones = torch.stack([dones for dones, _ in self._steps]).to(time_outs.device) > 0
        self._steps.clear()
        successes = self._rule.judge(dones, time_outs)
        outcomes = torch.stack([dones.to(successes.dtype), successes])
        counts = [outcomes.sum((1, 2))]
        # an episode belongs to the group before the reset, which samples the next
        groups = self._ids.take()[:-1].unbind(1) if self._groups else ()
        for group, ids in zip(self._groups, groups, strict=True):
            is_of = ids.unsqueeze(-1) == torch.arange(len(group.metrics), device=ids.device)
            counts.append((outcomes.unsqueeze(-1) & is_of).sum((1, 2)).T.reshape(-1))
        finished, succeeded, *rest = torch.cat(counts).tolist()
        return int(finished), succeeded, list(zip(rest[::2], rest[1::2], strict=True))


def _tasks(env: Any) -> list[Groups]:
    """Return the tasks of a command that has tasks, if there is one."""
    command = task_command(env)
    if command is None:
        return []
    return [_groups("task", command.task_names, lambda: command.task_ids)]


def _terrain_types(terrain: SteeredTerrain | None) -> list[Groups]:
    """Return the types of a terrain if they are known."""
    if terrain is None or not terrain.types:
        return []
    return [_groups("terrain", terrain.types, lambda: terrain.present_types)]


def _groups(kind: str, names: tuple[str, ...], read: Callable[[], torch.Tensor]) -> Groups:
    return Groups(tuple(f"Success/{kind}/{name}" for name in names), read)
