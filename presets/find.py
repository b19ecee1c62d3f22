"""Find presets: built-in ones, those in the user's folder, and any file."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from curricula.errors import suggestion
from presets.preset import Preset, PresetError, read_preset

_FOLDER = Path(__file__).parent
_ORDER = (
    "cartpole",
    "cartpole-swingup",
    "g1-stand",
    "g1-walk",
    "g1-walk-deploy",
    "g1-run",
    "g1-rough",
    "g1-23dof",
    "g1-robust",
    "g1-multitask",
    "g1-reach",
    "g1-jump",
    "g1-loco-manipulation",
    "go1-flat",
    "go1-rough",
    "lift-cube",
    "g1-tracking",
    "g1-backflip",
    "isaac-cartpole",
    "isaac-humanoid",
    "isaac-humanoid-stand",
    "isaac-humanoid-walk",
    "isaac-humanoid-run",
    "isaac-humanoid-reach",
    "isaac-g1-flat",
    "isaac-g1-rough",
    "isaac-g1-stand",
    "isaac-g1-walk",
    "isaac-g1-run",
    "isaac-h1-flat",
    "isaac-h1-rough",
    "isaac-digit-flat",
)
"""Easiest first; the user's presets follow by name."""


def own_presets_folder() -> Path:
    """Return the folder of the user's presets; it need not exist."""
    return platformdirs.user_config_path("humanoid-tui") / "presets"


def list_presets() -> tuple[list[Preset], list[PresetError]]:
    """Return the built-in and the user's presets, and the errors of those that can't be read."""
    presets, problems = [], []
    for path in _paths().values():
        try:
            presets.append(read_preset(path))
        except PresetError as problem:
            problems.append(problem)
    return presets, problems


def load_preset(name: str) -> Preset:
    """Return the preset called `name`, or the one in the file at the path `name`. Raises `PresetError`."""
    if name.endswith(".toml") or ("/" in name and Path(name).is_file()):
        return read_preset(Path(name))
    paths = _paths()
    if name in paths:
        return read_preset(paths[name])
    raise PresetError(f"no such preset: {name}{suggestion(name, paths, cutoff=0.3, or_all=True)}")


def preset_path(name: str) -> Path | None:
    """Return the file of the preset called `name`; None if there is none."""
    return _paths().get(name)


def is_built_in(path: Path) -> bool:
    """Return whether the file is one of this program's own presets."""
    return path.parent == _FOLDER.resolve()


def _paths() -> dict[str, Path]:
    """Return the files by name; the user's replace built-in ones."""
    files = [*_FOLDER.glob("*.toml"), *own_presets_folder().glob("*.toml")]
    paths = {path.stem: path for path in files}
    order = {name: number for number, name in enumerate(_ORDER)}
    return {name: paths[name] for name in sorted(paths, key=lambda name: (order.get(name, len(order)), name))}
