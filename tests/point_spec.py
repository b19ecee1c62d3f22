"""The run of `tests.tiny_training`; its success is measured on all environments. Imports nothing that takes seconds."""

from __future__ import annotations

from trainer_proc.contract.run_folder import RunSpec

SPEC = RunSpec(
    preset="own",
    backend="tests",
    task="point",
    experiment="own",
    device="cpu",
    num_envs=6,
    iterations=3,
    seed=3,
    success={"noise_free": 0.0},
)
