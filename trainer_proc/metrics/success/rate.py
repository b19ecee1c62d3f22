"""The success rate over the last episodes: overall, by task and by terrain type."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from curricula.curriculum import FINISHED_EPISODES, SUCCESS_RATE
from presets.success import Success
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.success.episodes import Trace
from trainer_proc.metrics.success.judgement import EVERY
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

    def add(self, finished: int, total: float) -> None:
        """Add an iteration's number of episodes and the sum of their results."""
        if not finished:
            return
        self._iterations.append((finished, total))
        self.episodes += finished
        while self.episodes - self._iterations[0][0] >= self._requested:
            self.episodes -= self._iterations.popleft()[0]

    @property
    def rate(self) -> float:
        """Mean result of the window's episodes; the window must not be empty."""
        return sum(total for _, total in self._iterations) / self.episodes


@dataclass(frozen=True)
class Groups:
    """Groups of episodes with a rate each; `read` returns the present group of each environment, shape [num_envs]."""

    metrics: tuple[str, ...]
    read: Callable[[], torch.Tensor]


class SuccessRate:
    """Counts finished and successful episodes of the measured environments, on the device."""

    def __init__(
        self,
        env: Any,
        definition: Success | None = None,
        terrain: SteeredTerrain | None = None,
        simulator: RobotSource | None = None,
        environments: slice = EVERY,
    ) -> None:
        """Count episodes of `env`, by time-out if there is no definition.

        `environments` are those that act without exploration noise: only they are measured, unless the environment
        reports nothing but a mean over all. Without a simulator, no kind that measures the robot is possible. Raises
        `TrainingError` if the environment does not support the definition.
        """
        self._env = unwrapped(env)
        self._definition = definition or Success()
        self._rule = make_rule(self._definition, self._env, simulator, environments)
        self.environments = environments if self._rule.is_per_environment else EVERY
        """The environments that are measured."""
        self._groups = [*_tasks(self._env), *_terrain_types(terrain)] if self._rule.is_per_environment else []
        self._ids = Trace(lambda: torch.stack([group.read()[self.environments] for group in self._groups]))
        self._windows: dict[str, EpisodeWindow] = {}
        self._group_names = [name for group in self._groups for name in group.metrics]
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._unjudged: list[torch.Tensor] = []
        self._last_dones: torch.Tensor | None = None
        self._noise_free = 0
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
                self._unjudged.append(dones[self.environments].clone())
                return
        is_new = self._last_dones is not None and dones is not self._last_dones  # as in mjlab at each step
        self._last_dones = dones
        measured = dones[self.environments]
        self._steps.append((measured if is_new else measured.clone(), time_outs[self.environments].clone()))
        self._rule.step()
        if self._groups:
            self._ids.step()

    def collect(self) -> dict[str, float]:
        """Close the iteration and return its metrics; synchronizes with the device once.

        Of the measured environments: `Train/finished_episodes` counts this iteration's, `Train/success_episodes` those
        in the window and `Train/success_window` the requested size. `Train/success_rate` (0 to 1), `Success/score…` and
        `Success/part/<part>` are means over the window. `Success/task/<task>` and `Success/terrain/<type>` have windows
        of their own. All of these are absent until there is an episode. `Success/error/<part>` and
        `Success/instant_error/<part>` are means over this iteration's steps. `Train/noise_free_environments` is the
        number of measured environments, 0 if all are measured, with noise. Nothing is known, and `problem` has the
        reason, if the environment does not report how episodes end.
        """
        if self._has_unjudged_episodes():
            self.problem = "the environment does not report which episodes end by time-out"
            return {}
        self.problem = ""
        sums, means = self._counts()
        finished = int(sums[SUCCESS_RATE][0]) if sums else 0
        for name, counts in sums.items():
            self._windows.setdefault(name, EpisodeWindow(self._definition.window)).add(*counts)
        of_all = self._windows.get(SUCCESS_RATE)
        metrics = {
            FINISHED_EPISODES: float(finished),
            "Train/success_episodes": float(of_all.episodes if of_all is not None else 0),
            "Train/success_window": float(self._definition.window),
            "Train/noise_free_environments": float(self._noise_free),
        }
        metrics |= {name: window.rate for name, window in self._windows.items() if window.episodes}
        return metrics | {name: mean for name, mean in means.items() if math.isfinite(mean)}

    def _has_unjudged_episodes(self) -> bool:
        """Return whether an episode has ended in a step without time-outs; synchronizes if there is such a step."""
        unjudged, self._unjudged = self._unjudged, []
        return bool(unjudged) and bool((torch.stack(unjudged) > 0).any())

    def _counts(self) -> tuple[dict[str, tuple[int, float]], dict[str, float]]:
        """Return number and sum of the recorded steps' episodes by metric, and the means over the steps."""
        if not self._steps:
            return {}, {}
        time_outs = torch.stack([time_outs for _, time_outs in self._steps]).bool()
        dones = torch.stack([dones for dones, _ in self._steps]).to(time_outs.device) > 0
        self._steps.clear()
        self._noise_free = 0 if self.environments == EVERY else dones.shape[1]
        judged = self._rule.judge(dones, time_outs)
        of_episodes = {SUCCESS_RATE: judged.success.double()} | {
            f"Success/{name}": value for name, value in judged.values.items() if name not in judged.means
        }
        sums = torch.where(dones, torch.stack(list(of_episodes.values())), 0.0).sum((1, 2))
        counts = [dones.sum().reshape(1), sums]
        # an episode belongs to the group before the reset, which samples the next
        groups = self._ids.take()[:-1].unbind(1) if self._groups else ()
        outcomes = torch.stack([dones, judged.success]) if self._groups else sums
        for group, ids in zip(self._groups, groups, strict=True):
            is_of = ids.unsqueeze(-1) == torch.arange(len(group.metrics), device=ids.device)
            counts.append((outcomes.unsqueeze(-1) & is_of).sum((1, 2)).T.reshape(-1))
        numbers = iter(torch.cat([*counts, *(mean.reshape(1) for mean in judged.means.values())]).tolist())
        finished = int(next(numbers))
        found = {name: (finished, next(numbers)) for name in of_episodes}
        found |= {name: (int(next(numbers)), next(numbers)) for name in self._group_names}
        return found, {f"Success/{name}": next(numbers) for name in judged.means}


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
