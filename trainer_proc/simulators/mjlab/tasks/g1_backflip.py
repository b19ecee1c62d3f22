"""The Unitree G1 tracks a backflip that the program has made itself."""

from __future__ import annotations

from dataclasses import fields
from importlib.resources import files

from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.termination_manager import TerminationTermCfg
from mjlab.tasks.tracking.config.g1.env_cfgs import unitree_g1_flat_tracking_env_cfg

from trainer_proc.simulators.mjlab.tasks import flip_terms
from trainer_proc.simulators.mjlab.tasks.flip_command import FlipCommandCfg

MOTION = str(files("trainer_proc.motions") / "g1-backflip.npz")


def g1_backflip_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's tracking task with the backflip; an episode ends with the motion."""
    cfg = unitree_g1_flat_tracking_env_cfg(play=play)
    tracked = cfg.commands["motion"]
    values = {field.name: getattr(tracked, field.name) for field in fields(tracked)}
    cfg.commands["motion"] = FlipCommandCfg(**values | {"motion_file": MOTION})
    of_motion = {"command_name": "motion"}
    cfg.rewards["standing_after_turn"] = RewardTermCfg(
        func=flip_terms.standing_after_turn, weight=1.0, params=dict(of_motion)
    )
    cfg.terminations["motion_ended"] = TerminationTermCfg(
        func=flip_terms.motion_ended, params=dict(of_motion), time_out=True
    )
    return cfg
