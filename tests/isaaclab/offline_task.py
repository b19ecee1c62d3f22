"""Configures tasks as the backend does and lets their robots stand, `python offline_task.py TASK...`; prints JSON.

The asset root counts from the import of Isaac Lab on, so this is a process of its own.
"""

from __future__ import annotations

import json
import sys

import gymnasium
import torch

from tests.backends.names import SMALL_TERRAIN
from tests.isaaclab.task_spec import task_spec
from trainer_proc.simulators.isaaclab.assets import missing_assets, missing_assets_text, offline_robot
from trainer_proc.simulators.isaaclab.cpu_graph import replay_physics
from trainer_proc.simulators.isaaclab.launch import load_configurations, start_simulation
from trainer_proc.simulators.overrides import apply_overrides

ENVIRONMENTS, STEPS = 4, 25


def configured(task):
    """Return the configuration, and what is told of it."""
    spec = task_spec(task, num_envs=ENVIRONMENTS, physics="newton")
    env_cfg, _ = load_configurations(spec, "rsl_rl_cfg_entry_point")
    offline_robot(env_cfg)
    missing = missing_assets(env_cfg)
    told = {"missing": missing, "robot": env_cfg.scene.robot.spawn.usd_path}
    if missing:
        told["text"] = missing_assets_text(task, missing)
    if "Velocity" in task:
        told["looks"] = [
            env_cfg.scene.terrain.visual_material is not None,
            env_cfg.scene.sky_light.spawn.texture_file is not None,
            env_cfg.commands.base_velocity.debug_vis,
        ]
    return env_cfg, told


def stood(task, env_cfg):
    """Return what is so after standing still, or trying to, for `STEPS` steps."""
    if "Rough" in task:
        apply_overrides({"env": env_cfg}, SMALL_TERRAIN)
    env_cfg.scene.num_envs, env_cfg.seed, env_cfg.sim.device = ENVIRONMENTS, 7, "cpu"
    start_simulation(env_cfg, "cpu")
    env = gymnasium.make(task, cfg=env_cfg).unwrapped
    replay_physics(env.sim)
    robot, contacts = env.scene["robot"], env.scene.sensors.get("contact_forces")
    actions = torch.zeros(ENVIRONMENTS, env.action_manager.total_action_dim)
    lowest, on_feet = [], []
    with torch.inference_mode():
        env.reset()
        for _ in range(STEPS):
            observations, *_ = env.step(actions)
            lowest.append(robot.data.body_pos_w.torch[..., 2].min().item())
            if contacts is not None:
                feet, _ = robot.find_bodies(".*_ankle_roll_link")
                on_feet.append(contacts.data.net_forces_w.torch[:, feet, 2].sum(1).mean().item())
    scanner = env.scene.sensors.get("height_scanner")
    result = {
        "joints": robot.num_joints,
        "bodies_with_contacts": 0 if contacts is None else contacts.num_sensors,
        "finite": bool(torch.isfinite(observations["policy"]).all()),
        "lowest_body": min(lowest),
        "on_feet": sum(on_feet[10:]) / len(on_feet[10:]) if on_feet else 0.0,
        "scanned": 0 if scanner is None else int(torch.isfinite(scanner.data.ray_hits_w.torch).all(-1).sum()),
    }
    env.close()
    return result


if __name__ == "__main__":
    for task in sys.argv[1:]:
        if task == "--only-configure":
            continue
        configuration, result = configured(task)
        if not result["missing"] and "--only-configure" not in sys.argv:
            result |= stood(task, configuration)
        sys.stdout.write(f"\n{json.dumps(result)}\n")
