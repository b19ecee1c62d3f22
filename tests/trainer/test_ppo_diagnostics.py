"""PPO diagnostics compared with straightforward computations."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global PpoDiagnostics, make_runner, torch
    import torch

    from tests.tiny_training import make_runner
    from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics


NO_LIMIT = 1e9


def collect_rollout(runner):
    """Fill the storage as rsl-rl's runner does, with returns."""
    obs = runner.env.get_observations()
    with torch.inference_mode():
        for _ in range(runner.cfg["num_steps_per_env"]):
            obs, rewards, dones, extras = runner.env.step(runner.alg.act(obs))
            runner.alg.process_env_step(obs, rewards, dones, extras)
        runner.alg.compute_returns(obs)


def measured(**algorithm):
    runner = make_runner(**{"schedule": "fixed", "max_grad_norm": NO_LIMIT, **algorithm})
    return runner, PpoDiagnostics(runner.alg)


def gradient_norm(network):
    return np.sqrt(sum(float((parameter.grad.double() ** 2).sum()) for parameter in network.parameters()))


def test_nothing_is_reported_before_the_first_update():
    _, diagnostics = measured()
    assert diagnostics.collect() == {}


def test_the_first_pass_over_a_rollout_has_no_kl():
    runner, diagnostics = measured(num_learning_epochs=1, num_mini_batches=1)
    collect_rollout(runner)
    runner.alg.update()
    metrics = diagnostics.collect()
    assert metrics["Policy/kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["Policy/clip_fraction"] == 0.0


def test_further_passes_move_the_policy_and_clip():
    runner, diagnostics = measured(num_learning_epochs=8, num_mini_batches=2, learning_rate=0.05)
    collect_rollout(runner)
    runner.alg.update()
    metrics = diagnostics.collect()
    assert metrics["Policy/kl"] > 1e-4
    assert 0.0 < metrics["Policy/clip_fraction"] <= 1.0


@pytest.mark.parametrize("batches", [1, 2])
def test_what_normalizers_change_is_measured_before_the_update(batches):
    """rsl-rl 5.4 updates its normalizers at every step, so the rollout's policies differ from the one to be updated."""
    runner, diagnostics = measured(normalize=True, num_learning_epochs=1, num_mini_batches=batches, learning_rate=0.0)
    for _ in range(2):
        collect_rollout(runner)
        runner.alg.update()
        metrics = diagnostics.collect()
        assert metrics["Policy/kl_before_update"] > 1e-5
        assert metrics["Policy/kl"] == pytest.approx(
            metrics["Policy/kl_before_update"], rel=1e-6 if batches == 1 else 1
        )


def test_without_normalizers_nothing_changes_before_the_update():
    runner, diagnostics = measured(num_learning_epochs=8, num_mini_batches=2, learning_rate=0.05)
    collect_rollout(runner)
    runner.alg.update()
    metrics = diagnostics.collect()
    assert metrics["Policy/kl_before_update"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["Policy/kl"] > 1e-4


@pytest.mark.parametrize("batches", [1, 4])
def test_kl_and_clip_fraction_are_those_of_the_whole_rollout(batches):
    runner, diagnostics = measured(num_learning_epochs=2, num_mini_batches=batches, learning_rate=0.0)
    collect_rollout(runner)
    storage = runner.alg.storage
    with torch.no_grad():
        for parameter in runner.alg.actor.mlp.parameters():  # moves the policy once
            parameter += 0.3 * torch.randn_like(parameter)
        old_mean, std = storage.distribution_params
        new_mean = runner.alg.actor(storage.observations.flatten(0, 1)).reshape(old_mean.shape)
    actions, old_mean, new_mean, std = (
        tensor.double().numpy() for tensor in (storage.actions, old_mean, new_mean, std)
    )
    log_ratio = (((actions - old_mean) ** 2 - (actions - new_mean) ** 2) / (2 * std**2)).sum(axis=-1)
    ratio = np.exp(log_ratio)
    runner.alg.update()
    metrics = diagnostics.collect()
    assert metrics["Policy/kl"] == pytest.approx((ratio - 1 - log_ratio).mean(), rel=1e-4)
    assert metrics["Policy/clip_fraction"] == pytest.approx((np.abs(ratio - 1) > 0.2).mean(), abs=1e-6)
    assert 0.1 < metrics["Policy/clip_fraction"] < 0.99


def test_gradient_norms_are_those_before_clipping():
    runner, diagnostics = measured(num_learning_epochs=1, num_mini_batches=1)
    collect_rollout(runner)
    runner.alg.update()
    metrics = diagnostics.collect()
    assert metrics["Policy/actor_gradient_norm"] == pytest.approx(gradient_norm(runner.alg.actor), rel=1e-5)
    assert metrics["Policy/critic_gradient_norm"] == pytest.approx(gradient_norm(runner.alg.critic), rel=1e-5)

    clipping, clipped = measured(num_learning_epochs=1, num_mini_batches=1, max_grad_norm=1e-3)
    collect_rollout(clipping)
    clipping.alg.update()
    assert gradient_norm(clipping.alg.actor) == pytest.approx(1e-3, rel=1e-3)
    for name in ("Policy/actor_gradient_norm", "Policy/critic_gradient_norm"):
        assert clipped.collect()[name] == pytest.approx(metrics[name], rel=1e-5)


def test_explained_variance_is_that_of_the_returns():
    runner, diagnostics = measured()
    collect_rollout(runner)
    storage = runner.alg.storage
    returns, values = storage.returns.double().numpy(), storage.values.double().numpy()
    runner.alg.update()
    expected = 1 - (returns - values).var(ddof=1) / returns.var(ddof=1)
    assert diagnostics.collect()["Policy/explained_variance"] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_each_update_is_measured_for_itself():
    runner, diagnostics = measured(num_learning_epochs=1, num_mini_batches=1, learning_rate=0.05)
    for _ in range(3):
        collect_rollout(runner)
        runner.alg.update()
        assert diagnostics.collect()["Policy/kl"] == pytest.approx(0.0, abs=1e-6)


def test_measuring_changes_nothing_in_what_is_learnt():
    plain, measured_runner = make_runner(), make_runner()
    PpoDiagnostics(measured_runner.alg)
    for runner in (plain, measured_runner):
        torch.manual_seed(5)
        for _ in range(2):
            collect_rollout(runner)
            runner.alg.update()
    for name, weights in plain.alg.actor.state_dict().items():
        assert torch.equal(weights, measured_runner.alg.actor.state_dict()[name]), name


@pytest.mark.parametrize("desired", [0.01, None])
def test_the_desired_kl_is_reported_where_there_is_one(desired):
    runner, diagnostics = measured(desired_kl=desired)
    collect_rollout(runner)
    runner.alg.update()
    assert diagnostics.collect().get("Policy/desired_kl") == desired


def test_torch_gets_its_function_back_even_when_an_update_fails():
    original = torch.nn.utils.clip_grad_norm_
    runner, _ = measured()
    collect_rollout(runner)
    seen = []

    def fail():
        seen.append(torch.nn.utils.clip_grad_norm_)
        raise RuntimeError("out of memory")

    runner.alg.optimizer.step = fail
    with pytest.raises(RuntimeError, match="out of memory"):
        runner.alg.update()
    assert seen[0] is not original
    assert torch.nn.utils.clip_grad_norm_ is original
