"""MuJoCo's model of a trained robot alone, as a text that compiles without any other file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import mujoco  # type: ignore[import-untyped]
import numpy as np
from mjlab.utils.xml import fix_spec_xml, strip_buffer_textures

_LOOKS = ("material", "texture", "camera", "light", "visual", "skin")
"""Elements."""
_FILES_AND_LOOKS = ("material", "meshdir", "texturedir", "assetdir")
"""Attributes."""


def robot_model(robot: Any, options: Any) -> str:
    """Return the XML of an entity as configured, with the physics options of mjlab's `MujocoCfg`.

    Bodies, inertias, joints, motors, sites, sensors and what collides stay; visual parts go. Raises `ValueError` if
    MuJoCo can't write it.
    """
    spec = robot.cfg.build().spec  # the built one has the scene's prefix in some of its names
    _fix_inertias(spec, spec.compile())
    for geom in list(spec.geoms):
        if not geom.contype and not geom.conaffinity:
            spec.delete(geom)
    _embed_meshes(spec)
    strip_buffer_textures(spec)  # MuJoCo can't write them
    options.apply(SimpleNamespace(opt=spec.option))
    spec.compile()
    xml = fix_spec_xml(_without_looks(spec.to_xml()))
    mujoco.MjModel.from_xml_string(xml)
    return xml


def _without_looks(xml: str) -> str:
    """Return a text of MuJoCo without what only affects pictures."""
    root = ElementTree.fromstring(xml)
    for default in root.findall("default"):
        _name_defaults(default)
    for parent in list(root.iter()):
        for name in _FILES_AND_LOOKS:
            parent.attrib.pop(name, None)
        for child in list(parent):
            if child.tag in _LOOKS:
                parent.remove(child)
    return ElementTree.tostring(root, encoding="unicode")


def _name_defaults(default: ElementTree.Element) -> None:
    """Put the content of a nested class without a name, which MuJoCo writes but can't read, into the class around."""
    for child in list(default):
        if child.tag == "default":
            _name_defaults(child)
            if not child.get("class"):
                default.remove(child)
                default.extend(child)


def _fix_inertias(spec: Any, model: Any) -> None:
    """Give each body the inertia that the compiler may have computed from parts that go."""
    for body in spec.bodies[1:]:
        body.explicitinertial = True
        body.mass, body.ipos, body.iquat = model.body_mass[body.id], model.body_ipos[body.id], model.body_iquat[body.id]
        body.inertia = model.body_inertia[body.id]
        body.fullinertia = np.full(6, np.nan)  # else it would take precedence


def _embed_meshes(spec: Any) -> None:
    """Put the vertices of colliding meshes, which are files, into the text; delete all other meshes."""
    used = {geom.meshname for geom in spec.geoms if geom.meshname}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)
    if not used:
        return
    model = spec.compile()
    for mesh in spec.meshes:
        first, count = model.mesh_vertadr[mesh.id], model.mesh_vertnum[mesh.id]
        # the compiler moves vertices to the mesh's centre and axes of inertia
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, model.mesh_quat[mesh.id])
        vertices = model.mesh_vert[first : first + count] @ rotation.reshape(3, 3).T + model.mesh_pos[mesh.id]
        start, faces = model.mesh_faceadr[mesh.id], model.mesh_facenum[mesh.id]
        mesh.uservert = vertices.flatten()
        mesh.userface = model.mesh_face[start : start + faces].flatten()
        mesh.file, mesh.content_type = "", ""
        mesh.scale, mesh.refpos, mesh.refquat = (1, 1, 1), (0, 0, 0), (1, 0, 0, 0)
