"""A task trained with `steer(runner)`; what its environment uses is written down at every rollout."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from trainer_proc import steer
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.registry import load_backend
from trainer_proc.training.build import continue_from


def train_witnessed(log_dir: Path, spec: RunSpec, attach: Callable[[Any, Callable[[Any], None]], None]) -> None:
    """Train what `spec` says, in `log_dir`; `attach(runner, tell)` is called before the first iteration.

    What it tells is a line of JSON in `rank_0.jsonl` beside the folder.
    """
    folder = RunFolder(log_dir)
    folder.path.mkdir(parents=True, exist_ok=True)
    backend = load_backend(spec.backend, load_library)
    training = backend.build(backend.check(spec), folder)
    runner = training.runner
    tables = {"success": spec.success, "curricula": spec.curricula}
    steer(runner, task=spec.task, backend=spec.backend, fast=bool(spec.fast), **tables)
    with open(folder.path.parent / "rank_0.jsonl", "a") as witness:
        attach(runner, lambda told: print(msgspec.json.encode(told).decode(), file=witness, flush=True))
        if spec.checkpoint:
            continue_from(runner, Path(spec.checkpoint))
        runner.learn(num_learning_iterations=spec.iterations, init_at_random_ep_len=True)
    training.close()


def at_every_rollout(runner: Any, tell: Callable[[Any], None]) -> None:
    """Tell what is in use after the resets of a rollout, before its update."""
    env, step, steps = runner.env.unwrapped, runner.env.step, 0

    def seen_step(actions):
        nonlocal steps
        stepped = step(actions)
        steps += 1
        if steps % runner.cfg["num_steps_per_env"] == 0:
            tell(in_use(env))
        return stepped

    runner.env.step = seen_step


def in_use(env):
    """Return what the simulator's own managers have in use: command ranges, weights of tasks, the highest terrain."""
    used = {}
    if "twist" in env.command_manager.active_terms:
        cfg = env.command_manager.get_term("twist").cfg
        used |= {axis: getattr(cfg.ranges, axis) for axis in ("lin_vel_x", "lin_vel_y", "ang_vel_z")}
        used["weights"] = getattr(cfg, "weights", {})
    terrain = env.scene.terrain
    if getattr(terrain, "terrain_levels", None) is not None:
        used |= {"highest": int(terrain.max_terrain_level) - 1, "levels": terrain.terrain_levels.tolist()}
    return used


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log_dir", type=Path)
    parser.add_argument("task")
    parser.add_argument("tables", help="JSON: curricula, success, overrides")
    arguments = parser.parse_args()
    task = ("", "mjlab", arguments.task, "witnessed", "cpu")
    spec = RunSpec(*task, num_envs=4, iterations=5000, seed=3, **json.loads(arguments.tables))
    train_witnessed(arguments.log_dir, spec, at_every_rollout)


if __name__ == "__main__":
    main()
