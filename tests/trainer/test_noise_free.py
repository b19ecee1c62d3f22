"""Environments without exploration noise measure success, and PPO learns as if they were not there."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.metrics.observer import NotObservable, Observer
from trainer_proc.steering.boundary import Steering


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global NoiseFree, PointEnv, make_runner, make_steerable, noise_free_slice, own, tolerate_non_finite_actions, torch
    import torch

    from tests import own_algorithms as own
    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.metrics.nan_guard import tolerate_non_finite_actions
    from trainer_proc.metrics.success.noise_free import NoiseFree, noise_free_slice
    from trainer_proc.training.build import make_steerable


ALL = range(17)
MEASURED = [2, 6, 10, 14]
TRAINED = [number for number in ALL if number not in MEASURED]
RECURRENT = {"rnn_hidden_dim": 4, "rnn_num_layers": 2, "class_name": "RNNModel"}


# --- which environments ---


@given(st.integers(4, 10_000), st.floats(0.0001, 0.25))
def test_a_share_of_the_environments_is_spread_evenly(num_envs, share):
    numbers = range(num_envs)[noise_free_slice(num_envs, share)]
    wanted = min(max(math.ceil(share * num_envs), 4), num_envs // 4)
    assert wanted <= len(numbers) <= num_envs / 4
    assert numbers.step == num_envs // wanted
    assert max(numbers.start, num_envs - 1 - numbers[-1]) < numbers.step  # both ends are covered


@pytest.mark.parametrize(("num_envs", "count"), [(4, 1), (7, 1), (8, 2), (16, 4), (64, 4), (4096, 124)])
def test_few_environments_keep_three_quarters_for_the_training(num_envs, count):
    assert len(range(num_envs)[noise_free_slice(num_envs, 0.03)]) == count


@pytest.mark.parametrize("num_envs", [1, 3])
def test_too_few_environments_have_none_without_noise(num_envs):
    with pytest.raises(NotObservable, match=f"expected at least 4 environments, got {num_envs}"):
        noise_free_slice(num_envs, 0.03)


# --- what PPO learns from ---


def with_noise_of_each(runner, numbers):
    """Have each environment draw the noise of its number, however many others there are."""
    distribution = runner.alg.actor.distribution
    generator = torch.Generator().manual_seed(7)

    def sample():
        if not torch.is_inference_mode_enabled():  # in the update, which doesn't use the sample
            return distribution.mean
        noise = torch.randn(len(ALL), 2, generator=generator)[list(numbers)]
        return distribution.mean + distribution.std * noise

    distribution.sample = sample
    return runner


def taught(numbers, is_split, **settings):
    """Train on environments of these `numbers`; return what PPO learned, and the runner."""
    runner = with_noise_of_each(make_runner(environment=lambda: PointEnv(numbers), **settings), numbers)
    if is_split:
        noise_free = NoiseFree(runner, 0.03)
        assert list(ALL[noise_free.environments]) == MEASURED
        noise_free.install(Observer())
    runner.learn(4)
    learned = {"storage": runner.alg.storage, "loss": runner.alg.optimizer.state_dict()["state"]}
    return learned, runner


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalize": True, "num_mini_batches": 2},
        {"distribution": "HeteroscedasticGaussianDistribution"},
        {"model": RECURRENT | {"rnn_type": "gru"}, "normalize": True, "num_mini_batches": 1},
        {"model": RECURRENT | {"rnn_type": "lstm"}, "num_mini_batches": 1},
        {"rnd_cfg": {"state_normalization": True, "reward_normalization": True}, "num_mini_batches": 2},
        {"symmetry_cfg": {}},
    ],
    ids=["plain", "normalized", "own deviations", "gru", "lstm", "rnd", "symmetry"],
)
def test_ppo_learns_as_if_they_were_not_there(settings, monkeypatch):
    monkeypatch.setattr(PointEnv, "step_dt", 0.02, raising=False)  # rsl-rl's RND scales its weight by it

    def extended():
        extensions = {"rnd_cfg": own.RND, "symmetry_cfg": own.SYMMETRY}
        return {
            name: {**extensions[name], **value} if name in extensions else value for name, value in settings.items()
        }

    split, split_runner = taught(list(ALL), True, **extended())
    alone, alone_runner = taught(TRAINED, False, **extended())
    for name in ("rewards", "dones", "values", "returns", "advantages", "actions", "actions_log_prob"):
        torch.testing.assert_close(
            getattr(split["storage"], name), getattr(alone["storage"], name), atol=1e-4, rtol=1e-3
        )
    observed = [learned["storage"].observations["policy"] for learned in (split, alone)]
    torch.testing.assert_close(*observed, atol=1e-4, rtol=1e-3)
    for network in ("actor", "critic", "rnd"):
        modules = [getattr(runner.alg, network) for runner in (split_runner, alone_runner)]
        if modules[0] is not None:
            states = [module.state_dict() for module in modules]
            torch.testing.assert_close(*states, atol=1e-4, rtol=1e-3)


def test_they_act_by_the_policy_s_mean_and_the_others_with_noise():
    runner = make_runner(environment=lambda: PointEnv(ALL))
    noise_free = NoiseFree(runner, 0.03)
    noise_free.install(Observer())
    obs = runner.env.get_observations()
    with torch.inference_mode():
        actions = runner.alg.act(obs)
        mean = runner.alg.actor(obs)
    is_mean = (actions == mean).all(1)
    assert is_mean.nonzero()[:, 0].tolist() == MEASURED


def test_the_logger_means_the_rewards_that_are_learned_from(folder):
    runner = make_runner(str(folder.path), environment=lambda: PointEnv(ALL))
    NoiseFree(runner, 0.03).install(Observer())
    runner.env.weight = 0.0
    step = runner.env.step

    def paid(actions):
        obs, rewards, dones, extras = step(actions)
        rewards[MEASURED] = 1000.0
        return obs, rewards, dones, extras

    runner.env.step = paid
    runner.learn(2)
    assert set(runner.logger.rewbuffer) == {0.0}
    assert runner.logger.tot_timesteps == 2 * 8 * len(ALL)  # the environments were simulated
    runner.logger.writer.close()


def test_a_step_costs_a_few_kernels_and_waits_for_nothing():
    from tests.operations import Operations

    runner = make_runner(environment=lambda: PointEnv(ALL))
    plain = make_runner(environment=lambda: PointEnv(ALL))
    NoiseFree(runner, 0.03).install(Observer())
    counts = []
    for one in (plain, runner):
        with torch.inference_mode(), Operations() as operations:
            obs, rewards = one.env.get_observations(), torch.zeros(len(ALL))
            dones, time_outs = torch.zeros(len(ALL)), torch.zeros(len(ALL), dtype=torch.bool)
            for _ in range(2):
                operations.names.clear()
                one.alg.act(obs)
                one.alg.process_env_step(obs, rewards, dones, {"time_outs": time_outs})
        counts.append(list(operations.names))
    assert len(counts[1]) - len(counts[0]) <= 12, counts[1]
    assert not {"_local_scalar_dense.default", "nonzero.default"} & set(counts[1])


def test_a_policy_that_can_not_be_sampled_is_tolerated_for_all_environments():
    runner = make_runner(environment=lambda: PointEnv(ALL), distribution="HeteroscedasticGaussianDistribution")
    NoiseFree(runner, 0.03).install(Observer())
    tolerate_non_finite_actions(runner.alg, lambda: True)
    with torch.no_grad():
        runner.alg.actor.mlp[0].weight[:] = math.nan
    runner.cfg["check_for_nan"] = False
    runner.learn(1)
    assert runner.alg.storage.step == 0


# --- what can't be split ---


class OwnAct:
    """Made a subclass of PPO by `own_act`, which keeps what it has sampled."""

    def act(self, obs):
        return super().act(obs)


def own_act():
    return type("OwnAct", (OwnAct, own.PPO), {})


@pytest.mark.parametrize("algorithm", [own_act, lambda: own.OneClip, lambda: own.TwoCritics])
def test_an_algorithm_of_the_user_s_is_left_alone(algorithm):
    runner = make_runner(environment=lambda: PointEnv(ALL), class_name=algorithm())
    with pytest.raises(NotObservable, match="does not act and learn as PPO of rsl-rl"):
        NoiseFree(runner, 0.03)


def test_a_replaced_method_of_the_user_s_is_left_alone():
    runner = make_runner(environment=lambda: PointEnv(ALL))
    runner.alg.act = runner.alg.act
    with pytest.raises(NotObservable, match="PPO does not act and learn as PPO of rsl-rl"):
        NoiseFree(runner, 0.03)


def test_a_policy_without_a_mean_is_reported_and_trains_on(folder):
    from rsl_rl.models import MLPModel

    class NoMean(MLPModel):
        @property
        def output_mean(self):
            raise NotImplementedError("a mixture has no mean")

    reported = []
    runner = make_runner(environment=lambda: PointEnv(ALL), model={"class_name": NoMean})
    NoiseFree(runner, 0.03).install(Observer(lambda what, reason: reported.append((what, reason))))
    runner.learn(2)
    assert reported == [("success without exploration noise", "NotImplementedError: a mixture has no mean")]
    assert runner.current_learning_iteration == 1


# --- in a training ---


def published(folder, success, environment, **settings):
    """Train with this `[success]` table; return the last iteration's metrics and what was left out."""
    spec = msgspec.structs.replace(SPEC, num_envs=17, success=success)
    runner = make_runner(str(folder.path), environment=environment, **settings)
    link = ListLink()
    jobs = make_steerable(runner, Steering(link), link, folder, spec)
    runner.learn(3)
    runner.logger.writer.close()
    jobs.end()
    names = {body.id: body.names for body in link.of(MetricSet)}
    last = link.of(IterationFinished)[-1]
    metrics = dict(zip(names[last.metric_set], unpack_values(last.values), strict=True))
    return metrics, {body.what: body.reason for body in link.of(LeftOut)}


