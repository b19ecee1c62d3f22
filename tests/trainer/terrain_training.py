"""A training on real mjlab terrain, steered by a wire made of lists."""

from __future__ import annotations

from dataclasses import asdict

import torch
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

from tests.fake_training import ListLink
from tests.trainer.knobs.rough import ROUGH, OnPatches, small
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.state import from_infos
from trainer_proc.training.build import make_steerable


class Training(OnPatches):
    """A training of four steps an iteration in `folder`, steered by a wire made of lists."""

    def __init__(self, folder, *batches, environments=8, launch=None):
        self.folder = folder
        self.link = ListLink(*batches)
        cfg = load_env_cfg(ROUGH)
        cfg.scene.num_envs = environments
        small(cfg)
        self.env = ManagerBasedRlEnv(cfg, device="cpu")
        replay_physics(self.env.sim)
        agent = asdict(load_rl_cfg(ROUGH)) | {"num_steps_per_env": 4, "logger": "tensorboard"}
        self.runner = MjlabOnPolicyRunner(RslRlVecEnvWrapper(self.env), agent, str(folder.path), "cpu")
        spec = RunSpec(
            preset="rough",
            backend="mjlab",
            task=ROUGH,
            experiment="rough",
            device="cpu",
            num_envs=environments,
            iterations=10,
            seed=3,
            set=launch or {},
        )
        make_steerable(self.runner, Steering(self.link), self.link, folder, spec)

    def learn(self, iterations):
        self.runner.learn(iterations)
        self.runner.logger.writer.close()
        return self

    def saved(self, iteration):
        return from_infos(torch.load(self.folder.checkpoint(iteration), weights_only=True)["infos"])

    def metric(self, name):
        names = {body.id: body.names for body in self.link.of(MetricSet)}
        return [
            unpack_values(body.values)[names[body.metric_set].index(name)]
            for body in self.link.of(IterationFinished)
            if name in names[body.metric_set]
        ]
