"""Shares of terminations and rates of rewards, against a count by hand in a real environment."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, EpisodeTerms, Kernels, Simulated, TerminationTermCfg, torch
    import torch
    from mjlab.managers.termination_manager import TerminationTermCfg

    from tests.trainer.kernels import Kernels
    from tests.trainer.knobs.simulated import CARTPOLE, Simulated
    from trainer_proc.metrics.episode_terms import EpisodeTerms


ENVIRONMENTS, STEPS = 6, 12


def ends(env):
    """Environment `i` ends every `i + 2` steps, so several end in one step, and a few twice in an iteration."""
    return env.episode_length_buf >= torch.arange(2, 2 + env.num_envs)


def edit(cfg):
    cfg.terminations["fell"] = TerminationTermCfg(func=ends)
    cfg.terminations["never"] = TerminationTermCfg(func=lambda env: torch.zeros(env.num_envs, dtype=torch.bool))


def per_step(cfg):
    edit(cfg)
    cfg.scale_rewards_by_dt = False


@pytest.mark.parametrize("edit", [edit, per_step], ids=["weights per second", "weights per step"])
def test_metrics_are_those_of_a_count_by_hand(edit):
    simulated = Simulated(CARTPOLE, ENVIRONMENTS, edit)
    env = simulated.env
    terms = EpisodeTerms(env)
    terms.step()
    assert not [name for name in terms.collect() if name.startswith("Termination/")]  # no episode has ended
    assert terms.collect() == {}
    for _ in range(2):  # the second iteration begins with running episodes and forgets the first
        simulated.reset(*range(2))
        terms.begin()
        finished, fired, paid = 0, 0, 0.0
        with torch.inference_mode():
            for _ in range(STEPS):
                _, rewards, terminated, timed_out, _ = env.step(torch.rand(ENVIRONMENTS, 1))
                with Kernels() as kernels:
                    terms.step()
                assert len(kernels.names) <= 2, kernels.names  # the simulation itself launches 1,100
                finished += int((terminated | timed_out).sum())
                fired += int(terminated.sum())
                paid += float(rewards.mean())
        metrics = terms.collect()
        assert finished > fired > 0 or finished == fired > 0
        assert metrics["Termination/fell"] == pytest.approx(fired / finished)
        assert metrics["Termination/never"] == 0.0
        assert {f"Termination/{name}" for name in env.termination_manager.active_terms} <= metrics.keys()
        rates = {name: value for name, value in metrics.items() if name.startswith("Reward_Rate/")}
        assert rates.keys() == {f"Reward_Rate/{name}" for name in env.reward_manager.active_terms}
        assert sum(rates.values()) == pytest.approx(paid / STEPS / env.step_dt, rel=1e-4)


def test_an_environment_without_managers_has_none_of_it():
    from tests.tiny_training import make_runner

    terms = EpisodeTerms(make_runner().env)
    terms.step()
    assert terms.collect() == {}
