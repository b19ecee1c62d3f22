"""Presets: what to train, one TOML file each."""

from __future__ import annotations

from presets.environment_counts import EnvironmentCounts
from presets.find import list_presets, load_preset, own_presets_folder
from presets.preset import Needs, Preset, PresetError, read_preset

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
