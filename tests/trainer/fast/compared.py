"""Environments in which nothing is left to chance, stepped in fast mode and without."""

from __future__ import annotations

import mjlab.tasks  # noqa: F401
import pytest
import torch
import warp
from mjlab.envs import ManagerBasedRlEnv
from mjlab.tasks.registry import load_env_cfg

import trainer_proc.simulators.mjlab.tasks  # noqa: F401
from trainer_proc.fast.environment import attach_fast_step
from trainer_proc.fast.report import FastReport
from trainer_proc.simulators.mjlab.cpu_graph import replay_physics

NUM_ENVS = 6


def certain(cfg, *, forward=0.0, world=0.0):
    """Leave a configuration nothing to chance, and let much happen in few steps."""
    cfg.scene.num_envs, cfg.seed, cfg.episode_length_s, cfg.curriculum = NUM_ENVS, 3, 0.4, {}
    for group in cfg.observations.values():
        group.enable_corruption = False
        for term in group.terms.values():
            term.delay_min_lag = term.delay_max_lag
    for event in cfg.events.values():
        event.interval_range_s = (0.1, 0.1) if event.mode == "interval" else None
        for name, value in event.params.items():
            if name.endswith("_range") and event.mode != "startup":
                event.params[name] = dict.fromkeys(value, (0.1, 0.1)) if isinstance(value, dict) else (0.1, 0.1)
    for command in cfg.commands.values():
        if not hasattr(command, "rel_heading_envs"):
            continue
        ranges = command.ranges
        command.resampling_time_range = (0.15, 0.15)
        ranges.lin_vel_x, ranges.lin_vel_y, ranges.ang_vel_z = (0.5, 0.5), (0.2, 0.2), (0.3, 0.3)
        ranges.heading = (1.0, 1.0)
        command.rel_heading_envs, command.rel_standing_envs = 1.0, 0.0
        command.rel_forward_envs, command.rel_world_envs = forward, world
    for entity in cfg.scene.entities.values():
        for actuator in getattr(entity.articulation, "actuators", ()) or ():
            actuator.delay_min_lag = actuator.delay_max_lag


def built(task, edit):
    warp.config.quiet = True
    cfg = load_env_cfg(task)
    edit(cfg)
    torch.manual_seed(1)
    env = ManagerBasedRlEnv(cfg, device="cpu")
    replay_physics(env.sim)
    env.reset()
    env.episode_length_buf += torch.arange(env.num_envs) * 2  # episodes end at different steps
    return env


def played(env, steps, before_step=lambda step: None):
    """Step with the same actions as any other environment; return observations, rewards, ends and what is logged."""
    generator = torch.Generator().manual_seed(2)
    size = (env.num_envs, env.action_manager.total_action_dim)
    history = []
    with torch.inference_mode():
        for step in range(steps):
            before_step(step)
            torch.manual_seed(step)
            observations, reward, terminated, truncated, extras = env.step(0.5 * torch.randn(size, generator=generator))
            logged = {name: float(value) for name, value in extras["log"].items()}
            history.append(
                (
                    {name: group.clone() for name, group in observations.items()},
                    reward.clone(),
                    (terminated | truncated).clone(),
                    logged,
                )
            )
    return history


def equal(ours, theirs):
    assert len(ours) == len(theirs)
    for step, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        for name, group in other[0].items():
            assert torch.equal(one[0][name], group), (step, name)
        assert torch.equal(one[1], other[1]), step
        assert torch.equal(one[2], other[2]), step
        assert one[3] == pytest.approx(other[3], rel=1e-5, abs=1e-6), step


def fast(env):
    report = FastReport()
    step = attach_fast_step(env, report)
    return step, report
