"""Asset root for Isaac Lab: the user's, a local one built by this program, or Isaac Lab's server."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
import platformdirs

from curricula.errors import UserError
from trainer_proc.contract.asset_root import (
    ASSET_ROOT_VARIABLE,
    MANIFEST,
    AssetManifest,
    asset_exists,
    read_manifest,
)
from trainer_proc.contract.child_process import child_environment, start_python
from tui.session.backends.asset_server import is_reachable

_NEEDED = {
    "Cartpole": "Isaac/IsaacLab/Robots/Classic/Cartpole/cartpole.usd",
    "Humanoid": "Isaac/Robots/IsaacSim/Humanoid/humanoid_instanceable.usd",
    "G1": "Isaac/IsaacLab/Robots/Unitree/G1/g1_minimal.usd",
    "H1": "Isaac/IsaacLab/Robots/Unitree/H1/h1_minimal.usd",
    "Digit": "Isaac/Robots/Agility/Digit/digit_v4.usd",
    "ground plane": "Isaac/IsaacLab/Environments/Grid/default_ground_plane_checker_v1/default_ground_plane.usda",
}
"""Assets of the program's presets, with their paths below an asset root of Isaac Lab 3."""
_G1_OF_MJLAB = "asset_zoo/robots/unitree_g1/xmls/g1.xml"
_BUILDING_SECONDS = 300.0

Origin = Literal["variable", "offline", "server"]


class NeededAsset(msgspec.Struct, frozen=True):
    """A file that presets need; `instead` is its replacement, empty without one."""

    name: str
    path: str
    is_there: bool
    instead: str


class AssetReport(msgspec.Struct, frozen=True):
    """Isaac Lab's asset root and its content."""

    root: str
    """A folder or a URL; empty if unknown."""
    origin: Origin
    """Who decided it: the environment variable, the local folder, or Isaac Lab."""
    is_there: bool | None
    """None if unknown."""
    assets: list[NeededAsset] = []
    missing: tuple[str, ...] = ()
    """A line for each asset that could not be built."""


def offline_root() -> Path:
    """Return the folder of local assets; it need not exist. `XDG_DATA_HOME` moves it."""
    return platformdirs.user_data_path("humanoid-tui") / "isaaclab-assets"


def asset_environment() -> dict[str, str]:
    """Return the environment variables for local assets; none if the user has set the asset root.

    The launcher sets them: Isaac Lab reads the variable when it is imported.
    """
    if os.environ.get(ASSET_ROOT_VARIABLE) or read_manifest(offline_root()) is None:
        return {}
    return {ASSET_ROOT_VARIABLE: str(offline_root())}


def look_at_assets(server: str = "") -> AssetReport:
    """Return the current asset root and its content; `server` is Isaac Lab's own root, if known.

    Takes some seconds if a server does not answer.
    """
    variable = os.environ.get(ASSET_ROOT_VARIABLE, "").rstrip("/\\")
    built = asset_environment()
    origin: Origin = "variable" if variable else "offline" if built else "server"
    root = variable or built.get(ASSET_ROOT_VARIABLE, server)
    is_there = is_reachable(root)
    manifest = read_manifest(Path(root)) if root else None
    if not root or is_there is False:
        return AssetReport(root, origin, is_there)
    return AssetReport(root, origin, is_there, _needed(root, manifest), manifest.missing if manifest else ())


def _needed(root: str, manifest: AssetManifest | None) -> list[NeededAsset]:
    assets = []
    for name, path in _NEEDED.items():
        stand_in = manifest.stand_in(path) if manifest else None
        assets.append(NeededAsset(name, path, asset_exists(f"{root}/{path}"), stand_in.what if stand_in else ""))
    return assets


def g1_model() -> Path | None:
    """Return mjlab's MJCF of the G1; None if mjlab is not installed. Does not import mjlab."""
    found = importlib.util.find_spec("mjlab")
    if found is None or found.origin is None:
        return None
    model = Path(found.origin).parent / _G1_OF_MJLAB
    return model if model.is_file() else None


def is_built(root: Path) -> bool:
    """Return whether `root` holds everything that can be built."""
    manifest = read_manifest(root)
    return manifest is not None and not (manifest.missing and g1_model())


def build_assets(root: Path, command: list[str], variables: dict[str, str]) -> AssetManifest:
    """Build an asset root in the folder `root` and return its content; takes some seconds.

    `command` is Isaac Lab's Python, `variables` are its additional environment variables (`backend_command`). Raises
    `UserError`.
    """
    model = g1_model()
    arguments = ["-m", "trainer_proc.simulators.isaaclab.asset_root", str(root.absolute())]
    arguments += ["--g1-model", str(model)] if model else []
    try:
        with tempfile.TemporaryFile() as printed:
            options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": printed}
            code = _wait(start_python(*arguments, python=command, environment=child_environment(variables), **options))
            printed.seek(0)
            errors = printed.read().decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"the assets can't be built: {error}") from error
    manifest = read_manifest(root)
    if code or manifest is None:
        lines = errors.strip().splitlines() or [f"{command[0]} ended with {code}"]
        raise UserError(f"the assets can't be built: {lines[-1]}")
    return manifest


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Return the process's exit code. Raises `TimeoutExpired` after `_BUILDING_SECONDS`, when it has been killed."""
    try:
        return process.wait(_BUILDING_SECONDS)
    finally:
        process.kill()
        process.wait()


def remove_assets(root: Path) -> None:
    """Remove assets built by `build_assets`. Raises `UserError` if `root` holds none, and `OSError`."""
    if not (root / MANIFEST).is_file():
        raise UserError(f"{root} holds no local assets", hint="nothing to remove")
    shutil.rmtree(root)
