"""Files that an Isaac Lab configuration needs from the asset root, and replacements for missing ones.

Isaac Lab's configurations name their files below the root that was set when it was imported
(`isaaclab.utils.assets.NUCLEUS_ASSET_ROOT_DIR`): a server's, or a folder (`ISAACSIM_ASSET_ROOT`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isaaclab.sim import GroundPlaneCfg
from isaaclab.utils.assets import NUCLEUS_ASSET_ROOT_DIR

from trainer_proc.contract.asset_root import asset_exists, read_manifest
from trainer_proc.simulators.isaaclab.g1 import STOCK_G1, train_converted_g1

_FILES = ("usd_path", "asset_path", "urdf_path", "network_file")
"""Fields that name a file which the environment needs, wherever it is."""
_LOOKS = ("texture_file", "mdl_path")
"""Fields that only affect the looks."""


def offline_robot(env_cfg: Any) -> None:
    """Change a configuration in place so that it needs no unreachable files; print a line if the robot changes.

    With a folder built by `humanoid-tui assets --offline`, the G1 of Isaac Lab's velocity tasks becomes mjlab's. With
    any root, unreachable materials, textures and markers are removed: they do not affect the training.
    """
    _remove_unreachable_looks(env_cfg)
    spawn = getattr(getattr(getattr(env_cfg, "scene", None), "robot", None), "spawn", None)
    robot = getattr(spawn, "usd_path", None)
    manifest = read_manifest(Path(NUCLEUS_ASSET_ROOT_DIR))
    if robot is None or manifest is None or asset_exists(robot):
        return
    stand_in = manifest.stand_in(_below_root(robot))
    if stand_in is not None and stand_in.stands_in_for == STOCK_G1:
        train_converted_g1(env_cfg, f"{NUCLEUS_ASSET_ROOT_DIR}/{stand_in.path}")
        print(f"{_below_root(robot)} is not in {NUCLEUS_ASSET_ROOT_DIR}: training {stand_in.what}")  # noqa: T201


def missing_assets(env_cfg: Any) -> list[str]:
    """Return the unreachable files that a configuration needs, by their paths below the asset root.

    Waits for a server for 4 s at most. References inside USD files are not checked.
    """
    return sorted(_below_root(file) for file in set(_named(env_cfg, without=_LOOKS)) if not asset_exists(file))


def missing_assets_text(task: str, missing: list[str]) -> str:
    """Return the error for a task that needs `missing`, with the remedy."""
    where = f"{task} needs {', '.join(missing)}, which is not in {NUCLEUS_ASSET_ROOT_DIR}"
    return f"{where}: set ISAACSIM_ASSET_ROOT to a copy of Isaac Lab's assets; humanoid-tui assets lists available ones"


def _remove_unreachable_looks(configuration: Any) -> None:
    """Remove materials, textures and markers with unreachable files."""
    for part in _parts(configuration):
        for name, value in _fields(part):
            if name == "texture_file" and isinstance(value, str) and not asset_exists(value):
                part.texture_file = None
            elif name == "visual_material" and _is_part(value) and not all(map(asset_exists, _named(value))):
                part.visual_material = None
            elif name == "debug_vis" and value is True:
                markers = [cfg for field, cfg in _fields(part) if _is_marker(field)]
                part.debug_vis = all(asset_exists(file) for marker in markers for file in _named(marker))


def _named(configuration: Any, without: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the files that a configuration names, except in the fields `without` and in markers."""
    for part in _parts(configuration):
        for name, value in _fields(part):
            is_file = name in _FILES or (isinstance(value, str) and value.startswith(f"{NUCLEUS_ASSET_ROOT_DIR}/"))
            if is_file and isinstance(value, str) and name not in without:
                yield value
            elif name == "terrain_type" and value == "plane":
                yield str(GroundPlaneCfg().usd_path)


def _parts(configuration: Any) -> Iterator[Any]:
    """Yield a configuration and all configurations and containers in it, once each; without markers."""
    seen: set[int] = set()
    waiting = [configuration]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [value for name, value in _fields(part) if _is_part(value) and not _is_marker(name)]


def _is_part(value: Any) -> bool:
    # checked on the class, because Isaac Lab's lazy function names import on attribute access
    return isinstance(value, dict | list | tuple) or hasattr(type(value), "__dataclass_fields__")


def _is_marker(name: Any) -> bool:
    return str(name).endswith("visualizer_cfg")


def _fields(part: Any) -> list[tuple[Any, Any]]:
    """Return the fields of a configuration, the items of a mapping, or the members of a sequence."""
    if isinstance(part, dict):
        return list(part.items())
    return list(enumerate(part)) if isinstance(part, list | tuple) else list(vars(part).items())


def _below_root(file: str) -> str:
    return file.removeprefix(f"{NUCLEUS_ASSET_ROOT_DIR}/")
