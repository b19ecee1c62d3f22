"""skrl's PPO whose policy becomes NaN in an update: the guard's way back, on a real agent without a simulator."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

pytest.importorskip("skrl")

import gymnasium
import torch
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.memories.torch import RandomMemory
from skrl.utils.model_instantiators.torch import deterministic_model, gaussian_model

from trainer_proc.checkpoints.load import read_checkpoint
from trainer_proc.metrics.nan_guard import has_finite_weights, tolerate_non_finite_updates
from trainer_proc.rl_libraries.skrl import SkrlRunner

ROLLOUT, ENVIRONMENTS = 4, 8
SPACE = gymnasium.spaces.Box(-math.inf, math.inf, (3,))
NETWORK = [{"name": "net", "input": "OBSERVATIONS", "layers": [8], "activations": "elu"}]


class Points:
    """An environment in the shape of skrl's wrapper; nothing in it depends on what is done."""

    def __init__(self):
        observations = SimpleNamespace(spaces={"policy": SPACE})
        self.unwrapped = SimpleNamespace(
            num_envs=ENVIRONMENTS, single_action_space=SPACE, single_observation_space=observations
        )
        self._observations, self._states, self._reset_once = None, None, True

    def reset(self):
        if self._reset_once:
            self._observations, self._reset_once = torch.zeros(ENVIRONMENTS, 3), False
        return self._observations, {}

    def step(self, actions):
        self._observations = torch.randn(ENVIRONMENTS, 3)
        ends = torch.zeros(ENVIRONMENTS, 1, dtype=torch.bool)
        return self._observations, torch.randn(ENVIRONMENTS, 1), ends, ends, {}


class SteppingTrainer:
    """Skrl's loop, over as many steps as asked for; rewards are multiplied by `reward`."""

    def __init__(self, agent, env):
        self.cfg = SimpleNamespace(timesteps=0, environment_info="log")
        self.agent, self.env = agent, env
        self.reward = 1.0

    def train(self):
        self.agent.enable_training_mode(True)
        observed, _ = self.env.reset()
        for step in range(self.cfg.timesteps):
            at = {"timestep": step, "timesteps": self.cfg.timesteps}
            self.agent.pre_interaction(**at)
            with torch.no_grad():
                actions, _ = self.agent.act(observed, None, **at)
                after, rewards, ended, cut, infos = self.env.step(actions)
                self.agent.record_transition(
                    observations=observed,
                    states=None,
                    actions=actions,
                    rewards=rewards * self.reward,
                    next_observations=after,
                    next_states=None,
                    terminated=ended,
                    truncated=cut,
                    infos=infos,
                    **at,
                )
            self.agent.post_interaction(**at)
            observed = after


@pytest.fixture
def runner(tmp_path):
    torch.manual_seed(1)
    spaces = {"observation_space": SPACE, "state_space": None, "action_space": SPACE, "device": "cpu"}
    models = {
        "policy": gaussian_model(**spaces, network=NETWORK, output="ACTIONS"),
        "value": deterministic_model(**spaces, network=NETWORK, output="ONE"),
    }
    for role, model in models.items():
        model.init_state_dict(role=role)
    experiment = {"directory": str(tmp_path), "experiment_name": "run", "write_interval": ROLLOUT}
    cfg = PPO_CFG(rollouts=ROLLOUT, experiment={**experiment, "checkpoint_interval": 0})
    memory = RandomMemory(memory_size=ROLLOUT, num_envs=ENVIRONMENTS, device="cpu")
    agent = PPO(models=models, memory=memory, cfg=cfg, **spaces)
    agent.init()
    env = Points()
    trainer = SteppingTrainer(agent, env)
    return SkrlRunner(trainer, agent, env, tmp_path / "run")


def test_an_update_that_ends_in_nan_is_told_as_a_loss_and_can_be_taken_back(runner, tmp_path):
    tolerate_non_finite_updates(runner.alg, lambda: True)
    runner.save(str(tmp_path / "before.pt"))
    told = []

    def boundary(*, it, total_it):
        told.append(runner.collect())
        if not has_finite_weights(runner.alg):
            runner.set_state(read_checkpoint(tmp_path / "before.pt"))
            runner._trainer.reward = 1.0

    runner.logger.log = boundary
    runner._trainer.reward = math.nan
    runner.learn(2)
    assert math.isnan(told[0]["Loss/value"])
    assert has_finite_weights(runner.alg)
    assert "Loss/value" not in told[1]  # skrl writes it
    assert math.isfinite(told[1]["Policy/kl"])


def test_an_observation_that_is_not_finite_is_replaced_where_the_trainer_holds_it(runner):
    held, _ = runner._wrapper.reset()
    held.fill_(math.nan)
    runner.reset_non_finite_environments()
    assert held.tolist() == [[0.0] * 3] * ENVIRONMENTS
    held.fill_(2.0)
    runner.reset_non_finite_environments()
    assert held.tolist() == [[2.0] * 3] * ENVIRONMENTS
