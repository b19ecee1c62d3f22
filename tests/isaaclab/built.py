"""A real Isaac Lab training on the CPU, with its knobs; a process has one at a time."""

from __future__ import annotations

from contextlib import contextmanager

import torch
from isaaclab.utils import to_dict
from isaaclab_rl.rsl_rl import RslRlVecEnvWrapper, handle_deprecated_rsl_rl_cfg
from rsl_rl.runners import OnPolicyRunner

from tests.built_knobs import BuiltKnobs
from tests.isaaclab.task_spec import task_spec
from trainer_proc.simulators.isaaclab.assets import offline_robot
from trainer_proc.simulators.isaaclab.cpu_graph import replay_physics
from trainer_proc.simulators.isaaclab.frontend import make_environment
from trainer_proc.simulators.isaaclab.launch import load_configurations, start_simulation


class Built(BuiltKnobs):
    """A training with its knobs, and what its simulation has."""

    def __init__(self, env, runner):
        super().__init__(runner)
        self.env = env

    @property
    def robot(self):
        return self.env.scene["robot"]

    @property
    def solver(self):
        """The model that MuJoCo-Warp steps: what counts in the end."""
        return self.env.sim.physics_manager._solver.mjw_model

    def solved(self, field):
        """Return a copy of a field of the solver's model: environments first."""
        return torch.from_numpy(getattr(self.solver, field).numpy().copy())

    def contact_frictions(self):
        """Return the sliding friction of every contact and the environment that it is in."""
        data = self.env.sim.physics_manager._solver.mjw_data
        count = int(data.nacon.numpy()[0])
        frictions, environments = data.contact.friction.numpy()[:count, 0], data.contact.worldid.numpy()[:count]
        return torch.from_numpy(frictions.copy()), torch.from_numpy(environments.copy())

    def reset(self, *env_ids):
        with torch.inference_mode():
            self.env.reset(env_ids=torch.tensor(env_ids, dtype=torch.int32) if env_ids else None)

    def step(self, steps=1, action=0.0):
        """Step all environments with an action; return the last rewards."""
        size = (self.env.num_envs, self.env.action_manager.total_action_dim)
        with torch.inference_mode():
            for _ in range(steps):
                _, reward, *_ = self.env.step(torch.full(size, action))
        return reward.clone()


@contextmanager
def built(task, num_envs, edit=lambda cfg: None, hydra=(), frontend=""):
    """Build `task` with its configuration edited; closes it, so that another can follow."""
    with built_environment(task, num_envs, edit, hydra, frontend) as (wrapped, agent):
        yield Built(wrapped.unwrapped, OnPolicyRunner(wrapped, agent, None, "cpu"))


@contextmanager
def built_environment(task, num_envs, edit=lambda cfg: None, hydra=(), frontend=""):
    """Build only the environment; gives it wrapped for rsl-rl, and the task's own configuration for a runner."""
    torch.manual_seed(5)
    spec = task_spec(task, num_envs=num_envs, physics="newton", hydra=hydra)
    env_cfg, agent_cfg = load_configurations(spec, "rsl_rl_cfg_entry_point")
    env_cfg.scene.num_envs, env_cfg.seed, env_cfg.sim.device, agent_cfg.device = num_envs, 7, "cpu", "cpu"
    offline_robot(env_cfg)
    edit(env_cfg)
    start_simulation(env_cfg, "cpu")
    env = make_environment(frontend, task, env_cfg)
    replay_physics(env.unwrapped.sim)
    agent = to_dict(handle_deprecated_rsl_rl_cfg(agent_cfg, "5.5.1"))
    wrapped = RslRlVecEnvWrapper(env, clip_actions=agent_cfg.clip_actions)
    try:
        yield wrapped, agent
    finally:
        wrapped.close()


@contextmanager
def launched_physics(env):
    """Launch the physics of an environment from Python meanwhile, as Isaac Lab does: nothing of it is fixed."""
    replaying = env.sim.physics_manager
    env.sim.physics_manager = replaying.__mro__[1]
    try:
        yield
    finally:
        env.sim.physics_manager = replaying


def within(values, low, high, slack=1e-4):
    """Tell whether all values lie in a range."""
    return bool((values >= low - slack).all() and (values <= high + slack).all())
