"""A tiny environment with one reward term, whose weight a curriculum of its own raises at every reset."""

from __future__ import annotations

from types import SimpleNamespace

from tests.tiny_training import PointEnv


def speed(env):
    return env.position[:, 0]


def raise_weight(env, env_ids, by):
    env.reward_manager.get_term_cfg("speed").weight += by
    env.weight = env.reward_manager.get_term_cfg("speed").weight


class Manager:
    """Terms by name, as in Isaac Lab's manager API."""

    def __init__(self, **terms):
        self.terms = terms
        self.active_terms = list(terms)

    def get_term_cfg(self, name):
        return self.terms[name]


class CurriculumPoint(PointEnv):
    """Resets environments, and calls the curriculum for them, as managers do."""

    def __init__(self):
        super().__init__()
        self.reward_manager = Manager(speed=SimpleNamespace(func=speed, weight=1.0, params={}))
        self.curriculum_manager = Manager(raised=SimpleNamespace(func=raise_weight, params={"by": 0.01}))
        self.curriculum_manager.compute = self.compute

    def compute(self, env_ids=None):
        for name in self.curriculum_manager.active_terms:
            term = self.curriculum_manager.get_term_cfg(name)
            term.func(self, env_ids, **term.params)

    def step(self, actions):
        observations, rewards, dones, extras = super().step(actions)
        if bool(dones.any()):
            self.curriculum_manager.compute(env_ids=dones.nonzero().flatten())
        return observations, rewards, dones, extras
