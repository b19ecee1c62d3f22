"""Presets: what to train, as TOML, one a file. Read by the launch screen and the command line."""

from __future__ import annotations

from presets.find import list_presets, load_preset, own_presets_folder
from presets.preset import EnvironmentCounts, Needs, Preset, PresetError, read_preset

__all__ = [
    "EnvironmentCounts",
    "Needs",
    "Preset",
    "PresetError",
    "list_presets",
    "load_preset",
    "own_presets_folder",
    "read_preset",
]
