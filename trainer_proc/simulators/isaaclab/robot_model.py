"""MuJoCo's model of a robot in Isaac Lab on Newton, whose solver compiles one of the whole scene.

The solver's model has the values before randomization: events write MuJoCo-Warp's copies for each environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np

from trainer_proc.contract.errors import TrainingError

_OPTIONS = (
    *("gravity", "integrator", "cone", "solver", "jacobian", "impratio", "iterations", "tolerance"),
    *("ls_iterations", "ls_tolerance", "ccd_iterations", "disableflags", "enableflags"),
)
_OF_GEOM = ("contype", "conaffinity", "condim", "priority", "solmix", "margin", "gap", "group")
_LISTS_OF_GEOM = ("friction", "solref", "solimp")
_MESH = mujoco.mjtGeom.mjGEOM_MESH


def robot_model(env: Any, robot: Any) -> str:
    """Return the XML of an articulation: bodies, inertias, joints, sites and what collides, without motors.

    Raises `TrainingError` for other physics than Newton's MuJoCo, or for bodies without known names.
    """
    model = getattr(getattr(env.sim.physics_manager, "_solver", None), "mj_model", None)
    if model is None:
        raise TrainingError("only Newton's MuJoCo solver has one, not these physics")
    bodies = _named(model, mujoco.mjtObj.mjOBJ_BODY, robot.body_names)
    joints = _named(model, mujoco.mjtObj.mjOBJ_JOINT, robot.joint_names)
    if missing := {*robot.body_names, *robot.joint_names} - {*bodies.values(), *joints.values()}:
        raise TrainingError(f"the solver's model has no {', '.join(sorted(missing))}")
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    for option in _OPTIONS:
        setattr(spec.option, option, getattr(model.opt, option))
    spec.option.timestep = float(env.physics_dt)
    made: dict[int, Any] = {}
    for body, name in sorted(bodies.items()):
        parent = made.get(int(model.body_parentid[body]), spec.worldbody)
        made[body] = _add_body(model, body, name, parent)
        _add_joints(model, body, joints, made[body])
        _add_geoms(model, body, spec, made[body])
        _add_sites(model, body, made[body])
    for signature in model.exclude_signature.tolist():
        first, second = signature >> 16, signature & 0xFFFF
        if first in bodies and second in bodies:
            spec.add_exclude(bodyname1=bodies[first], bodyname2=bodies[second])
    spec.compile()
    xml: str = spec.to_xml()
    mujoco.MjModel.from_xml_string(xml)
    return xml


def _named(model: Any, kind: Any, names: Sequence[str]) -> dict[int, str]:
    """Return the robot's name of each part, by its index: the solver's names are paths that end with it."""
    count = model.nbody if kind == mujoco.mjtObj.mjOBJ_BODY else model.njnt
    found = {}
    for index in range(count):
        path = mujoco.mj_id2name(model, kind, index) or ""
        ends = [name for name in names if path == name or path.endswith((f"_{name}", f"/{name}"))]
        if ends:
            found[index] = max(ends, key=len)
    return found


def _add_body(model: Any, body: int, name: str, parent: Any) -> Any:
    return parent.add_body(
        name=name,
        pos=model.body_pos[body],
        quat=model.body_quat[body],
        explicitinertial=True,
        mass=model.body_mass[body],
        ipos=model.body_ipos[body],
        iquat=model.body_iquat[body],
        inertia=model.body_inertia[body],
        gravcomp=model.body_gravcomp[body],
    )


def _add_joints(model: Any, body: int, names: dict[int, str], into: Any) -> None:
    first = int(model.body_jntadr[body])
    for joint in range(first, first + int(model.body_jntnum[body])):
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE:
            into.add_freejoint(name="floating_base_joint")
            continue
        address = int(model.jnt_dofadr[joint])
        into.add_joint(
            name=names[joint],
            type=model.jnt_type[joint],
            pos=model.jnt_pos[joint],
            axis=model.jnt_axis[joint],
            limited=bool(model.jnt_limited[joint]),
            range=model.jnt_range[joint],
            margin=model.jnt_margin[joint],
            stiffness=model.jnt_stiffness[joint],
            solref_limit=model.jnt_solref[joint],
            solimp_limit=model.jnt_solimp[joint],
            damping=model.dof_damping[address],
            armature=model.dof_armature[address],
            frictionloss=model.dof_frictionloss[address],
        )


def _add_geoms(model: Any, body: int, spec: Any, into: Any) -> None:
    """Add what collides; a mesh with its vertices in the body's axes."""
    first = int(model.body_geomadr[body])
    for geom in range(first, first + int(model.body_geomnum[body])):
        if not model.geom_contype[geom] and not model.geom_conaffinity[geom]:
            continue
        name = (mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_GEOM, geom) or "").rpartition("/")[2]
        made = into.add_geom(name=f"{name or 'geom'}_{geom}", type=model.geom_type[geom])
        for field in (*_OF_GEOM, *_LISTS_OF_GEOM):
            setattr(made, field, getattr(model, f"geom_{field}")[geom])
        if model.geom_type[geom] == _MESH:
            made.meshname = _add_mesh(model, geom, spec)
        else:
            made.size, made.pos, made.quat = model.geom_size[geom], model.geom_pos[geom], model.geom_quat[geom]


def _add_mesh(model: Any, geom: int, spec: Any) -> str:
    mesh = int(model.geom_dataid[geom])
    first, faces = int(model.mesh_vertadr[mesh]), int(model.mesh_faceadr[mesh])
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    vertices = model.mesh_vert[first : first + int(model.mesh_vertnum[mesh])] @ rotation.reshape(3, 3).T
    spec.add_mesh(
        name=f"mesh_{geom}",
        uservert=(vertices + model.geom_pos[geom]).flatten(),
        userface=model.mesh_face[faces : faces + int(model.mesh_facenum[mesh])].flatten(),
    )
    return f"mesh_{geom}"


def _add_sites(model: Any, body: int, into: Any) -> None:
    for site in np.flatnonzero(model.site_bodyid == body).tolist():
        name = (mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_SITE, site) or f"site_{site}").rpartition("/")[2]
        into.add_site(name=name, pos=model.site_pos[site], quat=model.site_quat[site])
