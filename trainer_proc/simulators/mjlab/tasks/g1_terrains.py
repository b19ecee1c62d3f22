"""The Unitree G1 on terrain of five types, each with ten levels from flat to hard."""

from __future__ import annotations

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_rough_env_cfg
from mjlab.terrains import TerrainGeneratorCfg
from mjlab.terrains.config import discrete_obstacles, flat, hf_pyramid_slope, pyramid_stairs, random_rough

_LEVELS = 10
_SIZE = 8.0


def g1_terrains_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's rough velocity task of the G1 on `terrains`."""
    cfg = unitree_g1_rough_env_cfg(play=play)
    assert cfg.scene.terrain is not None
    cfg.scene.terrain.terrain_generator = terrains(curriculum=not play)
    return cfg


def terrains(curriculum: bool) -> TerrainGeneratorCfg:
    """Return flat, rough, slopes, stairs and obstacles, one column each; levels are rows of rising difficulty.

    At the highest level, roughness is 10 cm, slopes are 0.4 (m/m), steps 18 cm and obstacles 20 cm high. That is the
    upper end in legged_gym and mjlab.
    """
    return TerrainGeneratorCfg(
        size=(_SIZE, _SIZE),
        border_width=20.0,
        num_rows=_LEVELS,
        num_cols=5,
        curriculum=curriculum,
        sub_terrains={
            "flat": flat(proportion=0.2),
            "rough": random_rough(proportion=0.2, noise_range=(0.0, 0.1), noise_step=0.01, scale_with_difficulty=True),
            "slopes": hf_pyramid_slope(proportion=0.2, slope_range=(0.0, 0.4)),
            "stairs": pyramid_stairs(proportion=0.2, step_height_range=(0.0, 0.18)),
            "obstacles": discrete_obstacles(proportion=0.2, obstacle_height_range=(0.0, 0.2), platform_width=2.0),
        },
        add_lights=True,
    )
