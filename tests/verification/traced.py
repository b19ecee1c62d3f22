"""A bundle with its golden trace: untrained networks of a real G1 in mjlab, whose observations have a history."""

from __future__ import annotations

from pathlib import Path

import torch
from msgspec.structs import replace

from trainer_proc.contract.bundle.card import TRACE
from trainer_proc.contract.bundle.trace import write_trace
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.worker import Progress
from trainer_proc.evaluation.golden_trace import TraceRecorder
from trainer_proc.evaluation.nominal import nominal_overrides
from trainer_proc.evaluation.policy import load_policy, read_policy_file
from trainer_proc.evaluation.prepare import Prepared
from trainer_proc.evaluation.stage import built_stage
from trainer_proc.export.record import record_policy
from trainer_proc.export.write import export_policy
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.registry import load_backend

TERM = "env.observations.actor.terms"
SPEC = RunSpec(
    preset="g1-walk",
    backend="mjlab",
    task="Mjlab-Velocity-Flat-Unitree-G1",
    experiment="g1_walk",
    device="cpu",
    num_envs=1,
    iterations=1,
    seed=1,
    overrides={
        "env.observations.actor.history_length": 3,
        f"{TERM}.joint_vel.scale": 0.05,
        f"{TERM}.base_ang_vel.scale": 0.25,
    },
)
STEPS = 60


def report(progress: Progress) -> None:
    pass


def traced_bundle(parent: Path, run: RunSpec = SPEC) -> Path:
    """Make the run and its bundle in the folder `parent`; return the bundle's."""
    folder = RunFolder(parent / "2026-03-01_10-00-00")
    folder.path.mkdir()
    folder.write_spec(run)
    backend = load_backend("mjlab", load_library)
    env_cfg, _ = backend.configurations(run)
    overrides = {**run.overrides, **nominal_overrides(env_cfg)}
    spec = replace(run, overrides=overrides)
    with built_stage(backend, spec, {}) as stage:
        _observe_differently(stage.runner)
        checkpoint = folder.checkpoint(7)
        torch.save(stage.runner.alg.save() | {"iter": 7, "infos": {}}, checkpoint)
        described = record_policy(stage.runner, folder, run, stage.simulator)
        export_policy(folder, checkpoint)
        prepared = Prepared(
            policy=checkpoint,
            played=checkpoint,
            content=read_policy_file(checkpoint),
            iteration=7,
            backend=backend,
            spec=spec,
            env_cfg=env_cfg,
            conditions={},
            origin="",
            notes=[],
        )
        _record(stage, prepared, folder, [term.frame for term in described.observation_terms if term.frame])
    return folder.exported


def _observe_differently(runner) -> None:
    """Give the normalizer means and divisors that it would have learned, and the actions a size that moves a robot."""
    generator = torch.Generator().manual_seed(3)
    actor = runner.alg.get_policy()
    if actor.obs_normalization:
        normalizer = actor.obs_normalizer
        size = normalizer._mean.shape
        normalizer._mean.copy_(0.3 * torch.randn(size, generator=generator))
        normalizer._std.copy_(0.2 + torch.rand(size, generator=generator))
        normalizer._var.copy_(normalizer._std.square())
    last = [module for module in actor.modules() if isinstance(module, torch.nn.Linear)][-1]
    last.weight.mul_(4.0)


def _record(stage, prepared, folder, frames) -> None:
    policy = load_policy(stage.runner, prepared.policy, prepared.content)
    robot = stage.simulator.robot()
    stage.simulator.starts(robot)
    recorder = TraceRecorder(stage, robot, frames, environment=0, steps=STEPS)
    observations = stage.reset(1)
    for _ in range(STEPS):
        recorder.observed(observations)
        actions = policy.act(observations)
        observations, *_ = stage.env.step(actions)
        recorder.acted(actions)
    write_trace(folder.exported / TRACE, recorder.trace(prepared, folder.name))
