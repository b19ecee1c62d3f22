"""A training whose observation has become NaN continues with new episodes."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ResettablePoint, make_runner, reset_non_finite_environments, tolerate_non_finite_actions, torch
    import torch

    from tests.tiny_training import ResettablePoint, make_runner
    from trainer_proc.metrics.nan_guard import reset_non_finite_environments, tolerate_non_finite_actions


def make(folder):
    runner = make_runner(str(folder.path))
    runner.env.__class__ = ResettablePoint
    return runner


def test_the_next_action_is_for_an_observation_that_is_finite(folder):
    runner = make(folder)
    runner.env.position[1] = float("nan")
    held = runner.env.get_observations()  # kept by `learn` in a local variable
    reset_non_finite_environments(runner)
    assert runner.env.resets == 1
    with torch.inference_mode():
        assert torch.isfinite(runner.alg.act(held)).all()
        assert runner.alg.act == type(runner.alg).act.__get__(runner.alg)  # replaced for one action only


def test_finite_observations_are_left_alone(folder):
    runner = make(folder)
    reset_non_finite_environments(runner)
    assert runner.env.resets == 0


@pytest.mark.parametrize("lacking", ["act", "compute_returns", "storage", "transition", "process_env_step"])
def test_an_algorithm_of_another_shape_is_left_as_it_is(lacking):
    class Own:
        def update(self, rate):
            return [rate]

    for name in {"act", "compute_returns", "storage", "transition", "process_env_step"} - {lacking}:
        setattr(Own, name, None)
    algorithm = Own()
    tolerate_non_finite_actions(algorithm, lambda: True)
    assert vars(algorithm) == {}
    assert algorithm.update(2.0) == [2.0]
