"""Real mjlab trainings on the CPU, with their knobs: small enough to build in seconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict

import pytest
import torch
import warp
from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

from tests.built_knobs import BuiltKnobs
from tests.trainer.fast.tape import capture_by_tape
from trainer_proc.fast.environment import attach_fast_step
from trainer_proc.fast.report import FastReport
from trainer_proc.knobs.resample import Resampler
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics

MODES = ("eager", "captured")
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
        self.fast = None

    @contextmanager
    def in_mode(self, mode):
        """Have the step run as mjlab's in the block if `mode` is "eager", or recorded and replayed as in fast mode."""
        if mode == "eager":
            yield self
            return
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("trainer_proc.fast.part.capture", capture_by_tape)
            patched.setattr("trainer_proc.fast.mjlab.foreign.capture", capture_by_tape)
            self.reset()
            resampler, inner = self._resampler()
            del self.env._reset_idx
            self.fast = attach_fast_step(self.env, FastReport())
            resampler._reset = self.env._reset_idx
            self.env._reset_idx = resampler._reset_and_sample
            self.step(steps=3)
            self.reset()
        try:
            yield self
        finally:
            self.fast.remove()
            self.fast = None
            resampler._reset = inner
            self.env._reset_idx = resampler._reset_and_sample

    def in_both_modes(self):
        """Yield this training in each mode, with every knob at its default."""
        for mode in MODES:
            with self.in_mode(mode):
                yield self
                self.put_back()

    def _resampler(self):
        """Return what wraps the end of episodes, which has to be outside of fast mode, and what it wraps."""
        resampler = next(one for one in self.training.competing_writers if isinstance(one, Resampler))
        return resampler, resampler._reset

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
        self.refresh()

    def refresh(self):
        """Capture again what a change concerns, as fast mode does between iterations."""
        if self.fast is not None:
            self.fast.refresh()

    def set(self, name, value, when=None):
        super().set(name, value, when)
        self.refresh()

    def reset(self, *env_ids):
        with torch.inference_mode():
            return self.env.reset(env_ids=torch.tensor(env_ids) if env_ids else None)[0]

    def step(self, action=None, steps=1):
        """Step all environments with an action, nothing by default, as one iteration; return the last rewards."""
        self.refresh()
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
        self.refresh()


def differ(values):
    """Tell whether the first dimension's entries differ from each other."""
    return len({tuple(row.flatten().tolist()) for row in values}) == len(values)


def within(values, low, high, slack=1e-5):
    """Tell whether all values lie in a range."""
    return bool((values >= low - slack).all() and (values <= high + slack).all())
