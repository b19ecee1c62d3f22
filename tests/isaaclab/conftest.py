"""Real Isaac Lab environments on Newton, without Isaac Sim: `.venv-isaaclab/bin/python -m pytest tests/isaaclab`.

A process has one environment at a time. Nothing is collected where Isaac Lab isn't installed.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.offline_assets import offline_assets
from trainer_proc.contract.asset_root import ASSET_ROOT_VARIABLE

_IS_INSTALLED = importlib.util.find_spec("isaaclab") is not None

collect_ignore_glob = [] if _IS_INSTALLED else ["test_*.py"]

if _IS_INSTALLED and not os.environ.get(ASSET_ROOT_VARIABLE):
    os.environ[ASSET_ROOT_VARIABLE] = str(offline_assets())  # Isaac Lab reads it when it is imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that it can be chosen or left out; nothing does where Isaac Lab isn't installed."""
    for item in items if _IS_INSTALLED else []:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.isaaclab)
