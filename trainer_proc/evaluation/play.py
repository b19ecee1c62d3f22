"""Plays episodes: each environment one whole episode a round, from its reset to its end.

Only an environment's first episode of a round counts. If all that end within some time counted, short episodes, which
are the failed ones, would be counted more often than long ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from trainer_proc.contract.evaluation import EvaluationError
from trainer_proc.evaluation.policy import Policy
from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Trial
from trainer_proc.metrics.success.judgement import Rule
from trainer_proc.metrics.success.task import time_outs_of

_STEPS = 25
"""Environment steps between two looks at the device: the loop ends at most this many steps late."""

Report = Callable[[int, int], None]
"""Called with the environment steps done, and those in all."""


def play(
    stage: Stage, policy: Policy, rule: Rule, trial: Trial, cells: Sequence[int], *, seed: int, report: Report
) -> list[dict[str, float | None]]:
    """Play one episode for each entry of `cells`, an index of a cell; return the values of each by measure.

    Beside the trial's own: `success` and what else the rule measures, `score/survival` (share of the longest episode
    that was lived) and `reward` (sum over the episode). Raises `EvaluationError`.
    """
    count, longest = int(stage.env.num_envs), int(stage.env.max_episode_length)
    rounds = math.ceil(len(cells) / count)
    played: list[dict[str, float | None]] = []
    for number in range(rounds):
        of_round = cells[number * count : (number + 1) * count]
        game = _Round(stage, policy, rule, trial, of_round, seed + number)
        began = number * longest
        while game.goes_on:
            game.play_on()
            report(began + min(game.steps, longest), rounds * longest)
        played += game.values()
    return played


class _Round:
    """One episode in each environment; environments without a cell play along uncounted."""

    def __init__(self, stage: Stage, policy: Policy, rule: Rule, trial: Trial, cells: Sequence[int], seed: int) -> None:
        self._env, self._task = stage.env, stage.task
        self._policy, self._rule, self._trial = policy, rule, trial
        self._count, self._seed = len(cells), seed
        self._longest = int(stage.env.max_episode_length)
        device = stage.task.device
        environments = torch.arange(int(stage.env.num_envs), device=device)
        self._alive = environments < self._count
        self._lived = torch.zeros(len(environments), dtype=torch.long, device=device)
        self._rewards = torch.zeros(len(environments), dtype=torch.float64, device=device)
        self._judged: dict[str, torch.Tensor] = {}
        self.steps = 0
        self.goes_on = True
        padded = [*cells, *[0] * (len(environments) - self._count)]
        trial.begin(torch.tensor(padded, dtype=torch.long, device=device))
        self._observations = stage.reset(seed)
        policy.reset()
        rule.begin()
        trial.started()

    def play_on(self) -> None:
        """Play some steps, then look whether episodes are left; synchronizes with the device once."""
        waiting = self._alive
        dones, time_outs = [], []
        for _ in range(_STEPS):
            done, time_out = self._step()
            dones.append(done)
            time_outs.append(time_out)
        self._judge(torch.stack(dones), torch.stack(time_outs), waiting)
        # one step more than the longest episode: some simulators count from 1
        self.goes_on = self.steps <= self._longest and bool(self._alive.any())

    def values(self) -> list[dict[str, float | None]]:
        """Return the values of each environment's episode by measure; None where it has no such value."""
        lived = self._lived.double() / self._longest
        found = {"score/survival": lived.clamp(max=1.0)} | self._judged | {"reward": self._rewards}
        found |= self._trial.values()
        lists = {name: values[: self._count].double().cpu().tolist() for name, values in found.items()}
        ended = (~self._alive[: self._count]).tolist()
        return [
            {name: value if is_over and math.isfinite(value) else None for name, value in _row(lists, number)}
            for number, is_over in enumerate(ended)
        ]

    def _step(self) -> tuple[torch.Tensor, torch.Tensor]:
        # the same numbers in every step, however many episodes have ended before: so policies meet the same conditions
        torch.manual_seed(self._seed + self.steps)
        actions = self._policy.act(self._observations)
        self._observations, rewards, dones, extras = self._env.step(actions.to(self._task.device))
        time_outs = extras.get("time_outs")
        if time_outs is None:
            time_outs = time_outs_of(self._task)
        if time_outs is None:
            raise EvaluationError("the environment does not report which episodes end by time-out: it can't be judged")
        is_done = dones.to(self._alive.device) > 0
        self._policy.reset(is_done)
        self._rule.step()
        self._rewards += torch.where(self._alive, rewards.to(self._alive.device), 0.0)
        self._lived += self._alive
        self._alive = self._alive & ~is_done
        self._trial.step(self._alive)
        self.steps += 1
        return is_done, time_outs.bool().clone()

    def _judge(self, dones: torch.Tensor, time_outs: torch.Tensor, waiting: torch.Tensor) -> None:
        """Keep what the rule says of each first episode that has ended in these steps."""
        ends_first = dones & (dones.cumsum(0) == 1) & waiting
        judgement = self._rule.judge(dones, time_outs)
        for name, values in {"success": judgement.success, **judgement.values}.items():
            at_end = torch.where(ends_first, values.double(), 0.0).sum(0)
            missing = torch.full_like(at_end, math.nan)
            self._judged[name] = torch.where(ends_first.any(0), at_end, self._judged.get(name, missing))


def _row(lists: Mapping[str, Sequence[float]], number: int) -> list[tuple[str, Any]]:
    return [(name, values[number]) for name, values in lists.items()]
