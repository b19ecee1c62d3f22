"""The G1 of mjlab's tracking task in plain MuJoCo: the same bodies, motors, contacts and options."""

from __future__ import annotations

from mjlab.asset_zoo.robots.unitree_g1 import g1_constants as g1
from mjlab.scene import Scene
from mjlab.tasks.registry import load_env_cfg

from trainer_proc.motions.robot import TaskModel

_TASK = "Mjlab-Tracking-Flat-Unitree-G1"
_MOTORS = {
    ("hip_roll", "knee"): g1.ACTUATOR_7520_22,
    ("hip_pitch", "hip_yaw", "waist_yaw"): g1.ACTUATOR_7520_14,
    ("wrist_pitch", "wrist_yaw"): g1.ACTUATOR_4010,
}
"""By joints; the motor of all others is the 5020."""


def task_model() -> TaskModel:
    """Return the model of the task, with one robot."""
    cfg = load_env_cfg(_TASK)
    cfg.scene.num_envs, cfg.scene.sensors = 1, ()
    model = Scene(cfg.scene, device="cpu").compile()
    cfg.sim.mujoco.apply(model)
    joints = [model.joint(number).name for number in range(1, model.njnt)]
    return TaskModel(
        model,
        substeps=int(cfg.decimation),
        soft_limit_factor=float(g1.G1_ARTICULATION.soft_joint_pos_limit_factor),
        speed_limits=tuple(map(_speed_limit, joints)),
    )


def _speed_limit(joint: str) -> float:
    """Return the speed of a joint's motor without load (rad/s), which the task's motors do not enforce."""
    found = (motor for names, motor in _MOTORS.items() if any(name in joint for name in names))
    return float(next(found, g1.ACTUATOR_5020).velocity_limit)