def test_only_their_episodes_are_counted(folder):
    metrics, left_out = published(folder, {}, lambda: PointEnv(ALL))
    assert not left_out
    assert metrics["Train/noise_free_environments"] == 4
    assert metrics["Train/finished_episodes"] == 4  # after 20 of 24 steps, the fourth one; all are even
    assert metrics["Train/success_rate"] == 1.0
    assert metrics["Success/score/survival"] == 1.0
    assert {
        "Policy/kl",
        "Policy/actor_gradient_norm",
        "Policy/explained_variance",
        "Train/mean_reward",
    } <= metrics.keys()


@pytest.mark.parametrize(
    ("success", "numbers", "settings", "reason"),
    [
        ({"noise_free": 0.0}, ALL, {}, None),
        ({}, range(3), {}, "expected at least 4 environments, got 3"),
        ({}, ALL, {"class_name": "tests.own_algorithms:OneClip"}, "OneClip does not act and learn as PPO of rsl-rl"),
    ],
    ids=["switched off", "few", "own algorithm"],
)
def test_without_them_success_has_noise_and_says_so(folder, success, numbers, settings, reason):
    metrics, left_out = published(folder, success, lambda: PointEnv(numbers), **settings)
    assert left_out == ({"success without exploration noise": reason} if reason else {})
    assert metrics["Train/noise_free_environments"] == 0
    assert metrics["Train/finished_episodes"] > 0
