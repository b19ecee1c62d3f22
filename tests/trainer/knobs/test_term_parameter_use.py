"""Which parameters a term reads at each call, as its bytecode tells."""

from __future__ import annotations

import functools

import pytest

from trainer_proc.knobs.parameters import Use, keeps_episode_state, use_of


def reads(env, std, scale=1.0):
    return env / std**2 * scale


def ignores(env, std):
    del std
    return env


def in_a_closure(env, std):
    return [value / std for value in env], (lambda: std)


def in_keywords(env, **params):
    return env / params["std"]


def passes_on(env, **params):
    return reads(env, **params)


def swallows(env, **params):
    return env


@functools.wraps(ignores)
def wrapped(*args, **kwargs):
    return ignores(*args, **kwargs)


class Copies:
    def __init__(self, cfg, env):
        self.std = cfg.params["std"]

    def __call__(self, env, std, threshold):
        del std
        return env / self.std + threshold


class CopiesInAHelper(Copies):
    def __init__(self, cfg, env):
        self._copy(cfg)

    def _copy(self, cfg):
        self.std = [cfg.params[name] for name in ("a",)], cfg.params.get("std")


class ReadsItsConfiguration:
    def __init__(self, cfg, env):
        self.cfg = cfg

    def __call__(self, env, std):
        return env / self.cfg.params["std"]


class ManagerTermBase:
    def reset(self, env_ids):
        pass


class Stateless(ManagerTermBase, Copies):
    pass


class Stateful(Stateless):
    def reset(self, env_ids):
        self.sum = 0


@pytest.mark.parametrize("func", [reads, in_a_closure, in_keywords, passes_on, ReadsItsConfiguration(None, None)])
def test_what_is_read_at_each_call_is_live(func):
    assert use_of(func, "std") is Use.LIVE


@pytest.mark.parametrize("func", [ignores, swallows, wrapped])
def test_what_is_not_read_is_unused(func):
    assert use_of(func, "std") is Use.UNUSED


@pytest.mark.parametrize("cls", [Copies, CopiesInAHelper, Stateless, Stateful])
def test_what_only_the_constructor_reads_is_cached(cls):
    func = object.__new__(cls)
    assert use_of(func, "std") is Use.CACHED
    assert use_of(func, "threshold") is Use.LIVE


def test_callables_without_code_count_as_reading():
    assert use_of(functools.partial(ignores, std=1), "std") is Use.LIVE
    assert use_of(max, "std") is Use.LIVE


def test_only_a_reset_of_its_own_is_episode_state():
    states = {cls.__name__: keeps_episode_state(object.__new__(cls)) for cls in (Copies, Stateless, Stateful)}
    assert states == {"Copies": False, "Stateless": False, "Stateful": True}
