"""An environment whose episodes have known lengths, with a policy, a rule and a trial that count its steps."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from trainer_proc.evaluation.stage import Stage
from trainer_proc.evaluation.suites.suite import Trial
from trainer_proc.metrics.success.judgement import Judgement

LONGEST = 30


class Game:
    """Environment i always ends after `lengths[i]` steps, after `LONGEST` by time-out."""

    max_episode_length = LONGEST
    device = "cpu"

    def __init__(self, lengths):
        self.lengths, self.num_envs = lengths, len(lengths)
        self.seeds, self.drawn = [], []

    def seed(self, seed):
        self.seeds.append(seed)

    def reset(self):
        self._at = torch.zeros(self.num_envs, dtype=torch.long)
        return self._at, {}

    def step(self, actions):
        self.drawn.append(float(torch.rand(())))
        self._at += 1
        dones = self._at >= torch.tensor(self.lengths)
        time_outs = dones & (self._at >= LONGEST)
        self._at[dones] = 0
        return self._at, torch.ones(self.num_envs), dones.long(), {"time_outs": time_outs}


class StandStill:
    """A policy without actions."""

    def act(self, observations):
        return torch.zeros(len(observations), 1)

    def reset(self, dones=None):
        pass


class InTime:
    """A rule by which episodes that end by time-out succeed."""

    is_per_environment = True

    def begin(self):
        pass

    def step(self):
        pass

    def judge(self, dones, time_outs):
        return Judgement(dones & time_outs)


class Counting(Trial):
    """Measures the cell and the steps after which the episode went on."""

    def begin(self, cells):
        self._cells, self._steps = cells, torch.zeros(len(cells))

    def step(self, alive):
        self._steps += alive

    def values(self):
        return {"cell": self._cells, "steps alive": self._steps}


def stage_of(game):
    return Stage(spec=None, runner=None, env=game, task=game, simulator=None, steering=SimpleNamespace(), terrain=None)
