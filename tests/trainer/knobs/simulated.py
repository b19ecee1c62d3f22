"""Real mjlab trainings on the CPU, with their knobs: small enough to build in seconds."""

from __future__ import annotations

from dataclasses import asdict

import torch
import warp
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

from tests.built_knobs import BuiltKnobs
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics

CARTPOLE = "Mjlab-Cartpole-Balance"
G1 = "Mjlab-Velocity-Flat-Unitree-G1"


class Simulated(BuiltKnobs):
    """A training with its knobs, and a way back to how it was."""

    def __init__(self, task, num_envs, edit=lambda cfg: None):
        warp.config.quiet = True
        torch.manual_seed(5)
        cfg = load_env_cfg(task)
        cfg.scene.num_envs = num_envs
        cfg.seed = 7
        edit(cfg)
        self.env = ManagerBasedRlEnv(cfg, device="cpu")
        replay_physics(self.env.sim)
        super().__init__(MjlabOnPolicyRunner(RslRlVecEnvWrapper(self.env), asdict(load_rl_cfg(task)), None, "cpu"))

    @property
    def robot(self):
        return self.env.scene.entities.get("robot") or self.env.scene.entities["cartpole"]

    @property
    def data(self):
        return self.robot.data

    def model(self, field):
        """Return a copy of the field as the simulator has it: environments first."""
        return torch.from_numpy(getattr(self.env.sim.wp_model, field).numpy().copy())

    def new_iteration(self):
        for writer in self.training.competing_writers:
            writer.new_iteration()

    def reset(self, *env_ids):
        with torch.inference_mode():
            return self.env.reset(env_ids=torch.tensor(env_ids) if env_ids else None)[0]

    def step(self, action=None, steps=1):
        """Step all environments with an action, nothing by default; return the last rewards."""
        size = (self.env.num_envs, self.env.action_manager.total_action_dim)
        with torch.inference_mode():
            actions = torch.zeros(size) if action is None else torch.full(size, action)
            for _ in range(steps):
                _, reward, *_ = self.env.step(actions)
        return reward.clone()

    def put_back(self):
        """Give every knob its default."""
        resamples = {}
        for name, knob in self.knobs.items():
            self.release(name)
            if not knob.description.read_only and knob.read() != knob.description.default:
                knob.write(knob.description.default)
                resamples[knob.resample] = None
        for resample in resamples:
            if resample is not None:
                resample("now")


def differ(values):
    """Tell whether the first dimension's entries differ from each other."""
    return len({tuple(row.flatten().tolist()) for row in values}) == len(values)


def within(values, low, high, slack=1e-5):
    """Tell whether all values lie in a range."""
    return bool((values >= low - slack).all() and (values <= high + slack).all())
