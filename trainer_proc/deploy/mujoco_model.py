"""Builds MuJoCo's model of a bundle's robot: on a flat floor, with the card's motors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.bundle import require
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.model_file import read_model
from trainer_proc.deploy.observations import joint_index

FLOOR = "floor"
"""Name of the floor's geom."""


def quiet_mujoco() -> Any:
    """Return the package, which would write its warnings to MUJOCO_LOG.TXT in the current folder."""
    mujoco = require("mujoco")
    mujoco.set_mju_user_warning(lambda text: None)
    return mujoco


def robot_spec(mujoco: Any, card: PolicyCard, model_file: Path) -> Any:
    """Return the robot's model with a floor and the card's motors."""
    try:
        spec = mujoco.MjSpec.from_string(read_model(model_file, card.robot_model_sha256))
    except (ValueError, mujoco.FatalError) as error:
        raise refused(model_file.name, "a MuJoCo model", one_line(error), EXPORT_AGAIN) from error
    joint_index(card.joint_names, [joint.name for joint in spec.joints], "joint_names")
    for actuator in list(spec.actuators):
        spec.delete(actuator)
    # the model's own sizes may be any number
    spec.memory = spec.nconmax = spec.njmax = -1
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # else a robot that diverges would stand in its first pose again, as if nothing had happened
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    if not any(geom.type == mujoco.mjtGeom.mjGEOM_PLANE and geom.name == FLOOR for geom in spec.geoms):
        spec.worldbody.add_geom(name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.01])
    armatures = card.joint_armature or [None] * len(card.joint_names)
    for name, armature in zip(card.joint_names, armatures, strict=True):
        if armature is not None:
            spec.joint(name).armature = armature
        actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        actuator.gaintype, actuator.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
        actuator.gainprm[0] = 1.0
        actuator.inheritrange, actuator.ctrllimited = 0.0, False
        actuator.forcelimited = True
        actuator.forcerange[:] = (-1.0, 1.0)
    return spec


def compiled(mujoco: Any, spec: Any, name: str) -> tuple[Any, Any]:
    """Return the model and its data. Raises `BundleRefused`."""
    try:
        model = spec.compile()
        return model, mujoco.MjData(model)
    except (ValueError, MemoryError, mujoco.FatalError) as error:
        raise refused(name, "a MuJoCo model", one_line(error), EXPORT_AGAIN) from error


def check_parts(mujoco: Any, model: Any, card: PolicyCard) -> None:
    """Refuse a card whose joints or base the model hasn't, or has as other kinds."""
    one_number = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)
    for field in ("joint_names", "robot_joint_names"):
        for name in getattr(card, field):
            joint = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, name)
            if joint < 0 or model.jnt_type[joint] not in one_number:
                raise refused(field, "hinges and slides of the robot's model", name, EXPORT_AGAIN)
    if card.height_map is not None:
        _require_body(mujoco, model, "height_map: frame", card.height_map.frame)
    for command in card.commands:
        for body in command.bodies:
            _require_body(mujoco, model, f"commands.{command.name}.bodies", body)
    base = _require_body(mujoco, model, "base_body", card.base_body) if card.base_body else 1
    free = model.body_jntadr[base]
    if free > 0 and model.jnt_type[free] == mujoco.mjtJoint.mjJNT_FREE:
        raise refused(
            "base_body", "the model's first joint to be the base's", f"that of {card.base_body}", EXPORT_AGAIN
        )


def _require_body(mujoco: Any, model: Any, field: str, name: str) -> int:
    found: int = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name)
    if found < 0:
        raise refused(field, "a body of the robot's model", name, EXPORT_AGAIN)
    return found
