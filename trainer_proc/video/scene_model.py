"""A description for MuJoCo of the shapes of a scene, for tasks whose own model is not at hand."""

from __future__ import annotations

from typing import Any

import mujoco  # type: ignore[import-untyped]

from trainer_proc.contract.robot import Scene

_GEOMS = {
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}
_THINNEST = 1e-3  # metres; MuJoCo refuses shapes without extent
_LEAST = 1e-3  # kg and kg m²; MuJoCo refuses moving bodies without mass
_ROBOT = (0.62, 0.68, 0.76, 1.0)


def spec_of_scene(scene: Scene) -> Any:
    """Return a `MjSpec` with the scene's bodies, all free to move, above a ground."""
    spec = mujoco.MjSpec()
    spec.compiler.boundmass = spec.compiler.boundinertia = _LEAST  # bodies may have no shape
    add_ground(spec)
    bodies = [spec.worldbody.add_body(name=name) for name in scene.bodies]
    for body in bodies:
        body.add_freejoint()
    for shape in scene.shapes:
        bodies[shape.body].add_geom(
            type=_GEOMS[shape.kind],
            size=[max(size, _THINNEST) for size in shape.size],
            pos=shape.position,
            quat=shape.orientation,
            rgba=_ROBOT,
        )
    return spec


def add_ground(spec: Any) -> None:
    """Add a ground with squares of 1 m, a light and a plain sky."""
    spec.add_texture(
        name="ground",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=(0.22, 0.26, 0.31),
        rgb2=(0.26, 0.30, 0.36),
        width=300,
        height=300,
    )
    material = spec.add_material(name="ground", texrepeat=(0.5, 0.5), texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "ground"
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(0, 0, 0.05), material="ground")
    spec.worldbody.add_light(pos=(0, 0, 4), dir=(0.2, 0.3, -1), type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL)


def without_planes(spec: Any) -> None:
    """Remove the ground."""
    for geom in list(spec.geoms):
        if geom.type == mujoco.mjtGeom.mjGEOM_PLANE:
            spec.delete(geom)
