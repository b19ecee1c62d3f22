"""mjlab's Unitree G1 (29 joints, no fingers) in Isaac Lab, where Isaac Lab's own (37 joints) is unreachable.

mujoco-usd-converter converts mjlab's MJCF to USD once. Tasks of Isaac Lab's G1 are adapted: joints have other names,
and links are nested instead of side by side. Gains are Isaac Lab's (`isaaclab_assets.robots.unitree.G1_CFG`); wrists
have those of its arms.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

from trainer_proc.contract.asset_root import Asset

STOCK_G1 = "Isaac/IsaacLab/Robots/Unitree/G1/g1_minimal.usd"
"""The robot of Isaac Lab's velocity tasks, below the asset root (`G1_MINIMAL_CFG`)."""
CONVERTED_G1 = "HumanoidTui/g1_29_joints.usdc"

_LINKS = "{ENV_REGEX_NS}/Robot/Geometry"
_TORSO = f"{_LINKS}/pelvis/waist_yaw_link/waist_roll_link/torso_link"
_ARMS = [".*_shoulder_.*_joint", ".*_elbow_joint", ".*_wrist_.*_joint"]
_WAIST = "waist_.*_joint"
_FLAT_SOLVER = {"njmax": 300, "nconmax": 60}
_ROUGH_SOLVER = {"njmax": 600, "nconmax": 300}
"""Constraints and contacts of each environment in MuJoCo's solver.

The tasks' own limits overflow with feet of seven capsules each. Measured maxima: 112 and 28 on the plane, 312 and 43 on
terrain.
"""


def convert_g1(model: Path | None, root: Path) -> Asset | str:
    """Convert mjlab's `g1.xml` into the asset root `root`; return the asset, or the reason why there is none."""
    if model is None:
        return "no G1: mjlab, which has the model, is not installed; humanoid-tui doctor shows how"
    if importlib.util.find_spec("mujoco_usd_converter") is None:
        return "no G1: mujoco-usd-converter is not installed beside Isaac Lab (it is in the extra isaaclab)"
    from mujoco_usd_converter import Converter

    (root / CONVERTED_G1).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            # one file, and no physics scene: the simulation has its own
            converted = Converter(layer_structure=False, scene=False).convert(str(model), folder)
        except (ValueError, RuntimeError) as error:
            return f"no G1: {model} can't be converted: {' '.join(str(error).split())}"
        shutil.copyfile(converted.path, root / CONVERTED_G1)
    return Asset(CONVERTED_G1, "Unitree G1 (29 joints), converted from mjlab's g1.xml", stands_in_for=STOCK_G1)


def train_converted_g1(env_cfg: Any, usd_path: str) -> None:
    """Change a velocity task's configuration, in place, from Isaac Lab's G1 to the converted one at `usd_path`."""
    env_cfg.scene.robot = _robot(usd_path)
    env_cfg.scene.contact_forces.prim_path = f"{_LINKS}/.*"
    if env_cfg.scene.height_scanner is not None:
        env_cfg.scene.height_scanner.prim_path = _TORSO
    env_cfg.rewards.joint_deviation_fingers = None
    for name, joints in (("joint_deviation_arms", _ARMS), ("joint_deviation_torso", _WAIST)):
        if (term := getattr(env_cfg.rewards, name, None)) is not None:  # a user's task may not have it
            term.params["asset_cfg"].joint_names = joints
    solver = getattr(env_cfg.sim.physics, "solver_cfg", None)
    if hasattr(solver, "njmax"):  # MJWarp's; other physics have no such limits
        needed = _FLAT_SOLVER if env_cfg.scene.terrain.terrain_generator is None else _ROUGH_SOLVER
        for limit, value in needed.items():
            setattr(solver, limit, max(getattr(solver, limit) or 0, value))


def _robot(usd_path: str) -> Any:
    """Return the `ArticulationCfg` of the converted G1, standing with bent knees as Isaac Lab's does."""
    import isaaclab.sim as sim_utils
    from isaaclab.actuators import ImplicitActuatorCfg
    from isaaclab.assets import ArticulationCfg
    from isaaclab_newton.sim.schemas import NewtonArticulationCfg

    return ArticulationCfg(
        prim_path="{ENV_REGEX_NS}/Robot",
        spawn=sim_utils.UsdFileCfg(
            usd_path=usd_path,
            activate_contact_sensors=True,
            articulation_props=[NewtonArticulationCfg(self_collision_enabled=False)],
        ),
        init_state=ArticulationCfg.InitialStateCfg(
            pos=(0.0, 0.0, 0.80),  # soles 2 cm above ground: a robot that starts below a terrain's surface stays there
            joint_pos={
                ".*_hip_pitch_joint": -0.20,
                ".*_knee_joint": 0.42,
                ".*_ankle_pitch_joint": -0.23,
                ".*_elbow_joint": 0.87,
                ".*_shoulder_pitch_joint": 0.35,
                "left_shoulder_roll_joint": 0.16,
                "right_shoulder_roll_joint": -0.16,
            },
        ),
        soft_joint_pos_limit_factor=0.9,
        actuators={
            "legs": ImplicitActuatorCfg(
                joint_names_expr=[".*_hip_.*_joint", ".*_knee_joint", _WAIST],
                joint_effort_limit=300,
                stiffness={
                    ".*_hip_(yaw|roll)_joint": 150.0,
                    ".*_hip_pitch_joint": 200.0,
                    ".*_knee_joint": 200.0,
                    _WAIST: 200.0,
                },
                damping=5.0,
                armature=0.01,
            ),
            "feet": ImplicitActuatorCfg(
                joint_names_expr=[".*_ankle_.*_joint"],
                joint_effort_limit=20,
                stiffness=20.0,
                damping=2.0,
                armature=0.01,
            ),
            "arms": ImplicitActuatorCfg(
                joint_names_expr=_ARMS, joint_effort_limit=300, stiffness=40.0, damping=10.0, armature=0.01
            ),
        },
    )
