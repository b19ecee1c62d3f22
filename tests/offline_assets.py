"""Isaac Lab's robots without their server, built once for all test sessions of this user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import platformdirs

from tests.waiting import TRAINING_SECONDS
from trainer_proc.contract.asset_root import read_manifest

_ROOT = Path(__file__).parents[1]


def offline_assets() -> Path:
    """Return an asset root with a G1 in it; one of another version of the builder is built again."""
    root = platformdirs.user_cache_path("humanoid-tui") / "tests" / "isaaclab-assets"
    manifest = read_manifest(root)
    if manifest is None or manifest.missing:
        models = _ROOT.glob(".venv*/lib/python*/site-packages/mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml")
        arguments = [str(root), *(f"--g1-model={model}" for model in models)]
        command = [sys.executable, "-m", "trainer_proc.simulators.isaaclab.asset_root", *arguments]
        subprocess.run(command, cwd=_ROOT, check=True, timeout=TRAINING_SECONDS)
        manifest = read_manifest(root)
    assert manifest is not None
    assert not manifest.missing, "the humanoid is mjlab's G1: uv sync --extra mjlab"
    return root
