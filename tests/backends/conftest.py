"""The same promises on whichever simulator is installed beside this interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs
import pytest

from tests.backends.names import ISAACLAB, Simulator, installed_simulator
from tests.scripts import ROOT
from trainer_proc.wire.asset_root import ASSET_ROOT_VARIABLE, read_manifest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if installed_simulator() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="neither mjlab nor Isaac Lab is installed here"))


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    found = installed_simulator()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def started_here(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the person's own configuration is seen, and robots are found without their server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        if simulator is ISAACLAB and not os.environ.get(ASSET_ROOT_VARIABLE):
            patch.setenv(ASSET_ROOT_VARIABLE, str(offline_assets()))
        yield


def offline_assets() -> Path:
    """Return an asset root with a G1 in it, built once for all test sessions of this person."""
    root = platformdirs.user_cache_path("humanoid-tui") / "tests" / "isaaclab-assets"
    manifest = read_manifest(root)
    if manifest is None or manifest.missing:
        models = ROOT.glob(".venv*/lib/python*/site-packages/mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml")
        arguments = [str(root), *(f"--g1-model={model}" for model in models)]
        command = [sys.executable, "-m", "trainer_proc.backends.isaaclab_asset_root", *arguments]
        subprocess.run(command, cwd=ROOT, check=True, timeout=300)
        manifest = read_manifest(root)
    assert manifest is not None
    assert not manifest.missing, "the humanoid is mjlab's G1: uv sync --extra mjlab"
    return root


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory, started_here: None) -> Path:
    """Where the program is called."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Two trainings at a time: each keeps one core busy."""
    pool = ThreadPoolExecutor(2)
    yield pool
    pool.shutdown(cancel_futures=True)
