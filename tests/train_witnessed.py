"""A task of mjlab's, trained with `steer(runner)`; what its environment uses is written down at every rollout."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec

from trainer_proc import steer
from trainer_proc.backends import load_backend
from trainer_proc.wire.run_folder import RunFolder, RunSpec


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
    tables = json.loads(arguments.tables)
    task = ("", "mjlab", arguments.task, "witnessed", "cpu")
    spec = RunSpec(*task, num_envs=4, iterations=5000, seed=3, **tables)
    folder = RunFolder(arguments.log_dir)
    folder.path.mkdir(parents=True, exist_ok=True)
    backend = load_backend("mjlab")
    backend.check(spec)
    runner = backend.build(spec, folder).runner
    steer(runner, task=spec.task, backend="mjlab", success=spec.success, curricula=spec.curricula)
    witness = open(folder.path.parent / "rank_0.jsonl", "a")  # noqa: SIM115 (until the end)
    env, step, steps = runner.env.unwrapped, runner.env.step, 0

    def seen_step(actions):
        nonlocal steps
        stepped = step(actions)
        steps += 1
        if steps % runner.cfg["num_steps_per_env"] == 0:  # after the resets of a rollout, before its update
            print(msgspec.json.encode(in_use(env)).decode(), file=witness, flush=True)
        return stepped

    runner.env.step = seen_step
    runner.learn(num_learning_iterations=spec.iterations, init_at_random_ep_len=True)


if __name__ == "__main__":
    main()
