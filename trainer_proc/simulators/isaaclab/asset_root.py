"""Build an asset root for Isaac Lab without its server: `python -m trainer_proc.simulators.isaaclab.asset_root ROOT`.

Runs with Isaac Lab's Python. Cartpole and Humanoid come from newton's example assets (`newton/examples/assets`), with
some parts renamed; the G1 is mjlab's converted MJCF; the ground is a plane.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.contract.asset_root import MANIFEST, Asset, AssetManifest, write_manifest
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.isaaclab.g1 import convert_g1

CARTPOLE = "Isaac/IsaacLab/Robots/Classic/Cartpole/cartpole.usd"
HUMANOID = "Isaac/Robots/IsaacSim/Humanoid/humanoid_instanceable.usd"
GROUND = "Isaac/IsaacLab/Environments/Grid/default_ground_plane_checker_v1/default_ground_plane.usda"
"""Their paths in Isaac Lab 3, below the asset root."""

_CARTPOLE_NAMES = {'defaultPrim = "cartPole"': 'defaultPrim = "cartpole"'}
_HUMANOID_NAMES = {
    f'def PhysicsRevoluteJoint "{newton}"': f'def PhysicsRevoluteJoint "{isaac_lab}"'
    for newton, isaac_lab in {
        "abdomen_x": "pelvis",
        "right_knee": "right_shin",
        "left_knee": "left_shin",
        "right_elbow": "right_lower_arm",
        "left_elbow": "left_lower_arm",
    }.items()
}
"""Isaac Lab's configurations name these joints after the link below them."""
_COLLISION_GROUP = re.compile(r"\n    def PhysicsCollisionGroup .*?\n    \}\n", re.DOTALL)
"""In USD, all of the Humanoid's groups collide with each other; in newton only equal ones, so feet would sink in."""

# 100 m wide, tiles of 2 m, prims named as `spawn_ground_plane` expects
_GROUND_PLANE = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "World"
{
    def Xform "Environment"
    {
        double3 xformOp:scale = (1, 1, 1)
        uniform token[] xformOpOrder = ["xformOp:scale"]
        def Mesh "Geometry"
        {
            int[] faceVertexCounts = [4]
            int[] faceVertexIndices = [0, 1, 2, 3]
            point3f[] points = [(-50, -50, 0), (50, -50, 0), (50, 50, 0), (-50, 50, 0)]
            texCoord2f[] primvars:st = [(-25, -25), (25, -25), (25, 25), (-25, 25)] (
                interpolation = "vertex"
            )
        }
    }
    def Plane "CollisionPlane" (
        prepend apiSchemas = ["PhysicsCollisionAPI"]
    )
    {
        uniform token axis = "Z"
        uniform token purpose = "guide"
    }
    def Xform "Looks"
    {
        def Material "theGrid"
        {
            def Shader "Shader"
            {
                color3f inputs:diffuse_tint = (1, 1, 1)
            }
        }
    }
}
"""


def build_asset_root(root: Path, g1_model: Path | None = None) -> AssetManifest:
    """Build the folder `root`, completely or not at all; replace one that this program has built before.

    `g1_model` is mjlab's `g1.xml`. Without it, or without a converter, there is no G1 and the manifest has the reason.
    Raises `BackendError` if newton is not installed, its examples differ, or the folder was not built by this program.
    """
    if root.exists() and not (root / MANIFEST).exists() and (not root.is_dir() or any(root.iterdir())):
        raise BackendError(f"{root} was not built by this program and is not replaced: choose another folder with --to")
    building = root.with_name(f".{root.name}.{os.getpid()}")
    try:
        building.mkdir(parents=True)
        manifest = _fill(building, g1_model)
        write_manifest(building, manifest)
        if root.exists():
            shutil.rmtree(root)
        building.rename(root)
    except OSError as error:
        raise BackendError(f"{root} can't be built: {error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def _fill(root: Path, g1_model: Path | None) -> AssetManifest:
    examples, newton = _newton_examples()
    cartpole = _renamed(examples / "cartpole_single_pendulum.usda", _CARTPOLE_NAMES)
    humanoid = _COLLISION_GROUP.sub("", _renamed(examples / "humanoid.usda", _HUMANOID_NAMES))
    # USD accepts text in a .usd file: it detects the format from the content
    for path, content in ((CARTPOLE, cartpole), (HUMANOID, humanoid), (GROUND, _GROUND_PLANE)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    assets = [
        Asset(CARTPOLE, f"Cartpole, from {newton}'s examples"),
        Asset(HUMANOID, f"Humanoid (21 joints), from {newton}'s examples"),
        Asset(GROUND, "ground plane"),
    ]
    g1 = convert_g1(g1_model, root)
    return AssetManifest((*assets, g1)) if isinstance(g1, Asset) else AssetManifest(tuple(assets), (g1,))


def _newton_examples() -> tuple[Path, str]:
    """Return the folder of newton's example assets and newton's name with its version, without importing it."""
    found = importlib.util.find_spec("newton")
    if found is None or found.origin is None:
        raise BackendError(f"newton is not installed for {sys.executable}: its example assets are needed")
    return Path(found.origin).parent / "examples" / "assets", f"newton {importlib.metadata.version('newton')}"


def _renamed(file: Path, names: dict[str, str]) -> str:
    """Return a USD text with other names. Raises `BackendError` if one of the old names is missing."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BackendError(f"newton's example {file} can't be read: {error}") from error
    for old, new in names.items():
        if old not in text:
            raise BackendError(f"newton's example {file}: expected {old} in it, got none; install newton 1.6")
        text = text.replace(old, new)
    return text


def main() -> int:
    """Build as the command line says; return the exit code. An error is one line on standard error."""
    arguments = argparse.ArgumentParser(description="Build an asset root for Isaac Lab without its server.")
    arguments.add_argument("root", type=Path)
    arguments.add_argument("--g1-model", type=Path, help="mjlab's g1.xml")
    parsed = arguments.parse_args()
    try:
        build_asset_root(parsed.root.absolute(), parsed.g1_model)
    except BackendError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
