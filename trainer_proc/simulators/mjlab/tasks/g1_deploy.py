"""The Unitree G1 as its controller sees it: no velocity of the base, a short history, latency of sensors and motors."""

from __future__ import annotations

from dataclasses import replace

from mjlab.asset_zoo.robots.unitree_g1.g1_constants import G1_ARTICULATION
from mjlab.envs import ManagerBasedRlEnvCfg
from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg

HISTORY = 5
"""Control steps in the observation (0.1 s); unitree_rl_lab's velocity task of the G1 has as many."""
_SENSORS = ("base_ang_vel", "projected_gravity", "joint_pos", "joint_vel")
_SENSOR_LAG = 1
"""Highest delay of a sensor in control steps of 20 ms."""
_MOTOR_LAG = 4
"""Highest delay of a target in physics steps of 5 ms."""


def g1_deploy_env_cfg(play: bool = False) -> ManagerBasedRlEnvCfg:
    """Return mjlab's flat velocity task of the G1 for a policy that runs on the robot; the critic sees what it did."""
    cfg = unitree_g1_flat_env_cfg(play=play)
    actor = cfg.observations["actor"]
    del actor.terms["base_lin_vel"]
    # the critic has the same terms, which are to have no delay
    actor.terms = {
        name: replace(term, delay_max_lag=_SENSOR_LAG) if name in _SENSORS else replace(term)
        for name, term in actor.terms.items()
    }
    actor.history_length = HISTORY
    robot = cfg.scene.entities["robot"]
    actuators = tuple(replace(actuator, delay_max_lag=_MOTOR_LAG) for actuator in G1_ARTICULATION.actuators)
    cfg.scene.entities["robot"] = replace(robot, articulation=replace(G1_ARTICULATION, actuators=actuators))
    return cfg
