"""Checkpoints of Isaac Lab's trainings: rsl-rl's own runner keeps no step counter, so this program does."""

from __future__ import annotations

import math

import pytest
import torch
from isaaclab.envs import mdp
from isaaclab.managers import CurriculumTermCfg
from isaaclab.utils import configclass
from rsl_rl.runners import OnPolicyRunner

from tests.fake_training import ListLink
from tests.isaaclab.built import built_environment
from tests.isaaclab.task_spec import task_spec
from trainer_proc.checkpoints.load import load_into_live, read_checkpoint
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import Change, InterventionQueued, IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.metrics.nan_guard import reset_non_finite_environments
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.state import from_infos
from trainer_proc.training.build import continue_from, make_steerable

pytestmark = pytest.mark.real

CARTPOLE = "Isaac-Cartpole"
STEPS = 8
ALIVE, TAUGHT = "reward/alive/weight", "reward/cart_vel/weight"


@configclass
class CurriculumCfg:
    quieter = CurriculumTermCfg(
        func=mdp.modify_reward_weight, params={"term_name": "cart_vel", "weight": -0.5, "num_steps": 2 * STEPS}
    )


def with_curriculum(cfg):
    cfg.curriculum = CurriculumCfg()
    cfg.episode_length_s = 4 * cfg.sim.dt * cfg.decimation  # resets in every iteration


@pytest.fixture(scope="module")
def made():
    with built_environment(CARTPOLE, 4, with_curriculum) as made:
        yield made


class Training:
    """A training in `folder`, steered by a wire made of lists. All trainings here have the same environment."""

    def __init__(self, made, folder, *batches):
        wrapped, agent = made
        self.env = wrapped.unwrapped
        self.env.common_step_counter = 0  # as when it is built
        self.env.reward_manager.get_term_cfg("cart_vel").weight = -0.01
        for manager in (self.env.curriculum_manager, self.env.event_manager):
            manager.__dict__.pop("compute", None)  # those of the training before
        self.folder = folder
        self.folder.path.mkdir(parents=True)
        self.link = ListLink(*batches)
        self.runner = OnPolicyRunner(
            wrapped, agent | {"num_steps_per_env": STEPS, "logger": "tensorboard"}, str(folder.path), "cpu"
        )
        fields = {"num_envs": 4, "iterations": 10, "seed": 3, "success": {"noise_free": 0.0}}
        spec = task_spec(CARTPOLE, preset="cartpole", experiment="cartpole", **fields)
        make_steerable(self.runner, Steering(self.link), self.link, folder, spec)

    def learn(self, iterations):
        self.runner.learn(iterations)
        self.runner.logger.writer.close()
        return self

    @property
    def taught(self):
        return self.env.reward_manager.get_term_cfg("cart_vel").weight

    def metric(self, name):
        names = {body.id: body.names for body in self.link.of(MetricSet)}
        values = [(names[body.metric_set], unpack_values(body.values)) for body in self.link.of(IterationFinished)]
        return [told[known.index(name)] for known, told in values if name in known]


@pytest.fixture(scope="module")
def saved(made, tmp_path_factory):
    """The checkpoint of the third iteration of a training whose `alive` weight was turned after the first."""
    folder = RunFolder(tmp_path_factory.mktemp("saved") / "cartpole" / "run")
    order = InterventionQueued(1, "person", (Change(ALIVE, 1.0, 2.5),))
    training = Training(made, folder, [order]).learn(3)
    assert training.taught == -0.5  # the curriculum's step has come
    return folder.checkpoint(2)


def test_a_checkpoint_holds_the_steps_that_the_environment_has_made(saved):
    infos = torch.load(saved, weights_only=True)["infos"]
    assert infos["env_state"] == {"common_step_counter": 3 * STEPS}
    assert from_infos(infos).values[ALIVE] == 2.5


def test_a_resumed_training_counts_on_before_its_first_step(made, saved, tmp_path):
    resumed = Training(made, RunFolder(tmp_path / "cartpole" / "resumed"))
    continue_from(resumed.runner, saved)
    assert resumed.env.common_step_counter == 3 * STEPS
    resumed.learn(1)
    assert resumed.env.common_step_counter == 4 * STEPS
    assert resumed.taught == -0.5  # after one iteration; a counter that begins anew would have left it
    assert resumed.env.reward_manager.get_term_cfg("alive").weight == 2.5
    assert resumed.runner.current_learning_iteration == 3
    infos = torch.load(resumed.folder.checkpoint(3), weights_only=True)["infos"]
    assert infos["env_state"] == {"common_step_counter": 4 * STEPS}


def test_a_checkpoint_without_a_counter_leaves_it_alone(made, saved, tmp_path):
    stock = torch.load(saved, weights_only=True) | {"infos": None}
    torch.save(stock, tmp_path / "model_2.pt")
    resumed = Training(made, RunFolder(tmp_path / "cartpole" / "resumed"))
    continue_from(resumed.runner, tmp_path / "model_2.pt")
    assert resumed.env.common_step_counter == 0


def test_a_policy_of_nan_is_healed_in_mid_training(made, saved, tmp_path):
    training = Training(made, RunFolder(tmp_path / "cartpole" / "healed"))
    log = training.runner.logger.log

    def poison_and_heal(*, it, **rest):
        log(it=it, **rest)
        if it == 1:
            algorithm = training.runner.alg
            with torch.inference_mode():
                for tensor in (*algorithm.actor.parameters(), *algorithm.critic.buffers()):
                    tensor.fill_(math.nan)
                training.env.scene["robot"].data.joint_pos.torch.fill_(math.nan)
                training.env.obs_buf["policy"][:] = math.nan
            load_into_live(training.runner, read_checkpoint(saved))
            reset_non_finite_environments(training.runner)

    training.runner.logger.log = poison_and_heal
    training.learn(4)
    losses = training.metric("Loss/value")
    assert len(losses) == 4
    assert all(map(math.isfinite, losses))


def test_every_diagnostic_of_the_update_is_published(made, tmp_path):
    training = Training(made, RunFolder(tmp_path / "cartpole" / "watched")).learn(2)
    for name in ("kl", "clip_fraction", "actor_gradient_norm", "critic_gradient_norm", "explained_variance"):
        values = training.metric(f"Policy/{name}")
        assert len(values) == 2
        assert all(map(math.isfinite, values))
    assert min(training.metric("Policy/actor_gradient_norm")) > 0
    assert len(training.metric("Episode_Reward/alive")) == 2
    assert len(training.metric("Train/success_rate")) == 2
