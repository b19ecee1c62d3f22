"""Presets built small on the CPU, and states made by hand. Only `put` is of one simulator, mjlab."""

from __future__ import annotations

from contextlib import contextmanager

import torch

from presets import load_preset
from tests.backends.names import MJLAB
from trainer_proc.evaluation.stage import built_stage
from trainer_proc.training.preflight import check_launch
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec


@contextmanager
def built(name, num_envs=4, coarse=MJLAB.humanoid.coarse):
    """Yield the stage of a preset's training, as at its first iteration; `coarse` are overrides of its physics."""
    overrides = {"agent.num_steps_per_env": 1, **coarse}
    choices = Overrides(num_envs=num_envs, device="cpu", seed=1, overrides=overrides)
    backend, spec = check_launch(make_spec(load_preset(name), choices, list_devices()))
    with built_stage(backend, spec, {}) as stage:
        stage.without_interval_events()
        yield stage


def value(stage, term):
    """Return a reward term of the present state without its weight, for each environment."""
    cfg = stage.task.reward_manager.get_term_cfg(term)
    return cfg.func(stage.task, **cfg.params).clone()


def weighted(stage):
    """Return each reward term of the present state by name, with its weight, for the first environment."""
    manager = stage.task.reward_manager
    return {name: manager.get_term_cfg(name).weight * float(value(stage, name)[0]) for name in manager.active_terms}


def step(stage, steps=1, action=0.0):
    """Step all environments with an action, by default the default position of all joints."""
    for _ in range(steps):
        stage.env.step(torch.full((int(stage.env.num_envs), int(stage.env.num_actions)), action))


ON_THE_GROUND = 0.755
"""Height of the root (m) at which the feet of a G1 in its default position touch the ground."""


def put(stage, *, height=ON_THE_GROUND, pitch=0.0, velocity=(0.0, 0.0, 0.0), joints=None):
    """Put all robots at the origin of their environment in a state; `joints` are positions by name (rad)."""
    robot, count = stage.task.scene["robot"], int(stage.env.num_envs)
    state = robot.data.default_root_state.clone()
    state[:, :3] += stage.task.scene.env_origins
    state[:, 2] = height
    half = torch.tensor(pitch / 2)
    state[:, 3:7] = torch.stack([half.cos(), 0 * half, half.sin(), 0 * half])
    state[:, 7:] = 0.0
    state[:, 7:10] = torch.tensor(velocity)
    robot.write_root_state_to_sim(state)
    positions = robot.data.default_joint_pos.clone()
    for joint, position in (joints or {}).items():
        positions[:, robot.joint_names.index(joint)] = position
    robot.write_joint_state_to_sim(positions, torch.zeros(count, len(robot.joint_names)))
    stage.task.sim.forward()
