"""Real Isaac Lab environments on Newton, without Isaac Sim: `.venv-isaaclab/bin/python -m pytest tests/isaaclab`.

A process has one environment at a time. Nothing is collected where Isaac Lab isn't installed.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

import pytest

_IS_INSTALLED = importlib.util.find_spec("isaaclab") is not None

collect_ignore_glob = [] if _IS_INSTALLED else ["test_*.py"]

_G1_MODEL = "python*/site-packages/mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml"


def _build_assets() -> Path:
    """Build an asset root for this process; the G1's model is mjlab's, from the environment beside this one."""
    from trainer_proc.backends.isaaclab_asset_root import build_asset_root

    root = Path(_folder.name) / "assets"
    beside = Path(__file__).parents[2] / ".venv" / "lib"
    build_asset_root(root, next(beside.glob(_G1_MODEL), None))
    return root


if _IS_INSTALLED and not os.environ.get("ISAACSIM_ASSET_ROOT"):
    _folder = tempfile.TemporaryDirectory(prefix="humanoid-tui-assets-")
    os.environ["ISAACSIM_ASSET_ROOT"] = str(_build_assets())  # Isaac Lab reads it when it is imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that it can be chosen or left out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.isaaclab)
