"""A real G1 on rough terrain, made small: four levels of three types, each with a column of its own."""

from __future__ import annotations

import torch
from mjlab.terrains.config import flat, pyramid_stairs, random_rough

from tests.trainer.knobs.simulated import Simulated
from trainer_proc.knobs.terrain import terrain_knobs
from trainer_proc.metrics.terrain import steered_terrain
from trainer_proc.simulators.registry import simulator_of

ROUGH = "Mjlab-Velocity-Rough-Unitree-G1"
ROWS = 4
SIZE = 6.0
"""Of a patch, m; a robot that has walked half of it goes up a level."""
TYPES = ("flat", "stairs", "rough")
STARTS = [0, 1, 2, 3, 0, 1, 2, 3]
"""Levels that tests begin with."""
TYPES_OF = (0, 0, 0, 0, 1, 1, 2, 2)
"""By the generator's proportions."""


def small(cfg):
    generator = cfg.scene.terrain.terrain_generator
    generator.num_rows = ROWS
    generator.size = (SIZE, SIZE)
    generator.border_width = 1.0
    generator.sub_terrains = {
        "flat": flat(proportion=0.5),
        "stairs": pyramid_stairs(proportion=0.25, platform_width=2.0),
        "rough": random_rough(proportion=0.25),
    }
    cfg.events.pop("push_robot", None)


def without_curriculum(cfg):
    small(cfg)
    cfg.curriculum = {}


class OnPatches:
    """Where the robots of `self.env` are on such a terrain, and ways to move them."""

    def reset(self, *env_ids):
        """Reset environments, all by default.

        Unless a test has it walk, a robot is where mjlab's rule wants it: its command is to stand.
        """
        self.env.command_manager.get_command("twist")[:] = 0.0
        with torch.inference_mode():
            return self.env.reset(env_ids=torch.tensor(env_ids) if env_ids else None)[0]

    def walk(self, *env_ids):
        """Have robots be further from their origins than half a patch."""
        robot = self.env.scene["robot"]
        pose = robot.data.root_link_pose_w[list(env_ids)].clone()
        pose[:, 0] += 0.7 * SIZE
        with torch.inference_mode():
            robot.write_root_link_pose_to_sim(pose, env_ids=torch.tensor(env_ids))
            self.env.sim.forward()

    def levels(self):
        return self.env.scene.terrain.terrain_levels.tolist()

    def types(self):
        return self.env.scene.terrain.terrain_types.tolist()

    def patches(self):
        """Return the row and column of each environment, as the simulator has them."""
        return list(zip(self.levels(), self.types(), strict=True))

    def stands_on(self):
        """Return the row and column of the patch on whose middle each robot stands, by where it really is."""
        origins = self.env.scene.terrain.terrain_origins
        places = self.env.scene["robot"].data.root_link_pos_w
        distances = (places[:, None, None, :2] - origins[None, ..., :2]).norm(dim=-1)
        nearest = distances.flatten(1).min(dim=1)
        assert nearest.values.max() < 1.0  # the task places robots within half a metre
        return [divmod(cell, len(TYPES)) for cell in nearest.indices.tolist()]


class Rough(OnPatches, Simulated):
    """A training on such a terrain, with the terrain's knobs among its own."""

    def __init__(self, edit=small):
        super().__init__(ROUGH, len(STARTS), edit)
        self.terrain = steered_terrain(self.env, simulator_of(self.env))
        self.knobs |= {knob.name: knob for knob in terrain_knobs(self.terrain)}
        self.step()  # mjlab's rule leaves levels alone before the first step

    def begin(self, levels=STARTS):
        """Put the environments on `levels`, with knobs as they were built."""
        self.put_back()
        self.terrain.restore(tuple(levels), TYPES_OF, 0, reset=False)
        self.reset()
