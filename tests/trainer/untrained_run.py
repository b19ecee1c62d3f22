"""A run of a small real task with a checkpoint of untrained networks and their export."""

from __future__ import annotations

from trainer_proc.contract.run_folder import RunFolder, RunSpec

SPEC = RunSpec(
    preset="cartpole",
    backend="mjlab",
    task="Mjlab-Cartpole-Balance",
    experiment="cartpole",
    device="cpu",
    num_envs=3,
    iterations=1,
    seed=1,
    overrides={"env.episode_length_s": 0.5},
)
MASS = "event/mass/scale"


def untrained_run(parent):
    """Make the run in the folder `parent`; its attribute `actions` has what both policies do at first."""
    import torch

    from trainer_proc.evaluation.policy import load_policy
    from trainer_proc.evaluation.stage import built_stage
    from trainer_proc.rl_libraries.isaaclab.load import load_library
    from trainer_proc.simulators.registry import load_backend

    folder = RunFolder(parent / "2026-03-01_10-00-00")
    folder.path.mkdir()
    folder.write_spec(SPEC)
    with built_stage(load_backend("mjlab", load_library), SPEC, {}) as stage:
        infos = {"humanoid_tui": {"values": {"reward/smooth_reward/weight": 0.25, MASS: (0.9, 1.1)}}}
        torch.save(stage.runner.alg.save() | {"iter": 7, "infos": infos}, folder.checkpoint(7))
        stage.runner.export_policy_to_onnx(str(folder.exported))
        observations = stage.reset(3)
        policies = {
            name: load_policy(stage.runner, path, torch.load(path) if path.suffix == ".pt" else {})
            for name, path in (("pt", folder.checkpoint(7)), ("onnx", folder.exported / "policy.onnx"))
        }
        folder.actions = {name: policy.act(observations).clone() for name, policy in policies.items()}
    return folder
